"""API tokens. They are stored hashed, and expire."""

from __future__ import annotations

import hashlib
from typing import Any

from django.contrib.auth import authenticate
from django.db import transaction
from drf_spectacular.utils import extend_schema
from knox.models import AuthToken
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle, SimpleRateThrottle
from rest_framework.views import APIView

from migrations_app.api.authentication import Bearer
from migrations_app.api.base import Checked, Input, Text, taken, user_of
from migrations_app.audit import recorder

REFUSED = "Name or password is wrong, or the account is disabled."


class PerAddress(SimpleRateThrottle):
    """Throttle per client address, in one web process."""

    scope = "token_address"
    rate = "30/min"

    def get_cache_key(self, request: Request, view: APIView) -> str:
        """Return the cache key of the counter."""
        ident = self.get_ident(request)
        return self.cache_format % {"scope": self.scope, "ident": ident}


class PerName(SimpleRateThrottle):
    """Throttle per account name, in one web process."""

    scope = "token_name"
    rate = "10/min"

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        """Return the cache key of the counter; None without a name."""
        sent = request.data
        name = sent.get("username") if isinstance(sent, dict) else None
        if not isinstance(name, str):
            return None
        ident = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()
        return self.cache_format % {"scope": self.scope, "ident": ident}


class Credentials(Input):
    """Input: name and password."""

    username = Text(max_length=150)
    password = Text(max_length=4096, trim_whitespace=False)


class TokenSerializer(serializers.Serializer[Any]):
    """Token, shown only this once."""

    token = serializers.CharField()
    expiry = serializers.DateTimeField()


class TokenView(Checked, APIView):
    """Creation and revocation of API tokens."""

    def get_authenticators(self) -> list[BaseAuthentication]:
        """Return no authenticator for POST: an expired token must not matter there."""
        # (the schema is made without any request)
        method = getattr(self.request, "method", None)
        return [Bearer()] if method == "DELETE" else []

    def get_permissions(self) -> list[BasePermission]:
        """Return no permission classes: the methods check themselves."""
        return []

    def get_throttles(self) -> list[BaseThrottle]:
        """Return the throttles for POST only."""
        return [PerAddress(), PerName()] if self.request.method == "POST" else []

    @extend_schema(
        request=Credentials, responses=TokenSerializer, auth=[], tags=["token"]
    )
    def post(self, request: Request) -> Response:
        """Create a token for a name and password; it is shown only this once."""
        sent = taken(request, Credentials)
        user = authenticate(request._request, **sent)
        if user is None:  # audit/sign_ins.py has it in the audit trail
            raise AuthenticationFailed(REFUSED)
        with transaction.atomic():
            row, token = AuthToken.objects.create(user)
            recorder.record(
                "token.created", by=user, note=f"Until {row.expiry:%F %T} UTC."
            )
        return Response(TokenSerializer({"token": token, "expiry": row.expiry}).data)

    @extend_schema(responses={204: None}, tags=["token"])
    def delete(self, request: Request) -> Response:
        """Revoke the token used for this call."""
        if request.auth is None:
            self.permission_denied(request)
        with transaction.atomic():
            request.auth.delete()
            recorder.record("token.revoked", by=user_of(request))
        return Response(status=204)
