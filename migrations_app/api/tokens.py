"""Tokens: how a program signs in. They are kept hashed, and expire."""

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
from migrations_app.audit import recorder as audit

REFUSED = "Name or password is wrong, or the account is disabled."


class PerAddress(SimpleRateThrottle):
    """So many tries a minute from one address, in one web process."""

    scope = "token_address"
    rate = "30/min"

    def get_cache_key(self, request: Request, view: APIView) -> str:
        """Return the key under which the tries are counted."""
        ident = self.get_ident(request)
        return self.cache_format % {"scope": self.scope, "ident": ident}


class PerName(SimpleRateThrottle):
    """So many tries a minute for one name, in one web process."""

    scope = "token_name"
    rate = "10/min"

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        """Return the key under which the tries are counted; None without a name."""
        sent = request.data
        name = sent.get("username") if isinstance(sent, dict) else None
        if not isinstance(name, str):
            return None
        ident = hashlib.sha256(name.encode("utf-8", "replace")).hexdigest()
        return self.cache_format % {"scope": self.scope, "ident": ident}


class Credentials(Input):
    """Who wants a token."""

    username = Text(max_length=150)
    password = Text(max_length=4096, trim_whitespace=False)


class TokenSerializer(serializers.Serializer[Any]):
    """A token: this is the only time that it is shown."""

    token = serializers.CharField()
    expiry = serializers.DateTimeField()


class TokenView(Checked, APIView):
    """The token of a program."""

    def get_authenticators(self) -> list[BaseAuthentication]:
        """Nobody need be signed in to sign in, not even with a token that expired."""
        # (the schema is made without any request)
        method = getattr(self.request, "method", None)
        return [Bearer()] if method == "DELETE" else []

    def get_permissions(self) -> list[BasePermission]:
        """The verbs look for themselves."""
        return []

    def get_throttles(self) -> list[BaseThrottle]:
        """Only tries to sign in are counted."""
        return [PerAddress(), PerName()] if self.request.method == "POST" else []

    @extend_schema(
        request=Credentials, responses=TokenSerializer, auth=[], tags=["token"]
    )
    def post(self, request: Request) -> Response:
        """Give a token for a name and password; it is shown this once."""
        sent = taken(request, Credentials)
        user = authenticate(request._request, **sent)
        if user is None:  # audit/sign_ins.py has it in the audit trail
            raise AuthenticationFailed(REFUSED)
        with transaction.atomic():
            row, token = AuthToken.objects.create(user)
            audit.record(
                "token.created", by=user, note=f"Until {row.expiry:%F %T} UTC."
            )
        return Response(TokenSerializer({"token": token, "expiry": row.expiry}).data)

    @extend_schema(responses={204: None}, tags=["token"])
    def delete(self, request: Request) -> Response:
        """Revoke the token with which this is asked."""
        if request.auth is None:
            self.permission_denied(request)
        with transaction.atomic():
            request.auth.delete()
            audit.record("token.revoked", by=user_of(request))
        return Response(status=204)
