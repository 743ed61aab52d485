"""A second superuser confirms that an account is a person of its own."""

from __future__ import annotations

from django.contrib.auth.models import User

from migrations_app.audit import account_confirmations
from migrations_app.models import AccountToConfirm


def confirm(user: User, *, by: User) -> None:
    """Confirm the account as it is to be confirmed now."""
    rows = AccountToConfirm.objects.filter(person=user)
    account_confirmations.confirm(user, seen=[row.pk for row in rows], by=by)
