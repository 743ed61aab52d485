"""API tokens: made, listed and revoked, each act with its entry in the trail."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from knox.models import AuthToken

from migrations_app.audit import recorder
from migrations_app.errors import TooLate, Unfit
from migrations_app.models import TokenScope
from migrations_app.models.lookup import get_or_gone

DEFAULT = TokenScope.Scope.ASK


def create(
    user: User,
    *,
    scope: str = DEFAULT,
    life: timedelta | None = None,
    note: str = "",
) -> tuple[TokenScope, str]:
    """Make a token of the account; return it, and the secret that is known only now.

    ``life``: None is NOVAWEB_TOKEN_HOURS. Raises Unfit for an unknown scope, and
    TooLate if the account was switched off or got another password since ``user`` was
    read.
    """
    if scope not in TokenScope.Scope.values:
        raise Unfit(f"A token's scope is {', '.join(TokenScope.Scope.values)}.")
    life = life or timedelta(hours=settings.NOVAWEB_TOKEN_HOURS)
    with transaction.atomic():
        # a password takes long to check; what ended all tokens meanwhile is not undone
        now = User.objects.select_for_update().filter(pk=user.pk, is_active=True)
        if now.values_list("password", flat=True).first() != user.password:
            raise TooLate("The account was changed meanwhile: sign in again.")
        row, secret = AuthToken.objects.create(user, expiry=life)
        made = TokenScope.objects.create(token=row, scope=scope)
        until = f"Until {row.expiry:%F %T} UTC."
        recorder.record(
            "token.created", by=user, note=f"{note} {until}".strip(), after=_told(made)
        )
    return made, secret


def of(user: User) -> QuerySet[TokenScope]:
    """Return the account's tokens that are good still, the one that ends last first."""
    rows = TokenScope.objects.select_related("token")
    return rows.filter(token__user=user, token__expiry__gt=timezone.now()).order_by(
        "-token__expiry"
    )


def revoke(number: int, *, by: User) -> None:
    """Remove one's own token of that number at once. Raises Gone."""
    row = get_or_gone(of(by), number, "token of yours")
    with transaction.atomic():
        told = _told(row)
        row.token.delete()
        recorder.record("token.revoked", by=by, before=told)


def revoke_used(token: AuthToken, *, by: User) -> None:
    """Remove the token that the call came with."""
    row = TokenScope.objects.filter(token=token).first()
    with transaction.atomic():
        told = _told(row) if row else {}
        token.delete()
        recorder.record("token.revoked", by=by, before=told)


def _told(row: TokenScope) -> dict[str, str | int]:
    return {"token": row.pk, "scope": row.scope}
