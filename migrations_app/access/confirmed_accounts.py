"""Which accounts are persons of their own, as far as anybody but their maker knows.

A person who sets another account's password can sign in with it first, and change it as
if they were its owner. So whatever takes two people counts such an account only once
a second person has confirmed that somebody else is behind it.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.utils import timezone

from migrations_app.access.permissions import Person, Refusal
from migrations_app.models import AccountToConfirm, PasswordToChange


def given_by(by: User, *, person_id: int) -> None:
    """Note that this person has set the account's password, which is not their own."""
    rows = AccountToConfirm.objects.filter(person=person_id)
    # (a new row, so that who has looked at the old one confirms nothing newer)
    rows.filter(by=by).delete()
    name = by.get_username()
    rows.create(person_id=person_id, by=by, by_name=name, at=timezone.now())


def waiting() -> list[str]:
    """Return the names of the accounts that are to be confirmed."""
    rows = User.objects.filter(to_confirm__isnull=False).order_by("username")
    return list(rows.values_list("username", flat=True).distinct())


def able_to_confirm() -> QuerySet[User]:
    """Return the superusers who may confirm accounts that others have made."""
    return User.objects.filter(
        is_active=True, is_superuser=True, to_confirm=None, password_to_change=None
    )


def why_not_confirm(
    who: Person, account: User, rows: Iterable[AccountToConfirm]
) -> Refusal | None:
    """Return why the person may not confirm that account; None: they may."""
    name = account.get_username()
    if not who.superuser:
        return Refusal("Only a superuser confirms accounts.")
    if who.unconfirmed or who.password_set_by:
        return Refusal(
            "Your own account has to be confirmed first, with a password that you have"
            " chosen yourself."
        )
    if who.id == account.pk:
        return Refusal("Another superuser must confirm your own account.")
    if any(who.id == row.by_id or who.name == row.by_name for row in rows):
        return Refusal(
            f"You set the password of {name}: another superuser must confirm the"
            " account. If there is none, docs/running.md says what to do."
        )
    if PasswordToChange.objects.filter(person=account).exists():
        return Refusal(
            f"{name} has not chosen an own password yet: confirm the account when that"
            " is done.",
            late=True,
        )
    return None
