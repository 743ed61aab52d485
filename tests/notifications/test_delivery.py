"""Out to the world: signed, tried again, once in a log, and never in another's way."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
from datetime import datetime, timedelta
from typing import Any

import pytest

from migrations_app import jobs
from migrations_app.models import AuditEntry, Delivery, Lane, Notice, Webhook
from migrations_app.notifications import delivery, dispatch, mail, outcome
from migrations_app.notifications import webhooks as notification_webhooks
from migrations_app.notifications.outcome import Outcome
from migrations_app.notifications.webhooks import Made
from tests.cast import Cast
from tests.notifications.conftest import Listener, lane_of, only, tell_and_serve
from tests.stage import Stage

pytestmark = pytest.mark.django_db


def test_a_webhook_gets_a_signed_message(
    stage: Stage, cast: Cast, listener: Listener, made: Made
) -> None:
    cast.ask(stage)
    assert tell_and_serve(stage, lane_of(made.webhook)) == 1

    (got,) = listener.got
    headers = {name.lower(): value for name, value in got.headers.items()}
    # as Standard Webhooks says it, without any of novaweb's own code
    key = base64.b64decode(made.secret.split("_", 1)[1])
    signed = b".".join(
        [
            headers["webhook-id"].encode(),
            headers["webhook-timestamp"].encode(),
            got.body,
        ]
    )
    mac = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{mac}"
    assert int(headers["webhook-timestamp"]) == int(stage.time.timestamp())
    assert len(key) == 32
    assert json.loads(got.body)["type"] == "request.asked"
    row = only()
    assert (row.state, row.tries, row.next_at) == ("delivered", 1, None)
    attempt = row.attempts.get()
    assert (attempt.good, attempt.status, attempt.answer) == (True, 200, "ok")


def test_two_secrets_sign_for_a_day_after_a_change(
    stage: Stage, cast: Cast, listener: Listener, made: Made
) -> None:
    fresh = notification_webhooks.rotate(made.webhook.pk, by=cast.operator)
    assert fresh.secret != made.secret

    notification_webhooks.test(made.webhook.pk, by=cast.operator)
    delivery.serve(lane_of(made.webhook), clock=stage.clock)
    stage.later(seconds=24 * 3600 + 1)
    notification_webhooks.test(made.webhook.pk, by=cast.operator)
    delivery.serve(lane_of(made.webhook), clock=stage.clock)

    during, after = (
        {name.lower(): value for name, value in got.headers.items()}
        for got in listener.got
    )
    assert len(during["webhook-signature"].split(" ")) == 2
    assert len(after["webhook-signature"].split(" ")) == 1


def test_it_is_tried_again_with_longer_pauses_and_given_up(
    stage: Stage, cast: Cast, listener: Listener, made: Made
) -> None:
    listener.status, listener.answer = 503, b"down"
    cast.ask(stage)
    dispatch.tell_due(stage.time)
    lane = lane_of(made.webhook)
    ids, waited = [], []
    while (row := only()).state == "waiting":
        assert row.next_at is not None
        pause = max(row.next_at - stage.time, timedelta(0))
        assert (
            delivery.serve(lane, clock=lambda: stage.time - timedelta(seconds=1)) <= 0
        )
        waited.append(pause.total_seconds())
        # a receiver that answers 503 is left alone for as long as that
        stage.later(seconds=pause.total_seconds() + 0.001)
        assert delivery.serve(lane, clock=stage.clock) == 1
        ids.append(listener.got[-1].headers["webhook-id"])

    assert waited == [0, 5, 60, 600, 3600, 6 * 3600, 24 * 3600]
    assert len(set(ids)) == 1
    assert (row.state, row.tries) == ("given up", 7)
    assert [each.status for each in row.attempts.all()] == [503] * 7
    entry = AuditEntry.objects.get(verb="delivery.given_up")
    assert "waits to chat: down" in entry.note
    dispatch.tell_due(stage.time)
    assert Notice.objects.get(event="undelivered").person == cast.operator


def test_a_death_between_sending_and_noting_sends_it_again_under_the_same_name(
    stage: Stage,
    cast: Cast,
    listener: Listener,
    made: Made,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cast.ask(stage)
    dispatch.tell_due(stage.time)
    lane = lane_of(made.webhook)

    def die(*given: Any, **more: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(delivery, "_settle", die)
        with pytest.raises(KeyboardInterrupt):
            delivery.serve(lane, clock=stage.clock)
    assert len(listener.got) == 1

    # the dead one's lease keeps others out until it lapses
    assert delivery.serve(lane, clock=stage.clock) == 0
    assert delivery.lanes_due(stage.time) == []
    stage.later(seconds=delivery.LEASE.total_seconds() + 1)
    assert delivery.lanes_due(stage.time) == [lane]
    assert delivery.serve(lane, clock=stage.clock) == 1

    assert only().state == "delivered"
    first, second = listener.got
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body


def test_of_two_workers_one_serves_a_lane(
    stage: Stage,
    cast: Cast,
    listener: Listener,
    made: Made,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cast.ask(stage)
    dispatch.tell_due(stage.time)
    lane, tried = lane_of(made.webhook), []
    real = outcome.attempt

    def meanwhile(row: Delivery, session: mail.Session, *, at: datetime) -> Outcome:
        tried.append(delivery.serve(lane, clock=stage.clock))
        return real(row, session, at=at)

    monkeypatch.setattr(delivery, "attempt", meanwhile)
    assert delivery.serve(lane, clock=stage.clock) == 1

    assert tried == [0]
    assert len(listener.got) == 1
    assert Lane.objects.get(key=lane).lease == ""


def test_a_webhook_that_fails_holds_up_no_other_way(
    stage: Stage, cast: Cast, made: Made, listener: Listener, settings: Any
) -> None:
    other = notification_webhooks.create(
        by=cast.operator, name="tickets", url=listener.url, events=["waits"]
    )
    cast.ask(stage)
    dispatch.tell_due(stage.time)

    failing, good = lane_of(made.webhook), lane_of(other.webhook)
    assert delivery.lanes_due(stage.time) == sorted([failing, good])
    until = stage.time + delivery.LEASE
    Lane.objects.create(key=failing, lease="x", lease_until=until)
    assert delivery.lanes_due(stage.time) == [good]
    assert delivery.serve(good, clock=stage.clock) == 1


def test_what_waits_for_a_webhook_that_is_off_is_given_up(
    stage: Stage, cast: Cast, made: Made, listener: Listener
) -> None:
    cast.ask(stage)
    dispatch.tell_due(stage.time)
    notification_webhooks.change(made.webhook.pk, by=cast.operator, active=False)
    delivery.serve(lane_of(made.webhook), clock=stage.clock)

    assert listener.got == []
    assert only().state == "given up"


def test_a_secret_of_another_secret_key_is_said_and_nothing_sent(
    stage: Stage, cast: Cast, made: Made, listener: Listener, settings: Any
) -> None:
    old = settings.SECRET_KEY
    settings.SECRET_KEY = "another" * 10
    cast.ask(stage)
    tell_and_serve(stage, lane_of(made.webhook))

    assert listener.got == []
    assert "NOVAWEB_SECRET_KEY has changed" in only().attempts.get().answer
    settings.SECRET_KEY_FALLBACKS = [old]
    stage.later(seconds=5)
    assert delivery.serve(lane_of(made.webhook), clock=stage.clock) == 1
    assert only().state == "delivered"


def test_no_secret_is_in_the_trail_the_log_or_the_table(
    stage: Stage,
    cast: Cast,
    made: Made,
    listener: Listener,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    fresh = notification_webhooks.rotate(made.webhook.pk, by=cast.operator)
    cast.ask(stage)
    tell_and_serve(stage, lane_of(made.webhook))

    everything = [
        *map(str, AuditEntry.objects.values()),
        *map(str, Webhook.objects.values()),
        *map(str, Delivery.objects.values()),
        caplog.text,
    ]
    for each in (made.secret, fresh.secret):
        bare = each.removeprefix("whsec_")
        assert not [text for text in everything if bare in text]
    assert "whsec_" not in "".join(everything)


def test_a_message_that_was_given_up_is_sent_again(
    stage: Stage, cast: Cast, made: Made, listener: Listener
) -> None:
    listener.status = 410
    cast.ask(stage)
    tell_and_serve(stage, lane_of(made.webhook))
    listener.status = 200
    notification_webhooks.change(made.webhook.pk, by=cast.operator, active=True)
    notification_webhooks.send_again(only().pk, by=cast.operator)
    delivery.serve(lane_of(made.webhook), clock=stage.clock)

    assert only().state == "delivered"
    assert AuditEntry.objects.filter(verb="delivery.again").exists()
    assert len({got.headers["webhook-id"] for got in listener.got}) == 1


@pytest.mark.django_db(transaction=True)
def test_the_job_sends_beside_the_worker_who_does_not_wait(
    cast: Cast, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = notification_webhooks.create(
        by=cast.operator, name="chat", url=listener.url, events=["held"]
    )
    notification_webhooks.test(made.webhook.pk, by=cast.operator)
    begun: list[Any] = []
    real = delivery.begin

    def remember(now: datetime) -> Any:
        begun.extend(real(now))
        return begun

    monkeypatch.setattr(delivery, "begin", remember)
    jobs.deliver_due()

    assert [each.result(timeout=90) for each in begun] == [1]
    assert only().state == "delivered"
    assert len(listener.got) == 1
