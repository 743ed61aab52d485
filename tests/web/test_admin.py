"""Django's admin: what can be changed there is in the trail, and lifts nobody."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, Permission, User
from django.test import Client, RequestFactory
from knox.models import AuthToken

from migrations_app.audit.account_changes import AccountSnapshot
from migrations_app.web.accounts.recorded_admin import Recorded
from tests import factories

pytestmark = pytest.mark.django_db


def test_nothing_can_be_written_in_the_admin_that_is_not_recorded() -> None:
    request = RequestFactory().get("/admin/")
    request.user = factories.person("root", staff=True)
    writable = {
        model._meta.label
        for model, shown in admin.site._registry.items()
        if not isinstance(shown, Recorded)
        and (
            shown.has_add_permission(request)
            or shown.has_change_permission(request)
            or shown.has_delete_permission(request)
        )
    }
    assert writable == set()


def test_no_table_of_a_library_is_in_the_admin_but_accounts_and_groups() -> None:
    ours = apps.get_app_config("migrations_app").get_models()
    found = {model._meta.label for model in admin.site._registry} - {
        model._meta.label for model in ours
    }
    assert found == {"auth.User", "auth.Group"}


def test_a_superuser_makes_no_token_of_anybody(client: Client) -> None:
    client.force_login(factories.person("root", staff=True))
    approver = factories.person("ann", "approver")
    answer = client.post("/admin/knox/authtoken/add/", {"user": approver.pk})
    assert answer.status_code == 404
    assert not AuthToken.objects.exists()


def test_a_token_that_never_expires_opens_nothing(client: Client) -> None:
    _, token = AuthToken.objects.create(factories.person("ann", "requester"), None)
    headers = {"authorization": f"Bearer {token}"}
    answer = client.get("/api/requests/", headers=headers)
    assert answer.status_code == 401
    assert "never expires" in answer.json()["detail"]
    AuthToken.objects.update(expiry=AuthToken.objects.get().created + timedelta(days=1))
    assert client.get("/api/requests/", headers=headers).status_code == 200


# -- staff that is no superuser --------------------------------------------------------


@pytest.fixture
def staff(client: Client) -> User:
    """Somebody who may manage accounts and groups, and is signed in."""
    user = factories.person("sten")
    user.is_staff = True
    user.save()
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="auth"))
    client.force_login(user)
    return user


def form(user: User, **changed: Any) -> dict[str, Any]:
    day = {"date_joined_0": "2026-01-01", "date_joined_1": "00:00"}
    return {"username": user.username, "is_active": "on", **day, **changed}


def test_staff_gives_no_rights_not_even_to_itself(client: Client, staff: User) -> None:
    approver, _ = Group.objects.get_or_create(name="approver")
    plain = factories.person("ann", "requester")
    rights = {
        "is_staff": "on",
        "is_superuser": "on",
        "groups": [approver.pk],
        "user_permissions": [Permission.objects.all()[0].pk],
    }
    for user in (plain, staff):
        before = AccountSnapshot.take(User.objects.get(pk=user.pk))
        sent = form(user, email="new@example.org", **rights)
        answer = client.post(f"/admin/auth/user/{user.pk}/change/", sent)
        assert answer.status_code == 302
        now = User.objects.get(pk=user.pk)
        assert now.email == "new@example.org"
        (change,) = before.diff(AccountSnapshot.take(now))
        assert set(change.after) == {"name", "account", "email"}


def test_staff_takes_over_no_account_of_staff(client: Client, staff: User) -> None:
    root = factories.person("root", staff=True)
    was = root.password
    word = {"password1": "correct-horse-2", "password2": "correct-horse-2"}
    word["usable_password"] = "true"
    address = f"/admin/auth/user/{root.pk}"
    assert client.post(f"{address}/password/", word).status_code == 403
    assert client.post(f"{address}/change/", form(root)).status_code == 403
    root.refresh_from_db()
    assert root.password == was


def test_staff_changes_no_group(client: Client, staff: User) -> None:
    board = Group.objects.create(name="board")
    address = f"/admin/auth/group/{board.pk}"
    for path in ("/admin/auth/group/add/", f"{address}/change/", f"{address}/delete/"):
        answer = client.post(path, {"name": "approver-2", "post": "yes"})
        assert answer.status_code == 403, path
    assert list(Group.objects.filter(name__in=["board", "approver-2"])) == [board]


def test_a_superuser_gives_rights(client: Client) -> None:
    client.force_login(factories.person("root", staff=True))
    plain = factories.person("ann", "requester")
    approver, _ = Group.objects.get_or_create(name="approver")
    sent = form(plain, groups=[approver.pk], is_staff="on")
    client.post(f"/admin/auth/user/{plain.pk}/change/", sent)
    plain.refresh_from_db()
    assert plain.is_staff
    assert [group.name for group in plain.groups.all()] == ["approver"]


# -- the queues ------------------------------------------------------------------------


def test_staff_that_is_no_superuser_sees_no_queue(client: Client, staff: User) -> None:
    assert client.get("/django-rq/").status_code == 403
    assert client.get("/django-rq/stats.json").status_code == 403
    assert "/django-rq/" not in client.get("/tokens/").content.decode()


def test_a_superuser_reads_the_queues_and_empties_none(
    client: Client, redis_url: str
) -> None:
    client.force_login(factories.person("root", staff=True))
    assert client.get("/django-rq/").status_code == 200
    for what in ("queues/0/empty/", "queues/0/failed/clear/", "queues/actions/0/"):
        assert client.post(f"/django-rq/{what}").status_code == 405
