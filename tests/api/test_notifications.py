"""Notices, webhooks and deliveries, for programs."""

from __future__ import annotations

from typing import Any

import pytest

from migrations_app.notifications import dispatch
from tests.api.conftest import Person
from tests.cast import Cast
from tests.stage import Stage


@pytest.fixture
def there(settings: Any) -> str:
    """An address that a webhook may have; nobody is asked there."""
    settings.NOVAWEB_WEBHOOK_NETWORKS = ["127.0.0.0/8"]
    return "http://127.0.0.1:9/hook"


def test_what_one_was_told_is_listed_and_read(stage: Stage, cast: Cast) -> None:
    me, other = Person(cast.approver), Person(cast.second)
    request = cast.ask(stage)
    dispatch.tell_due(stage.time)

    (notice,) = me.get("notices/", unread="true").json["results"]
    assert notice["event"] == "waits"
    assert notice["request"] == request.pk
    assert notice["path"] == f"/requests/{request.pk}/"
    assert other.post(f"notices/{notice['id']}/read/", {}).status == 404

    assert me.post(f"notices/{notice['id']}/read/", {}).json["read_at"]
    assert me.get("notices/", unread="true").json["count"] == 0
    assert me.get("notices/", event="held").json["count"] == 0
    assert other.post("notices/read/", {"until": 10**9}).json == {"read": 1}
    assert Person(cast.requester).get("notices/").json["count"] == 0


def test_choices_are_kept_and_what_makes_no_sense_is_refused(cast: Cast) -> None:
    me = Person(cast.approver)

    answer = me.post("notices/choices/", {"waits": {"app": "never", "mail": "all"}})
    assert answer.json["waits"] == {"app": "never", "mail": "all"}
    assert me.get("notices/choices/").json["held"] == {"app": "", "mail": ""}
    assert me.post("notices/choices/", {"waits": {"app": "often"}}).status == 400
    assert me.post("notices/choices/", {"nonsense": {"app": "all"}}).status == 400
    assert me.get("notices/choices/").json["waits"]["app"] == "never"


def test_a_webhook_is_set_up_changed_tested_and_removed(
    operator: Person, there: str
) -> None:
    body = {"name": "chat", "url": there, "events": ["held"]}

    made = operator.post("webhooks/", body)
    assert made.status == 201
    assert made.json["secret"].startswith("whsec_")
    place = f"webhooks/{made.json['id']}/"
    assert "secret" not in operator.get(place).json
    assert "secret" not in operator.get("webhooks/").json["results"][0]
    assert operator.post("webhooks/", body).status == 409

    assert operator.post(place, {"active": False}).json["active"] is False
    assert operator.post(f"{place}test/", {}).status == 409
    operator.post(place, {"active": True})
    fresh = operator.post(f"{place}rotate/", {}).json
    assert fresh["secret"] not in (made.json["secret"], "")
    assert fresh["old_until"]

    sent = operator.post(f"{place}test/", {})
    assert sent.status == 202
    found = operator.get("deliveries/", webhook=made.json["id"]).json["results"]
    assert [each["id"] for each in found] == [sent.json["id"]]
    whole = operator.get(f"deliveries/{sent.json['id']}/").json
    assert '"webhook.test"' in whole["body"]
    assert whole["attempts"] == []
    assert operator.post(f"deliveries/{sent.json['id']}/again/", {}).status == 409

    assert operator.delete(place).status == 204
    assert operator.get(place).status == 404
    assert operator.get("deliveries/", state="dropped").json["count"] == 1


@pytest.mark.parametrize(
    "change",
    [
        {"url": "http://10.0.0.1/"},
        {"url": "https://169.254.169.254/"},
        {"url": "file:///etc/passwd"},
        {"group": "nonsense"},
    ],
)
def test_where_nothing_may_be_posted_is_said_in_a_sentence(
    operator: Person, there: str, change: dict[str, Any]
) -> None:
    body = {"name": "chat", "url": there, "events": ["held"], **change}

    answer = operator.post("webhooks/", body)

    assert answer.status == 422
    assert answer.detail.endswith(".")


def test_webhooks_are_no_business_of_others(requester: Person, auditor: Person) -> None:
    for who in (requester, auditor):
        for path in ("webhooks/", "deliveries/", "webhooks/1/", "deliveries/1/"):
            assert who.get(path).status == 403


def test_a_test_e_mail_is_sent_or_says_why_not(cast: Cast, settings: Any) -> None:
    me = Person(cast.operator)
    settings.NOVAWEB_EMAIL_URL = "smtp://mail.example.org"
    assert "no e-mail address" in me.post("deliveries/test-mail/", {}).detail
    cast.operator.email = "olga@example.org"
    cast.operator.save()

    sent = me.post("deliveries/test-mail/", {})

    assert (sent.status, sent.json["to"]) == (202, "olga@example.org")
