"""Django's admin: what can be changed there is in the trail, and lifts nobody."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client, RequestFactory
from knox.models import AuthToken

from migrations_app.admin import Recorded
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
