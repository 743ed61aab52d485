"""Trouble that a receiver tells of: each for itself, and none is pestered."""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from migrations_app.integrations import connect
from migrations_app.integrations.adapters.webhook import HttpPost
from migrations_app.integrations.interfaces.http_post import Reply
from migrations_app.models import AuditEntry, Notice, Webhook
from migrations_app.notifications import delivery, dispatch
from migrations_app.notifications import webhooks as notification_webhooks
from migrations_app.notifications.webhooks import Made
from tests.cast import Cast
from tests.notifications.conftest import Listener, lane_of
from tests.notifications.faults import fault
from tests.notifications.hook_lane import said, served, states, waiting
from tests.stage import Stage

pytestmark = pytest.mark.django_db
RESTS = timedelta(seconds=120)


@fault(
    "429, 502, 503 or 504, with Retry-After in seconds or as a date",
    does="rests that receiver until then, and no other; then sends all of it",
)
@pytest.mark.parametrize("status", [429, 502, 503, 504])
@pytest.mark.parametrize("dated", [False, True])
def test_a_receiver_that_asks_for_it_is_left_alone(
    stage: Stage,
    cast: Cast,
    made: Made,
    listener: Listener,
    status: int,
    dated: bool,
) -> None:
    other = notification_webhooks.create(
        by=cast.operator, name="tickets", url=listener.url, events=["held"]
    )
    asked = format_datetime(stage.time + RESTS, usegmt=True) if dated else "120"
    listener.first, listener.headers = [status], {"Retry-After": asked}
    rows = waiting(stage, made.webhook, 3)
    theirs = waiting(stage, other.webhook)

    assert served(stage, made) == 1
    assert served(stage, made) == 0
    assert served(stage, other) == 1
    assert states([*rows, *theirs]) == ["waiting"] * 3 + ["delivered"]
    assert delivery.lanes_due(stage.time) == []
    until = delivery.rests_until(lane_of(made.webhook), now=stage.time)
    assert until is not None
    assert abs(until - stage.time - RESTS) <= timedelta(seconds=1)

    stage.later(seconds=RESTS.total_seconds() + 2)
    assert served(stage, made) == 3
    assert states(rows) == ["delivered"] * 3


@fault(
    "Retry-After is nonsense, over, or longer than an hour",
    does="nonsense is not heard; more than an hour counts as one hour",
)
@pytest.mark.parametrize(
    ("asked", "pause"),
    [
        ("soon", 5),
        ("-5", 5),
        ("0", 5),
        ("1.5", 5),
        ("٣٠", 5),
        ("30, 60", 5),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 5),
        ("Thu, 32 Foo 9999 99:99:99 GMT", 5),
        ("31", 31),
        ("0" * 20 + "31", 31),
        ("+31", 5),
        ("Thu, 01 Jan 2026", 5),
        ("9" * 5000, 3600),
        ("86400", 3600),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 3600),
    ],
)
def test_what_is_asked_is_bounded(
    stage: Stage,
    made: Made,
    monkeypatch: pytest.MonkeyPatch,
    asked: str,
    pause: int,
) -> None:
    class Busy:
        def send(self, url: str, *, headers: Any, body: bytes) -> Any:
            return Reply(429, "slow down", retry_after=asked)

    monkeypatch.setattr(connect, "post", Busy)
    (row,) = waiting(stage, made.webhook)
    assert served(stage, made) == 1

    row.refresh_from_db()
    assert row.next_at == stage.time + timedelta(seconds=pause)
    lane = lane_of(made.webhook)
    assert delivery.rests_until(lane, now=stage.time) == row.next_at


@fault(
    "410 Gone",
    does="switches the webhook off, says why on its page and in the audit trail, tells"
    " operators once, and drops what waits",
)
def test_a_receiver_that_is_gone_is_switched_off(
    stage: Stage, cast: Cast, made: Made, listener: Listener
) -> None:
    listener.status = 410
    rows = waiting(stage, made.webhook, 3)
    assert served(stage, made) == 1

    hook = Webhook.objects.get()
    assert not hook.active
    assert "410 Gone" in hook.off_because
    assert states(rows) == ["given up", "dropped", "dropped"]
    entry = AuditEntry.objects.get(verb="webhook.switched_off")
    assert entry.note.startswith("chat: Its receiver answered 410 Gone")
    assert entry.after == {"active": False, "delivery": rows[0].pk, "dropped": 2}
    dispatch.tell_due(stage.time)
    assert Notice.objects.get(event="undelivered").person == cast.operator

    listener.status = 200
    hook = notification_webhooks.change(hook.pk, by=cast.operator, active=True)
    assert Webhook.objects.get().off_because == ""
    notification_webhooks.send_again(rows[1].pk, by=cast.operator)
    served(stage, made)
    assert states(rows) == ["given up", "delivered", "dropped"]


@fault(
    "The receiver fails a few times (500, 502) and then takes it",
    does="the same webhook-id and body each time, signed with the time of the try",
)
def test_a_message_keeps_its_name(stage: Stage, made: Made, listener: Listener) -> None:
    listener.first = [500, 502, 200]
    (row,) = waiting(stage, made.webhook)
    for _ in range(3):
        assert served(stage, made) == 1
        stage.later(seconds=61)

    assert states([row]) == ["delivered"]
    assert {got.headers["webhook-id"] for got in listener.got} == {row.token}
    assert len({got.body for got in listener.got}) == 1
    assert len({got.headers["webhook-timestamp"] for got in listener.got}) == 3
    assert len({got.headers["webhook-signature"] for got in listener.got}) == 3


@fault(
    "A message to one receiver cannot be made: any error of our own",
    does="a failed attempt of that message, tried again later; the lane goes on",
)
def test_an_error_about_one_receiver_is_its_own(
    stage: Stage, made: Made, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = HttpPost.send

    def stumble(self: HttpPost, url: str, **more: Any) -> Any:
        if more["body"] == b'{"a":0}':
            raise RuntimeError("nobody knows")
        return real(self, url, **more)

    monkeypatch.setattr(HttpPost, "send", stumble)
    rows = waiting(stage, made.webhook, 2)
    assert served(stage, made) == 2

    assert states(rows) == ["waiting", "delivered"]
    assert "internal error (RuntimeError)" in said(rows[0])


@fault(
    "The webhook's secret cannot be read, since NOVAWEB_SECRET_KEY has changed",
    does="nothing is sent unsigned; says what to do, tries again later",
)
def test_nothing_is_sent_unsigned(
    stage: Stage, made: Made, listener: Listener, settings: Any
) -> None:
    settings.SECRET_KEY = "another" * 10
    (row,) = waiting(stage, made.webhook)
    served(stage, made)

    assert (states([row]), listener.got) == (["waiting"], [])
    assert "NOVAWEB_SECRET_KEY has changed" in said(row)
