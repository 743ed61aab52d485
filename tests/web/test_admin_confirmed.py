"""Who changes accounts in the admin has just shown that it is them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone

from tests import factories

pytestmark = pytest.mark.django_db
WORD = "correct-horse-2"


@pytest.fixture
def ann() -> User:
    return factories.person("ann", "requester")


@pytest.fixture
def root(ann: User, monkeypatch: pytest.MonkeyPatch) -> Client:
    """A superuser who signed in sixteen minutes ago."""
    client = Client()
    client.force_login(factories.person("root", staff=True))
    later = timezone.now() + timedelta(minutes=16)
    monkeypatch.setattr(timezone, "now", lambda: later)
    return client


def form(user: User, **changed: Any) -> dict[str, Any]:
    day = {"date_joined_0": "2026-01-01", "date_joined_1": "00:00"}
    return {"username": user.username, "is_active": "on", **day, **changed}


def sent(ann: User) -> dict[str, dict[str, Any]]:
    """Return what changes accounts, by address."""
    words = {"password1": WORD, "password2": WORD, "usable_password": "true"}
    approver, _ = Group.objects.get_or_create(name="approver")
    chosen = {"_selected_action": [approver.pk], "post": "yes"}
    return {
        f"/admin/auth/user/{ann.pk}/password/": words,
        f"/admin/auth/user/{ann.pk}/change/": form(ann, groups=[approver.pk]),
        "/admin/auth/user/add/": {"username": "alt", **words},
        "/admin/auth/group/add/": {"name": "board"},
        f"/admin/auth/group/{approver.pk}/change/": {"name": "board"},
        f"/admin/auth/group/{approver.pk}/delete/": {"post": "yes"},
        "/admin/auth/group/": {"action": "delete_selected", **chosen},
    }


def told() -> tuple[Any, ...]:
    people = User.objects.order_by("pk").values_list("username", "password", "groups")
    return (*people, *Group.objects.order_by("pk").values_list("name"))


def test_a_session_that_was_left_open_changes_no_account(
    root: Client, ann: User
) -> None:
    for address, fields in sent(ann).items():
        before = told()

        answer = root.post(address, fields)

        assert answer.status_code == 403, address
        assert "password_again" in answer.content.decode()
        assert told() == before


def test_with_the_password_it_is_done_at_once(root: Client, ann: User) -> None:
    (address, fields), *_ = sent(ann).items()

    answer = root.post(address, {**fields, "password_again": factories.PASSWORD})

    assert answer.status_code == 302
    ann.refresh_from_db()
    assert ann.check_password(WORD)
