"""What becomes of accounts, roles, tokens and settings is in the audit trail."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from knox.models import AuthToken

from migrations_app.audit import recorder, settings_changes
from migrations_app.models import AuditEntry
from tests.factories import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("root", password="x"))
    return client


def told(since: int) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(pk__gt=since).order_by("pk"))


def last() -> int:
    found = AuditEntry.objects.order_by("-pk").first()
    return found.pk if found else 0


def form(user: User, **changed: Any) -> dict[str, Any]:
    return {
        "username": user.username,
        "is_active": "on",
        "date_joined_0": "2026-01-01",
        "date_joined_1": "00:00",
        "groups": [group.pk for group in user.groups.all()],
        **changed,
    }


def test_roles_given_in_the_admin_are_told(admin: Client) -> None:
    user, since = person("ann", "requester"), last()
    auditors = Group.objects.get(name="auditor")
    sent = form(user, groups=[auditors.pk], email="ann@example.org")
    answer = admin.post(f"/admin/auth/user/{user.pk}/change/", sent)
    assert answer.status_code == 302
    changed, roles = told(since)
    assert (changed.verb, roles.verb) == ("account.changed", "account.roles")
    ann = {"name": "ann", "account": user.pk}
    assert changed.after == {**ann, "email": "ann@example.org"}
    assert roles.before == {**ann, "roles": ["requester"]}
    assert roles.after == {**ann, "roles": ["auditor"]}
    assert recorder.sentence(roles) == "root changed the roles of ann"


def test_an_account_made_and_closed_in_the_admin_is_told(admin: Client) -> None:
    since = last()
    password = "correct-horse-battery"
    sent = {"username": "ann", "password1": password, "password2": password}
    sent["usable_password"] = "true"
    assert admin.post("/admin/auth/user/add/", sent).status_code == 302
    user = User.objects.get(username="ann")
    sent = form(user)
    del sent["is_active"]
    admin.post(f"/admin/auth/user/{user.pk}/change/", sent)
    word = {"password1": f"{password}2", "password2": f"{password}2"}
    word["usable_password"] = "true"
    admin.post(f"/admin/auth/user/{user.pk}/password/", word)
    entries = told(since)
    assert [entry.verb for entry in entries] == [
        "account.created",
        "account.changed",
        "account.changed",
    ]
    ann = {"name": "ann", "account": user.pk}
    assert entries[1].after == {**ann, "active": False}
    assert entries[2].after == {**ann, "password": "changed"}
    assert all(entry.actor_name == "root" for entry in entries)
    kept = str([vars(entry) for entry in entries])
    assert password not in kept
    assert user.password not in kept


def test_no_account_is_deleted_in_the_admin(admin: Client) -> None:
    """What somebody requested or approved must stay theirs: it is switched off."""
    user = person("ann", "requester")
    one = f"/admin/auth/user/{user.pk}/delete/"
    assert admin.post(one, {"post": "yes"}).status_code == 403
    sent = {"post": "yes", "action": "delete_selected", "_selected_action": user.pk}
    admin.post("/admin/auth/user/", sent)
    assert User.objects.filter(pk=user.pk).exists()


def test_a_group_s_rights_are_told(admin: Client) -> None:
    since = last()
    assert admin.post("/admin/auth/group/add/", {"name": "night"}).status_code == 302
    group = Group.objects.get(name="night")
    sent = {"post": "yes", "action": "delete_selected", "_selected_action": group.pk}
    admin.post("/admin/auth/group/", sent)
    assert [e.verb for e in told(since)] == ["group.created", "group.deleted"]


def test_a_token_that_expired_is_told(client: Client) -> None:
    user = person("ann", "requester")
    _, token = AuthToken.objects.create(user, expiry=timedelta(seconds=-1))
    answer = client.get("/api/requests/", headers={"authorization": f"Bearer {token}"})
    assert answer.status_code == 401
    entry = AuditEntry.objects.get(verb="token.expired")
    assert entry.actor_name == "ann"


def test_a_token_that_expired_is_not_said_to_have_been_shown(client: Client) -> None:
    user = person("ann", "requester")
    AuthToken.objects.create(user, expiry=timedelta(seconds=-1))
    _, good = AuthToken.objects.create(user)
    answer = client.get("/api/requests/", headers={"authorization": f"Bearer {good}"})
    assert answer.status_code == 200
    entry = AuditEntry.objects.get(verb="token.expired")
    assert recorder.sentence(entry) == "An expired API token of ann was removed"
    assert (entry.note, entry.after) == ("", {})


def test_a_setting_that_changed_is_told_once(settings: Any) -> None:
    assert settings_changes.compare("worker")
    assert not settings_changes.compare("worker")
    settings.NOVAWEB_TICK = 7.0
    settings.NOVAWEB_METRICS_TOKEN = "hunter2"
    assert settings_changes.compare("worker")
    assert not settings_changes.compare("worker")
    entry = AuditEntry.objects.order_by("-pk").first()
    assert entry is not None and entry.verb == "settings.changed"
    assert set(entry.after["settings"]) == {"NOVAWEB_TICK", "NOVAWEB_METRICS_TOKEN"}
    assert entry.before["settings"]["NOVAWEB_TICK"] == 5
    assert entry.after["settings"]["NOVAWEB_TICK"] == 7
    assert "hunter2" not in str(vars(entry))
    assert settings_changes.compare("web")


def test_no_secret_is_in_the_settings_that_are_told(settings: Any) -> None:
    settings.SECRET_KEY = "a-very-secret-key"
    settings.NOVAWEB_REDIS_URL = "redis://:swordfish@queue/0"
    shown = str(settings_changes.now())
    shown += str(settings_changes.shown("DATABASES", {"PASSWORD": "opensesame"}))
    for secret in ("a-very-secret-key", "swordfish", "opensesame"):
        assert secret not in shown


def test_the_password_of_no_account_is_changed_without_an_error(admin: Client) -> None:
    since = last()
    answer = admin.get("/admin/auth/user/nobody/password/")
    assert answer.status_code == 404
    assert told(since) == []
