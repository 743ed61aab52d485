"""API tokens. They are stored hashed, and expire."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import authenticate
from django.db import transaction
from drf_spectacular.utils import extend_schema
from knox.models import AuthToken
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, ErrorDetail, Throttled
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from migrations_app.access import sign_in_backend
from migrations_app.api.authentication import Bearer
from migrations_app.api.base import Checked, Input, Text, taken, user_of
from migrations_app.audit import recorder

REFUSED = "Name or password is wrong, or the account is disabled."


class Waits(Throttled):
    """The name or the address has to wait; no password was checked."""

    def __init__(self, seconds: int) -> None:
        super().__init__(wait=seconds)
        self.detail = ErrorDetail(sign_in_backend.says_wait(seconds))


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

    @extend_schema(
        request=Credentials, responses=TokenSerializer, auth=[], tags=["token"]
    )
    def post(self, request: Request) -> Response:
        """Create a token for a name and password; it is shown only this once."""
        sent = taken(request, Credentials)
        user = authenticate(request._request, **sent)
        if user is None:  # audit/sign_ins.py has it in the audit trail
            if seconds := sign_in_backend.seconds_to_wait(request._request):
                raise Waits(seconds)
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
