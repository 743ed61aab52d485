from __future__ import annotations

import json
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.core.management import CommandError, call_command

from migrations_app.models import AuditEntry

pytestmark = pytest.mark.django_db


def account(*words: str) -> dict[str, Any]:
    output = StringIO()
    call_command("account", *words, "--json", stdout=output)
    said: dict[str, Any] = json.loads(output.getvalue())
    return said


def test_it_makes_an_account_that_can_sign_in_with_the_password_it_prints() -> None:
    said = account("ann", "--role", "requester", "--role", "operator")

    user = authenticate(username="ann", password=said["password"])
    assert user is not None
    assert sorted(user.groups.values_list("name", flat=True)) == [
        "operator",
        "requester",
    ]
    assert not user.is_staff


def test_it_sets_the_roles_of_an_account_that_is_there_and_leaves_its_password() -> (
    None
):
    password = account("ann", "--role", "requester")["password"]

    said = account("ann", "--role", "auditor")

    assert "password" not in said
    user = authenticate(username="ann", password=password)
    assert user is not None
    assert list(user.groups.values_list("name", flat=True)) == ["auditor"]


def test_it_gives_a_new_password_when_asked_to() -> None:
    old = account("ann")["password"]

    new = account("ann", "--new-password")["password"]

    assert authenticate(username="ann", password=old) is None
    assert authenticate(username="ann", password=new) is not None


@pytest.mark.parametrize("words", [(), ("--new-password",)])
def test_what_an_account_may_stays_where_nothing_is_named(
    words: tuple[str, ...],
) -> None:
    account("ann", "--role", "auditor", "--role", "requester")
    account("root", "--admin")

    assert account("ann", *words)["roles"] == "auditor, requester"
    account("root", *words)

    assert get_user_model().objects.get(username="root").is_superuser


def test_a_new_password_switches_no_account_on() -> None:
    account("ann", "--role", "auditor")
    get_user_model().objects.update(is_active=False)

    assert "switched off" in account("ann", "--new-password")
    assert not get_user_model().objects.get(username="ann").is_active

    account("ann", "--role", "auditor")
    assert get_user_model().objects.get(username="ann").is_active


def test_all_roles_are_taken_when_that_is_said() -> None:
    account("ann", "--role", "auditor")

    assert account("ann", "--no-role")["roles"] == "none"

    with pytest.raises(CommandError, match="--no-role takes"):
        account("ann", "--no-role", "--role", "auditor")


def test_it_makes_an_admin_who_has_no_role() -> None:
    account("root", "--admin")

    user = get_user_model().objects.get(username="root")
    assert user.is_superuser
    assert user.is_staff
    assert not user.groups.exists()


def test_it_refuses_a_role_that_there_is_not() -> None:
    with pytest.raises(CommandError, match="invalid choice"):
        account("ann", "--role", "king")


def test_it_leaves_word_in_the_audit_trail_without_the_password() -> None:
    said = account("ann", "--role", "auditor")

    entries = list(AuditEntry.objects.order_by("id"))
    assert [entry.verb for entry in entries] == ["account.created", "account.roles"]
    assert entries[0].actor_name.startswith("manage.py account by ")
    assert entries[1].after == {**entries[0].before, "roles": ["auditor"]}
    assert said["password"] not in str([vars(entry) for entry in entries])


def test_it_leaves_no_word_when_nothing_changes() -> None:
    account("ann", "--role", "auditor")
    count = AuditEntry.objects.count()
    account("ann", "--role", "auditor")
    assert AuditEntry.objects.count() == count
    account("ann", "--role", "auditor", "--new-password")
    entry = AuditEntry.objects.get(verb="account.changed")
    assert entry.after == {**entry.before, "password": "changed"}


def test_a_new_site_has_no_account() -> None:
    assert not get_user_model().objects.exists()


def test_it_says_until_when_a_password_must_be_changed() -> None:
    assert account("ann")["to be changed"] == "within 72 hours"
    assert "to be changed" not in account("ann")
    kept = account("robot", "--keep-password")
    assert "to be changed" not in kept


def test_it_confirms_no_account_that_is_not_there() -> None:
    with pytest.raises(CommandError, match="There is no account bobb to confirm"):
        account("bobb", "--confirm")
    assert not get_user_model().objects.exists()
