"""Sends due messages, repeats failed ones, and gives up in the end.

Each webhook, and mail, is a queue with a lease; its holder sends one message after the
other, so that a slow webhook delays only itself. Whatever goes wrong with one message
is a failed attempt of that message alone. A receiver that says that it is under
load, and a mail server in trouble, is left alone for a while: nobody takes its lease
until then. If a process dies between sending and recording, the message is sent again
with the same id (webhook-id, Message-ID): at least once.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from datetime import datetime, timedelta
from functools import cache

import structlog
from django.db import close_old_connections, connection, models, transaction
from django.utils import timezone

from migrations_app.audit import recorder
from migrations_app.models import Attempt, Delivery, Lane, Webhook
from migrations_app.models.lease import Clock, Lease, free
from migrations_app.notifications import dispatch, mail
from migrations_app.notifications.outcome import Outcome, attempt

log = structlog.get_logger(__name__)
# After the first try and each further one; after the last it is given up.
PAUSES = (
    timedelta(seconds=5),
    timedelta(minutes=1),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(days=1),
)
# A receiver in trouble that does not say for how long is left alone for its message's
# pause, and for no longer than this.
REST = timedelta(minutes=1)
# Longer than one message can take; renewed before each.
LEASE = timedelta(seconds=90)
SPELL = 30.0  # seconds for which one turn goes on in a lane
LANES = 8  # how many are served at once in one process


def is_due(now: datetime) -> bool:
    """Return whether there are events to dispatch or messages to send."""
    return dispatch.is_due() or bool(lanes_due(now))


def begin(now: datetime) -> list[Future[int]]:
    """Serve every queue with due messages in threads; the caller need not wait."""
    return [_pool().submit(_turn, key) for key in lanes_due(now)]


def lanes_due(now: datetime) -> list[str]:
    """Return the queues with due messages that no process serves."""
    keys = _due(now).order_by().values_list("lane", flat=True).distinct()
    held = Lane.objects.exclude(free(now)).values_list("key", flat=True)
    return sorted(set(keys) - set(held))


def serve(key: str, *, clock: Clock = timezone.now) -> int:
    """Send the due messages of the queue, oldest first; return the number of attempts.

    Returns at once if another process has the lease, or the receiver is left alone. No
    transaction is open while sending.
    """
    lease = Lease(Lane.objects.filter(key=key), span=LEASE, clock=clock)
    tried, rest = 0, None
    Lane.objects.get_or_create(key=key)
    began = time.monotonic()
    with closing(mail.Session()) as session:
        while not rest and time.monotonic() - began < SPELL and lease.claim():
            due = _due(clock()).filter(lane=key)
            delivery = due.select_related("webhook").order_by("next_at", "pk").first()
            if delivery is None:
                break
            rest = _try(delivery, session, clock)
            tried += 1
    lease.drop(**({"lease_until": clock() + rest} if rest else {}))
    return tried


def rests_until(key: str, *, now: datetime) -> datetime | None:
    """Return until when the queue's receiver is left alone; None: it is not."""
    resting = Lane.objects.filter(key=key, lease="", lease_until__gt=now)
    return resting.values_list("lease_until", flat=True).first()


def _due(now: datetime) -> models.QuerySet[Delivery]:
    return Delivery.objects.filter(state="waiting", next_at__lte=now)


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=LANES, thread_name_prefix="delivery")


_serving: set[str] = set()
_serving_lock = threading.Lock()


def _turn(key: str) -> int:
    with _serving_lock:
        if key in _serving:
            return 0
        _serving.add(key)
    try:
        close_old_connections()
        return serve(key)
    except Exception:
        # what is due stays due, and is rung for again
        log.exception("delivery stumbled", lane=key)
        return 0
    finally:
        connection.close()
        with _serving_lock:
            _serving.discard(key)


def _try(delivery: Delivery, session: mail.Session, clock: Clock) -> timedelta | None:
    """Send the message once and store the result.

    Returns for how long the queue is to rest; None: it need not.
    """
    at, began = clock(), time.monotonic()
    outcome = attempt(delivery, session, at=at)
    note = Attempt(
        delivery=delivery,
        at=at,
        took_ms=round(1000 * (time.monotonic() - began)),
        good=outcome.good,
        status=outcome.status,
        answer=outcome.kept,
    )
    pause = PAUSES[min(delivery.tries, len(PAUSES) - 1)]
    rest = (outcome.wait or min(pause, REST)) if outcome.busy else None
    pause = max(pause, outcome.wait or pause, rest or pause)
    _settle(delivery, note, outcome=outcome, pause=pause, now=clock())
    return rest


def _settle(
    delivery: Delivery,
    note: Attempt,
    *,
    outcome: Outcome,
    pause: timedelta,
    now: datetime,
) -> None:
    """Store the result of an attempt, unless another process was faster."""
    tries = delivery.tries + 1
    ended = {"next_at": None, "ended_at": now, "tries": tries}
    given_up = False
    if outcome.good:
        fields = {"state": "delivered", **ended}
    elif outcome.final or tries > len(PAUSES):
        fields, given_up = {"state": "given up", **ended}, True
    else:
        fields = {"next_at": now + pause, "tries": tries}
    with transaction.atomic():
        mine = Delivery.objects.filter(
            pk=delivery.pk, state="waiting", tries=delivery.tries
        )
        if mine.update(**fields) != 1:
            return
        note.save(force_insert=True)
        if outcome.gone and _switch_off(delivery, now):
            return
        if given_up:
            recorder.record(
                "delivery.given_up",
                note=f"{delivery.event} to {delivery.to}: {note.answer}"[:1000],
                after={"delivery": delivery.pk, "tries": tries},
            )


def _switch_off(delivery: Delivery, now: datetime) -> bool:
    """Switch the webhook off, since its receiver is gone; False: it was off already.

    What waits for it is dropped, and can be sent again.
    """
    if delivery.webhook is None:
        return False
    why = "Its receiver answered 410 Gone: it wants no more messages."
    on = Webhook.objects.filter(pk=delivery.webhook.pk, active=True)
    if on.update(active=False, off_because=why) != 1:
        return False
    waiting = Delivery.objects.filter(webhook=delivery.webhook, state="waiting")
    dropped = waiting.update(state="dropped", next_at=None, ended_at=now)
    recorder.record(
        "webhook.switched_off",
        note=f"{delivery.to}: {why}",
        before={"active": True},
        after={"active": False, "delivery": delivery.pk, "dropped": dropped},
    )
    return True
