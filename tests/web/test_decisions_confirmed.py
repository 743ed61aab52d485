"""Whatever lets a move start, or lets somebody else have one start, is confirmed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from migrations_app.access.roles import CONFIRMED, DECIDES, Verb
from migrations_app.models import ApprovalPolicy, Delegation
from tests import factories

pytestmark = pytest.mark.django_db
PAGES = (
    *("/delegations/", "/policies/new/", "/policies/{}/change/"),
    *("/policies/{}/retire/", "/policies/proposals/1/confirm/"),
    *("/requests/1/approve/", "/requests/1/break-glass/", "/requests/1/review/"),
    "/drains/1/approve/",
)
INTERFACE = (
    *("post /api/delegations/", "post /api/policies/", "put /api/policies/{}/"),
    *("post /api/policies/{}/retire/", "post /api/policies/proposals/1/confirm/"),
    *("post /api/requests/1/approve/", "post /api/requests/1/break-glass/"),
    *("post /api/requests/1/review/", "post /api/drains/1/approve/"),
)


@pytest.fixture
def left_open(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Somebody who may decide everything, and signed in sixteen minutes ago."""
    settings.NOVAWEB_REAUTHENTICATE = 15.0
    user = factories.person("ann", "approver", "operator")
    user.is_staff = True
    user.save()
    right = Permission.objects.get(codename="change_approvalpolicy")
    user.user_permissions.add(right)
    client = Client()
    client.force_login(user)
    later = timezone.now() + timedelta(minutes=16)
    monkeypatch.setattr(timezone, "now", lambda: later)
    return client


def the_policy() -> int:
    policy = ApprovalPolicy.objects.filter(active=True).first()
    assert policy is not None
    return policy.pk


def test_each_is_asked_for_on_the_pages(left_open: Client) -> None:
    for path in PAGES:
        answer = left_open.post(path.format(the_policy()), {"note": "So."})
        assert answer.status_code == 403, path
        assert "password_again" in answer.content.decode(), path


def test_each_is_asked_for_by_the_interface(left_open: Client) -> None:
    for each in INTERFACE:
        method, path = each.format(the_policy()).split()
        send = getattr(left_open, method)
        answer = send(path, {"note": "So."}, content_type="application/json")
        assert answer.status_code == 403, each
        assert "Enter your password again first" in answer.json()["detail"], each


def test_what_was_typed_is_kept_and_done_with_the_password(left_open: Client) -> None:
    factories.person("bea", "auditor")
    now = timezone.now()
    typed = {
        "to": "bea",
        "starts_at": f"{now:%F %H:%M}",
        "ends_at": f"{now + timedelta(days=1):%F %H:%M}",
        "reason": "Away.",
    }

    asked = left_open.post("/delegations/", typed)
    assert "Away." in asked.content.decode()
    assert not Delegation.objects.exists()

    typed["password_again"] = factories.PASSWORD
    assert left_open.post("/delegations/", typed).status_code == 302
    assert Delegation.objects.get().taker_name == "bea"


def test_forms_are_read_without_it(left_open: Client) -> None:
    for path in (
        "/delegations/",
        "/policies/new/",
        f"/policies/{the_policy()}/change/",
    ):
        answer = left_open.get(path)
        assert answer.status_code == 200
        assert "password_again" not in answer.content.decode()


def test_all_that_decides_is_confirmed_but_what_holds_back() -> None:
    assert {Verb.REJECT} == DECIDES - CONFIRMED
