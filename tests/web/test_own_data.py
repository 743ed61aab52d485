"""Everybody takes along what novaweb keeps of them, and nothing of anybody else."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from migrations_app.audit import recorder
from migrations_app.audit import tokens as api_tokens
from migrations_app.models import AuditEntry, SavedSearch
from tests import factories

pytestmark = pytest.mark.django_db


def signed_in(user: User) -> Client:
    client = Client()
    form = {"username": user.username, "password": factories.PASSWORD}
    assert client.post("/sign-in/", form).status_code == 302
    return client


def file_of(answer: Any) -> dict[str, Any]:
    assert answer["Content-Type"] == "application/json"
    assert 'filename="novaweb-my-data.json"' in answer["Content-Disposition"]
    found: dict[str, Any] = json.loads(b"".join(answer.streaming_content))
    return found


def test_it_has_every_row_of_the_person_and_no_secret() -> None:
    rita, otto = factories.person("rita", "auditor"), factories.person("otto")
    asked = factories.request(of=factories.instance("web-1"), asked_by=rita)
    _, secret = api_tokens.create(rita)
    SavedSearch.objects.create(
        name="Mine", filters={}, owner=rita, owner_name="rita", made_at=timezone.now()
    )
    client, other = signed_in(rita), signed_in(otto)
    app = Authenticator.Type.TOTP
    Authenticator.objects.create(user=rita, type=app, data={"secret": "JBSWY3DP"})

    answer = client.post("/account/data/")

    found = file_of(answer)
    text = json.dumps(found)
    assert found["account"]["username"] == "rita"
    assert found["roles"] == ["auditor"]
    assert [row["id"] for row in found["migrationrequest.asked_by"]] == [asked.pk]
    assert found["savedsearch.owner"][0]["name"] == "Mine"
    assert [row["agent"] for row in found["session.person"]] == ["unknown program"]
    assert len(found["authtoken.user"]) == 1
    rita.refresh_from_db()
    for hidden in (
        "JBSWY3DP",
        secret,
        secret[:8],
        rita.password,
        client.session.session_key,
    ):
        assert str(hidden) not in text
    assert "otto" not in text
    assert other.post("/account/data/").status_code == 200
    entry = AuditEntry.objects.filter(verb="account.data_exported").earliest("pk")
    assert recorder.sentence(entry) == "rita downloaded what is kept of them"


def test_it_takes_a_password_that_was_entered_recently(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.NOVAWEB_REAUTHENTICATE = 15.0
    client = signed_in(factories.person("rita", "requester"))
    later = timezone.now() + timedelta(minutes=16)
    monkeypatch.setattr(timezone, "now", lambda: later)

    refused = client.post("/account/data/")

    assert refused.status_code == 403
    assert "Enter your password again" in refused.content.decode()
    right = {"password_again": factories.PASSWORD}
    assert (
        file_of(client.post("/account/data/", right))["account"]["username"] == "rita"
    )


def test_where_it_is_asked_for_is_on_the_page_of_sessions() -> None:
    client = signed_in(factories.person("rita"))
    assert (
        'action="/account/data/"' in client.get("/account/sessions/").content.decode()
    )
    assert client.get("/account/data/")["Location"] == "/account/sessions/"
