"""Authentication of API callers by bearer token."""

from __future__ import annotations

from typing import Any

from drf_spectacular.contrib.knox_auth_token import KnoxTokenScheme
from knox.auth import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed

from migrations_app.models import TokenScope

UNKNOWN = "This token is unknown or has expired. POST /api/token/ gives a new one."
ENDLESS = (
    "This token never expires, so it is refused. POST /api/token/ gives a new one."
)


class Bearer(TokenAuthentication):  # type: ignore[misc]
    """Authentication by the header ``Authorization: Bearer TOKEN``.

    Every invalid header gets an error sentence.
    """

    def authenticate_credentials(self, token: bytes) -> Any:
        """Return the user and the token. Raises AuthenticationFailed."""
        if not (token.isascii() and token.isalnum()):
            raise AuthenticationFailed(UNKNOWN)
        try:
            user, row = super().authenticate_credentials(token)
        except AuthenticationFailed as error:
            raise AuthenticationFailed(UNKNOWN) from error
        if row.expiry is None:
            raise AuthenticationFailed(ENDLESS)
        scope = TokenScope.objects.filter(token=row).values_list("scope", flat=True)
        user.token_scope = scope.first() or TokenScope.Scope.READ
        return user, row


class BearerScheme(KnoxTokenScheme):  # type: ignore[no-untyped-call]
    """Description of the authentication in the schema."""

    target_class = Bearer  # type: ignore[assignment]
    name = "bearer"
