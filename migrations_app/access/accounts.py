"""Accounts as they are now: whether they are there still, and what they may."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db.models import Count

from migrations_app.access.roles import Role

# What the trail says where no person acts, or nobody knows who: no person is called so.
OURS = frozenset({"novaweb", "keystone", "nobody"})
# Scripts that have letters in common by their looks.
_ALIKE = frozenset({"LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "CHEROKEE", "COPTIC"})


@dataclass(frozen=True, slots=True)
class Account:
    """An account now: whether it is switched on, and its groups, the roles too.

    ``set_by``: whose account it may be, since they set its password and nobody else has
    confirmed it.
    """

    active: bool
    superuser: bool
    groups: frozenset[str]
    set_by: tuple[str, ...] = ()


def read(people: Iterable[int | None]) -> dict[int | None, Account]:
    """Return the accounts of these people that there are."""
    wanted = {person for person in people if person is not None}
    if not wanted:
        return {}
    rows = User.objects.filter(pk__in=wanted).values_list(
        "pk", "is_active", "is_superuser", "groups__name", "to_confirm__by_name"
    )
    groups: dict[int, set[str]] = {}
    setters: dict[int, set[str]] = {}
    flags: dict[int, tuple[bool, bool]] = {}
    for person, active, superuser, group, set_by in rows:
        groups.setdefault(person, set()).update({group} - {None})
        setters.setdefault(person, set()).update({set_by} - {None})
        flags[person] = (active, superuser)
    return {
        person: Account(
            *flags[person], frozenset(names), tuple(sorted(setters[person]))
        )
        for person, names in groups.items()
    }


def why_not_own(account: Account | None, name: str) -> str:
    """Return why the account may be another person's too; empty: it is their own.

    The rest of a sentence.
    """
    if account is None or not account.set_by:
        return ""
    return (
        f"{' and '.join(account.set_by)} set the password of {name}, and nobody else"
        " has confirmed yet that this is a person of their own"
    )


def why_gone(account: Account | None, name: str, roles: Collection[Role]) -> str:
    """Return why the account can no longer do what takes one of the roles.

    The rest of a sentence; empty: it can.
    """
    if account is None:
        return f"the account of {name} was deleted"
    if not account.active:
        return f"the account of {name} is switched off"
    if not account.groups & set(map(str, roles)):
        names = " or ".join(sorted(map(str, roles)))
        return f"{name} no longer has the role {names}"
    return ""


def why_no_name(name: str, *, but: int | None = None) -> str:
    """Return why no account may be called so, but that of this number; empty: one may.

    Names are read by people, who decide by them.
    """
    if name.casefold() in OURS:
        return f"“{name}” is what novaweb calls what no person did: take another name."
    letters = {unicodedata.name(sign, "?").partition(" ")[0] for sign in name}
    if len(letters & _ALIKE) > 1:
        return (
            "This name mixes letters of different scripts that look alike: take those"
            " of one."
        )
    called = User.objects.filter(username__iexact=name)
    if called.exclude(pk=but or 0).exists():
        return f"There is an account “{name}” already, however it is written."
    return ""


def active_by_role() -> dict[str, int]:
    """Return the number of accounts that are switched on, by role, in its order."""
    rows = User.objects.filter(is_active=True, groups__name__in=list(Role))
    found = dict(rows.values_list("groups__name").annotate(Count("pk")).order_by())
    return {str(role): found.get(str(role), 0) for role in Role}


def without_role(most: int) -> list[str]:
    """Return names of active accounts that have no role, at most this number of."""
    rows = User.objects.filter(is_active=True, is_staff=False)
    rows = rows.exclude(groups__name__in=list(Role)).order_by("username")
    return list(rows.values_list("username", flat=True)[:most])
