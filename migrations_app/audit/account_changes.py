"""Audit entries for accounts, roles and API tokens.

They are changed in Django's admin, by their owners, by ``manage.py account`` and by
knox. Each change takes an ``AccountSnapshot`` before it and another after it, and calls
``record_changes`` as the last write of the transaction. That also ends what a change
must end, so that no place of change can forget it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.hashers import is_password_usable
from django.contrib.auth.models import Group, Permission, User
from django.db import transaction
from django.db.models import Manager
from django.dispatch import receiver
from knox.signals import token_expired

from migrations_app.access import confirmed_accounts, credentials, passwords
from migrations_app.access.credentials import Ended
from migrations_app.audit import recorder

# of each kind: it was made, changed, deleted
_VERBS = {
    "account": ("account.created", "account.changed", "account.deleted"),
    "group": ("group.created", "group.changed", "group.deleted"),
}
_FIELDS = ("username", "first_name", "last_name", "email")
_RIGHTS = {"active": "is_active", "staff": "is_staff", "superuser": "is_superuser"}


@dataclass(frozen=True, slots=True)
class AccountChange:
    """One entry of the audit trail: its verb, and the facts before and after."""

    verb: str
    before: dict[str, Any]
    after: dict[str, Any]


@dataclass(frozen=True, slots=True)
class AccountSnapshot:
    """What the trail tells of an account or a group at one moment.

    ``kind`` is ``account`` or ``group``, ``number`` its own, since names change. With
    no arguments: there is none. The hash of a password is only compared: it is in no
    fact, no change and no ``repr``.
    """

    kind: str = ""
    name: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    roles: tuple[str, ...] = ()
    number: int = 0
    _password_hash: str = field(default="", repr=False)

    @classmethod
    def take(cls, row: User | Group | None) -> AccountSnapshot:
        """Return what the database has of it now; of None or an unsaved row: none."""
        if row is None or row.pk is None:
            return cls()
        if isinstance(row, Group):
            facts = {"name": row.name, "permissions": _codes(row.permissions)}
            return cls("group", row.name, facts, number=row.pk)
        facts = {"permissions": _codes(row.user_permissions)}
        facts |= {name: getattr(row, name) for name in _FIELDS}
        facts |= {name: getattr(row, attribute) for name, attribute in _RIGHTS.items()}
        roles = sorted(row.groups.values_list("name", flat=True))
        number, hidden = row.pk, row.password
        return cls("account", row.username, facts, tuple(roles), number, hidden)

    def diff(self, later: AccountSnapshot) -> list[AccountChange]:
        """Return the changes since then: none, one entry, or one more for its roles.

        Of what was changed the facts that differ; of a password only that it was.
        """
        name: dict[str, Any] = {"name": later.name or self.name}
        if number := later.number or self.number:
            name[later.kind or self.kind] = number
        before, after = (
            _unlike(self.facts, later.facts),
            _unlike(later.facts, self.facts),
        )
        if self.kind and later.kind and self._has_other_password(later):
            after["password"] = "changed"  # noqa: S105 - no password but the word
        changes = []
        if before or after:
            verb = self._verb(later)
            changes.append(AccountChange(verb, name | before, name | after))
        if self.roles != later.roles:
            before, after = {"roles": [*self.roles]}, {"roles": [*later.roles]}
            changes.append(AccountChange("account.roles", name | before, name | after))
        return changes

    def gives_a_password(self, later: AccountSnapshot) -> bool:
        """Return whether the person can sign in with a password that was set since."""
        return self._has_other_password(later) and is_password_usable(
            later._password_hash
        )

    def shuts_out(self, later: AccountSnapshot) -> bool:
        """Return whether what the person was let in by must not work any more."""
        off = bool(self.facts.get("active")) and not later.facts.get("active")
        return bool(self.kind) and (off or self._has_other_password(later))

    def _has_other_password(self, later: AccountSnapshot) -> bool:
        return self._password_hash != later._password_hash

    def _verb(self, later: AccountSnapshot) -> str:
        made, changed, deleted = _VERBS[later.kind or self.kind]
        if not self.kind:
            return made
        return changed if later.kind else deleted


def record_changes(
    before: AccountSnapshot,
    after: AccountSnapshot,
    *,
    by: User | None,
    actor_name: str | None = None,
    keeps_password: bool = False,
    here: str = "",
) -> None:
    """Add an entry to the trail for each change between both; none: nothing.

    A new password, or an account that is switched off, ends all tokens of the person,
    and all sessions but that of the key ``here``. A password that somebody else set
    must be changed by its owner, unless ``by`` is the owner or ``keeps_password`` is
    given; and if a person set it, a second one has to confirm the account.
    """
    ended = Ended()
    person_id = after.number
    if after.kind == "account" and before.shuts_out(after):
        ended = credentials.end_all(person_id, but=here)
    if after.kind == "account" and before.gives_a_password(after):
        if keeps_password or (by is not None and by.pk == person_id):
            passwords.set_by_owner(person_id=person_id)
        else:
            name = by.get_username() if by is not None else actor_name or "novaweb"
            passwords.set_by(name, person_id=person_id)
            if by is not None:
                confirmed_accounts.given_by(by, person_id=person_id)
    for change in before.diff(after):
        # (entries about roles alone end nothing)
        facts = ended.facts() if change.verb == "account.changed" else {}
        recorder.record(
            change.verb,
            by=by,
            actor_name=actor_name,
            before=change.before,
            after={**change.after, **facts},
        )


def set_own_password(user: User, password: str, *, here: str) -> None:
    """Set the person's password, by the person; end what was begun with the old one.

    The session whose key is ``here`` stays.
    """
    with transaction.atomic():
        before = AccountSnapshot.take(User.objects.select_for_update().get(pk=user.pk))
        user.set_password(password)
        user.save(update_fields=["password"])
        record_changes(before, AccountSnapshot.take(user), by=user, here=here)


def _codes(permissions: Manager[Permission]) -> list[str]:
    codes = permissions.values_list("content_type__app_label", "codename")
    return sorted(".".join(code) for code in codes)


def _unlike(facts: Mapping[str, Any], others: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in facts.items() if others.get(key) != value}


@receiver(token_expired)
def expired(sender: Any, username: str, source: str, **kwargs: Any) -> None:
    """Record that an expired token was removed.

    It need not have been shown: with another one django-rest-knox 5.1 removes all of
    its owner that have expired (auth.py, ``_cleanup_token``).
    """
    recorder.record("token.expired", actor_name=username)
