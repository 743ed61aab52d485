"""What a snapshot of an account has, and what of two of them is told."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission, User

from migrations_app.audit.account_changes import AccountSnapshot, record_changes
from migrations_app.models import AuditEntry
from tests.factories import person

NOBODY = AccountSnapshot()


def account(**fields: object) -> AccountSnapshot:
    """Ann as she was, but for these fields."""
    facts = {"username": "ann", "active": True}
    values = {"kind": "account", "name": "ann", "facts": facts, **fields}
    return AccountSnapshot(**values)  # type: ignore[arg-type]


def test_nothing_is_told_of_an_account_that_is_as_it_was() -> None:
    assert account().diff(account()) == []
    assert NOBODY.diff(NOBODY) == []


def test_what_differs_is_told_and_nothing_else() -> None:
    later = account(facts={"username": "ann", "active": False})
    (change,) = account().diff(later)
    assert change.verb == "account.changed"
    assert change.before == {"name": "ann", "active": True}
    assert change.after == {"name": "ann", "active": False}


def test_a_renamed_account_is_told_under_its_new_name() -> None:
    later = account(name="anna", facts={"username": "anna", "active": True})
    (change,) = account().diff(later)
    assert change.before == {"name": "anna", "username": "ann"}
    assert change.after == {"name": "anna", "username": "anna"}


def test_roles_have_an_entry_of_their_own() -> None:
    before = account(roles=("approver", "operator"))
    (change,) = before.diff(account(roles=("operator",)))
    assert change.verb == "account.roles"
    assert change.before == {"name": "ann", "roles": ["approver", "operator"]}
    assert change.after == {"name": "ann", "roles": ["operator"]}


def test_a_new_account_is_told_whole_and_its_roles_after_it() -> None:
    made, roles = NOBODY.diff(account(roles=("operator",)))
    assert (made.verb, roles.verb) == ("account.created", "account.roles")
    assert made.before == {"name": "ann"}
    assert made.after == {"name": "ann", "username": "ann", "active": True}
    assert roles.before == {"name": "ann", "roles": []}


def test_a_deleted_account_is_told_whole_and_its_roles_after_it() -> None:
    deleted, roles = account(roles=("operator",)).diff(NOBODY)
    assert (deleted.verb, roles.verb) == ("account.deleted", "account.roles")
    assert deleted.before == {"name": "ann", "username": "ann", "active": True}
    assert deleted.after == {"name": "ann"}
    assert roles.after == {"name": "ann", "roles": []}


def test_of_a_group_the_verbs_are_its_own() -> None:
    night = AccountSnapshot("group", "night", {"name": "night", "permissions": []})
    day = AccountSnapshot("group", "day", {"name": "day", "permissions": []})
    told = [NOBODY.diff(night), night.diff(day), day.diff(NOBODY)]
    verbs = [change.verb for changes in told for change in changes]
    assert verbs == ["group.created", "group.changed", "group.deleted"]


@pytest.mark.django_db
def test_of_a_password_it_is_told_only_that_it_was_changed() -> None:
    user = person("ann", "operator")
    before = AccountSnapshot.take(user)
    user.set_password("correct-horse-battery")
    user.save()
    after = AccountSnapshot.take(user)
    (change,) = before.diff(after)
    ann = {"name": "ann", "account": user.pk}
    assert change.before == ann
    assert change.after == {**ann, "password": "changed"}
    told = [before.diff(after), NOBODY.diff(after), after.diff(NOBODY)]
    assert user.password not in f"{before} {after} {told}"


@pytest.mark.django_db
def test_a_snapshot_stays_as_it_was_taken() -> None:
    user = person("ann", "operator")
    before = AccountSnapshot.take(user)
    user.groups.add(Group.objects.get(name="auditor"))
    user.user_permissions.add(Permission.objects.get(codename="view_group"))
    changed, roles = before.diff(AccountSnapshot.take(user))
    ann = {"name": "ann", "account": user.pk}
    assert changed.after == {**ann, "permissions": ["auth.view_group"]}
    assert roles.after == {**ann, "roles": ["auditor", "operator"]}


@pytest.mark.django_db
def test_of_nobody_and_of_an_unsaved_account_there_is_nothing() -> None:
    assert AccountSnapshot.take(None) == AccountSnapshot.take(User()) == NOBODY


@pytest.mark.django_db
def test_each_change_is_recorded_with_who_made_it() -> None:
    record_changes(NOBODY, account(roles=("auditor",)), by=None, actor_name="a script")
    entries = list(AuditEntry.objects.order_by("pk"))
    assert [entry.verb for entry in entries] == ["account.created", "account.roles"]
    assert {entry.actor_name for entry in entries} == {"a script"}
