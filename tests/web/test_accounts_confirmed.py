"""The page on which a second superuser confirms accounts, in Django's admin."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client

from migrations_app.models import AccountToConfirm
from tests import factories
from tests.approvals.test_made_by_one import made
from tests.cast import last_entry

pytestmark = pytest.mark.django_db


@pytest.fixture
def root() -> User:
    return factories.person("root", staff=True)


@pytest.fixture
def second_root() -> User:
    return factories.person("ruth", staff=True)


def test_a_superuser_sees_what_to_confirm_and_confirms_it(
    client: Client, root: User, second_root: User
) -> None:
    bob = made("bob", "approver", by=root)
    client.force_login(second_root)
    page = client.get("/admin/auth/user/?confirm=waits").content.decode()
    assert "to be confirmed by another than root" in page
    chosen = {"action": "confirm_accounts", "_selected_action": [bob.pk]}
    asked = client.post("/admin/auth/user/", chosen).content.decode()
    assert "Confirm an account only if you have spoken with the person" in asked
    assert "by root" in asked
    assert AccountToConfirm.objects.exists()
    seen = AccountToConfirm.objects.get().pk
    client.post("/admin/auth/user/", {**chosen, "seen": [seen]})
    assert not AccountToConfirm.objects.exists()
    entry = last_entry("account.confirmed")
    assert (entry.actor_name, entry.after["name"]) == ("ruth", "bob")


def test_the_page_says_who_must_confirm_to_who_may_not(
    client: Client, root: User
) -> None:
    bob = made("bob", "approver", by=root)
    client.force_login(root)
    chosen = {"action": "confirm_accounts", "_selected_action": [bob.pk]}
    asked = client.post("/admin/auth/user/", chosen).content.decode()
    assert "another superuser must confirm the account" in asked
    seen = ["9" * 5000, "x", AccountToConfirm.objects.get().pk]
    answer = client.post("/admin/auth/user/", {**chosen, "seen": seen}, follow=True)
    assert "another superuser must confirm" in answer.content.decode()
    assert AccountToConfirm.objects.exists()
