"""Who signed in and out, and who was refused, is in the audit trail."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import user_login_failed
from django.urls import reverse

from migrations_app.audit import recorder
from migrations_app.models import AuditEntry
from tests.factories import PASSWORD, person

pytestmark = pytest.mark.django_db


def sign_in(client: Any, name: str, password: str) -> None:
    client.post(reverse("login"), {"username": name, "password": password})


def test_signing_in_and_out_is_recorded_once(client: Any) -> None:
    user = person("rita", "requester")
    sign_in(client, "rita", PASSWORD)
    client.post(reverse("logout"))
    first, second = AuditEntry.objects.order_by("id")
    assert (first.verb, first.actor, first.actor_name) == (
        "account.signed_in",
        user,
        "rita",
    )
    assert first.note == f"At {reverse('login')}"
    assert (second.verb, second.actor) == ("account.signed_out", user)
    assert recorder.sentence(first) == "rita signed in"
    assert recorder.sentence(second) == "rita signed out"


@pytest.mark.parametrize("name", ["rita", "nobody-at-all"])
def test_a_failed_sign_in_is_recorded_once_under_the_name_typed(
    client: Any, name: str
) -> None:
    person("rita", "requester")
    sign_in(client, name, "a wrong password")
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.actor, entry.actor_name) == (
        "account.refused",
        None,
        name,
    )
    assert recorder.sentence(entry) == f"A sign-in as {name} failed"
    assert "a wrong password" not in str(entry.__dict__)


def test_an_account_that_is_switched_off_is_refused(client: Any) -> None:
    user = person("rita", "requester")
    user.is_active = False
    user.save()
    sign_in(client, "rita", PASSWORD)
    assert AuditEntry.objects.get().verb == "account.refused"


@pytest.mark.parametrize("name", ["", "x" * 400, "a\0b"])
def test_whatever_is_typed_as_a_name_fits(name: str) -> None:
    user_login_failed.send(sender=None, credentials={"username": name})
    entry = AuditEntry.objects.get()
    assert 1 <= len(entry.actor_name) <= 150
    assert "\0" not in entry.actor_name


def test_signing_out_of_a_session_that_ended_is_no_act(client: Any) -> None:
    client.post(reverse("logout"))
    assert not AuditEntry.objects.exists()
