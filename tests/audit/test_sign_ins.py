"""Who signed in and out, and who was refused, is in the audit trail."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import user_login_failed
from django.urls import reverse
from django.utils import timezone

from migrations_app.audit import recorder, sign_ins
from migrations_app.models import AuditEntry, RefusedSignIns
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
    assert first.note == f"At {reverse('login')} from 127.0.0.1"
    assert (second.verb, second.actor) == ("account.signed_out", user)
    assert recorder.sentence(first) == "rita signed in"
    assert recorder.sentence(second) == "rita signed out"


def test_a_failed_sign_in_is_recorded_once_under_the_accounts_name(client: Any) -> None:
    person("rita", "requester")
    sign_in(client, "rita", "a wrong password")
    entry = AuditEntry.objects.get()
    assert (entry.verb, entry.actor, entry.actor_name) == (
        "account.refused",
        None,
        "rita",
    )
    assert recorder.sentence(entry) == "A sign-in as rita failed"
    assert "a wrong password" not in str(entry.__dict__)


def test_a_word_that_is_no_accounts_name_is_kept_as_a_keyed_hash(client: Any) -> None:
    """It may be a password in the wrong field; the same word is the same hash."""
    for word in ("MySecretPassw0rd!", "MySecretPassw0rd!", "another"):
        sign_in(client, word, "x")
    names = list(AuditEntry.objects.order_by("id").values_list("actor_name", flat=True))
    assert "Secret" not in str(list(AuditEntry.objects.values()))
    assert names[0] == names[1] != names[2]
    assert all(name.startswith("unknown name ") for name in names)


def test_refusals_that_were_counted_are_told_once_when_the_minute_is_over() -> None:
    now = timezone.now()
    minute = now.replace(second=0, microsecond=0)
    RefusedSignIns.objects.create(minute=minute, entries=9, counted=9)
    for minutes, counted in ((3, 117), (2, 0)):
        before = minute - timedelta(minutes=minutes)
        RefusedSignIns.objects.create(minute=before, entries=30, counted=counted)

    assert sign_ins.is_due(now)
    assert sign_ins.record_counted(now) == 1
    assert not sign_ins.is_due(now)
    assert sign_ins.record_counted(now) == 0
    entry = AuditEntry.objects.get()
    told = recorder.sentence(entry)
    assert told == "Another 117 sign-ins failed within a minute"
    assert f"{minute - timedelta(minutes=3):%F %H:%M} UTC" in entry.note


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


def test_nobody_names_the_request_that_groups_what_they_did(client: Any) -> None:
    """Who could would add entries to another's act."""
    named = "0f3a5c1e-9d2b-4c58-8a01-5b0c2f7e4d11"
    wrong = {"username": "rita", "password": "a wrong password"}
    client.post(reverse("login"), wrong, headers={"x-request-id": named})
    act = AuditEntry.objects.get().act
    assert act not in ("", named)
