"""Accounts, roles and tokens as the audit trail tells of them.

They are changed in Django's admin, by ``manage.py account`` and by knox: whoever
changes one takes ``facts`` before it and calls ``changed`` after it, as the last write
of the transaction.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group, User
from django.dispatch import receiver
from knox.signals import token_expired

from migrations_app.audit import recorder as audit

_VERBS = {
    "account": ("account.created", "account.changed", "account.deleted"),
    "group": ("group.created", "group.changed", "group.deleted"),
}
_FIELDS = ("username", "first_name", "last_name", "email")
_RIGHTS = {"active": "is_active", "staff": "is_staff", "superuser": "is_superuser"}


def facts(account: User | Group | None) -> dict[str, Any]:
    """Return what the trail tells of an account or a group; {}: there is none.

    Of a password only a mark by which a change is seen, which never leaves memory.
    """
    if account is None or account.pk is None:
        return {}
    rights: Any = (
        account.user_permissions if isinstance(account, User) else account.permissions
    )
    codes = rights.values_list("content_type__app_label", "codename")
    found: dict[str, Any] = {"permissions": sorted(".".join(code) for code in codes)}
    if isinstance(account, Group):
        return {"name": account.name, **found}
    found |= {name: getattr(account, name) for name in _FIELDS}
    found |= {name: getattr(account, field) for name, field in _RIGHTS.items()}
    found["roles"] = sorted(account.groups.values_list("name", flat=True))
    found["password"] = account.password
    return found


def changed(
    before: dict[str, Any],
    after: dict[str, Any],
    *,
    by: User | None,
    actor_name: str | None = None,
    what: str = "account",
) -> None:
    """Record what became of an account, or of a group: made, changed, deleted.

    Nothing when both are the same. A change of roles has an entry of its own.
    """
    made, altered, deleted = _VERBS[what]
    name = {"name": after.get("username") or before.get("username")}
    if what == "group":
        name = {"name": after.get("name") or before.get("name")}
    was = {key: value for key, value in before.items() if after.get(key) != value}
    now = {key: value for key, value in after.items() if before.get(key) != value}
    roles = ({"roles": each.pop("roles", [])} for each in (was, now))
    roles_before, roles_after = roles
    if "password" in now or "password" in was:
        was.pop("password", None)
        if now.pop("password", None) and before:
            now["password"] = "changed"  # noqa: S105 - no password but the word
    if not before and after:
        verb = made
    elif before and not after:
        verb = deleted
    else:
        verb = altered
    if was or now:
        was, now = name | was, name | now
        audit.record(verb, by=by, actor_name=actor_name, before=was, after=now)
    if roles_before != roles_after:
        was, now = name | roles_before, name | roles_after
        audit.record(
            "account.roles", by=by, actor_name=actor_name, before=was, after=now
        )


@receiver(token_expired)
def expired(sender: Any, username: str, source: str, **kwargs: Any) -> None:
    """Record that a token was presented after its time, and removed for that."""
    audit.record("token.expired", actor_name=username)
