"""API tokens. They are stored hashed, and expire."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, ErrorDetail, Throttled
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from migrations_app.access import (
    permissions,
    second_factor,
    second_factor_check,
    sign_in_backend,
)
from migrations_app.api.authentication import Bearer
from migrations_app.api.base import Checked, Input, Text, taken, user_of
from migrations_app.audit import tokens as api_tokens
from migrations_app.errors import NotAllowed
from migrations_app.models import TokenScope

REFUSED = "Name or password is wrong, or the account is disabled."
NEEDS_CODE = (
    "This account has a second factor: send “code”, too, which its app shows, or a"
    " recovery code. With a security key alone, ask for a token by manage.py token."
)
LACKS = (
    "This account must have a second factor, and has none: set one up on the pages"
    " first."
)


class Waits(Throttled):
    """The name or the address has to wait; no password was checked."""

    def __init__(self, seconds: int) -> None:
        super().__init__(wait=seconds)
        self.detail = ErrorDetail(sign_in_backend.says_wait(seconds))


class Credentials(Input):
    """Input: name and password, and a code of who has a second factor."""

    username = Text(max_length=150)
    password = Text(max_length=4096, trim_whitespace=False)
    code = Text(
        max_length=40,
        required=False,
        help_text="Of a second factor: what its app shows, or a recovery code.",
    )
    scope = serializers.ChoiceField(
        TokenScope.Scope.choices,
        required=False,
        help_text="read, ask (read and request: the default) or decide (approve, too).",
    )


class TokenSerializer(serializers.Serializer[Any]):
    """A token: what it may, and until when."""

    id = serializers.IntegerField()
    scope = serializers.ChoiceField(TokenScope.Scope.choices)
    created = serializers.DateTimeField(source="token.created")
    expiry = serializers.DateTimeField(source="token.expiry")


class NewTokenSerializer(TokenSerializer):
    """A new token with its secret, which is shown only this once."""

    token = serializers.CharField(source="secret")


class TokenView(Checked, APIView):
    """Creation of a token, and revocation of the one that the call came with."""

    once = False

    def get_authenticators(self) -> list[BaseAuthentication]:
        """Return no authenticator for POST: an expired token must not matter there."""
        # (the schema is made without any request)
        method = getattr(self.request, "method", None)
        return [Bearer()] if method == "DELETE" else []

    def get_permissions(self) -> list[BasePermission]:
        """Return no permission classes: the methods check themselves."""
        return []

    @extend_schema(
        request=Credentials, responses=NewTokenSerializer, auth=[], tags=["token"]
    )
    def post(self, request: Request) -> Response:
        """Create a token for a name and password; it is shown only this once."""
        sent = taken(request, Credentials)
        scope = sent.pop("scope", api_tokens.DEFAULT)
        code = sent.pop("code", "")
        user = authenticate(request._request, **sent)
        if not isinstance(user, User):  # audit/sign_ins.py has it in the audit trail
            if seconds := sign_in_backend.seconds_to_wait(request._request):
                raise Waits(seconds)
            if error := sign_in_backend.trouble(request._request):
                raise error
            raise AuthenticationFailed(REFUSED)
        if scope == TokenScope.Scope.DECIDE and sign_in_backend.came_by_program(user):
            raise NotAllowed(sign_in_backend.OF_A_PROGRAM)
        _require_second_factor(request, user, code)
        row, secret = api_tokens.create(user, scope=scope)
        row.secret = secret  # type: ignore[attr-defined]
        return Response(NewTokenSerializer(row).data)

    @extend_schema(responses={204: None}, tags=["token"])
    def delete(self, request: Request) -> Response:
        """Revoke the token used for this call."""
        if request.auth is None:
            self.permission_denied(request)
        api_tokens.revoke_used(request.auth, by=user_of(request))
        return Response(status=204)


def _require_second_factor(request: Request, user: User, code: str) -> None:
    """Raise an error unless the code is right, or the person needs none."""
    if permissions.person(user).lacks_second_factor:
        raise AuthenticationFailed(LACKS)
    if not second_factor.is_asked_of(user.pk):
        return
    if not code:
        raise AuthenticationFailed(NEEDS_CODE)
    shown = second_factor_check.check(request._request, user, code=code)
    if shown.wait:
        raise Waits(shown.wait)
    if shown.sentence:
        raise AuthenticationFailed(shown.sentence)


@extend_schema(tags=["token"])
class Tokens(Checked, APIView):
    """The caller's own tokens."""

    @extend_schema(responses=TokenSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Return those that are good still, without their secrets."""
        return Response(
            TokenSerializer(api_tokens.of(user_of(request)), many=True).data
        )


@extend_schema(tags=["token"])
class OneToken(Checked, APIView):
    """One of the caller's own tokens."""

    reads = True  # to revoke a token takes none with more rights
    confirmed = True

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Revoke it at once."""
        api_tokens.revoke(pk, by=user_of(request))
        return Response(status=204)
