"""A second person confirms that an account is a person's own, with an entry each."""

from __future__ import annotations

from collections.abc import Collection

from django.contrib.auth.models import User
from django.db import transaction

from migrations_app.access import confirmed_accounts, permissions
from migrations_app.audit import recorder
from migrations_app.errors import TooLate
from migrations_app.models import AccountToConfirm


def confirm(account: User, *, seen: Collection[int], by: User) -> None:
    """Let the account count as a person of its own, as it was seen.

    ``seen`` are the numbers of what was to be confirmed then. Raises NotAllowed, and
    TooLate if the password was set again since, or all is confirmed already.
    """
    with transaction.atomic():
        rows = _locked(account)
        who = permissions.current_person(by)
        refusal = confirmed_accounts.why_not_confirm(who, account, rows)
        if rows and refusal is not None:
            raise refusal.error()
        if not rows or not {row.pk for row in rows} <= set(seen):
            raise TooLate(
                f"The account {account.get_username()} was changed or confirmed"
                " meanwhile. Reload the page."
            )
        _confirmed(account, rows, by=by)


def confirm_on_the_server(account: User, *, actor_name: str) -> bool:
    """Do the same for who has a shell on the server; return whether it was to be."""
    with transaction.atomic():
        rows = _locked(account)
        if rows:
            _confirmed(account, rows, by=None, actor_name=actor_name)
    return bool(rows)


def _locked(account: User) -> list[AccountToConfirm]:
    User.objects.select_for_update().get(pk=account.pk)
    return list(AccountToConfirm.objects.filter(person=account).order_by("pk"))


def _confirmed(
    account: User,
    rows: list[AccountToConfirm],
    *,
    by: User | None,
    actor_name: str | None = None,
) -> None:
    AccountToConfirm.objects.filter(pk__in=[row.pk for row in rows]).delete()
    recorder.record(
        "account.confirmed",
        by=by,
        actor_name=actor_name,
        after={
            "name": account.get_username(),
            "account": account.pk,
            "password set by": [row.by_name for row in rows],
        },
    )
