"""Sends due messages, repeats failed ones, and gives up in the end.

Each webhook, and mail, is a queue with a lease; its holder sends one message after the
other, so that a slow webhook delays only itself. If a process dies between sending and
recording, the message is sent again with the same id (webhook-id, Message-ID): at least
once.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import cache

import structlog
from django.db import close_old_connections, connection, models, transaction
from django.utils import timezone

from migrations_app.audit import recorder
from migrations_app.errors import Blocked, WorldError
from migrations_app.integrations import connect
from migrations_app.integrations.interfaces.http_post import Reply
from migrations_app.models import Attempt, Delivery, Lane, Webhook
from migrations_app.models.lease import Clock, Lease, free
from migrations_app.notifications import dispatch, mail, webhook_signing

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
# Longer than one message can take; renewed before each.
LEASE = timedelta(seconds=90)
SPELL = 30.0  # seconds for which one turn goes on in a lane
LANES = 8  # how many are served at once in one process


def is_due(now: datetime) -> bool:
    """Return whether there are events to dispatch or messages to send."""
    return dispatch.is_due() or _due(now).exists()


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

    Returns at once if another process has the lease. No transaction is open while
    sending.
    """
    lease = Lease(Lane.objects.filter(key=key), span=LEASE, clock=clock)
    tried = 0
    Lane.objects.get_or_create(key=key)
    began = time.monotonic()
    while time.monotonic() - began < SPELL and lease.claim():
        due = _due(clock()).filter(lane=key)
        delivery = due.select_related("webhook").order_by("next_at", "pk").first()
        if delivery is None:
            break
        _try(delivery, clock)
        tried += 1
    lease.drop()
    return tried


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


def _try(delivery: Delivery, clock: Clock) -> None:
    at, began = clock(), time.monotonic()
    final = False
    try:
        reply = _send(delivery, at)
        good, answer = 200 <= reply.status < 300, reply.text
        status: int | None = reply.status
        # who answers 410 wants no more of it (Standard Webhooks)
        final = reply.status == 410
        if 300 <= reply.status < 400:
            answer = (
                f"The server redirects, and novaweb does not follow redirects. {answer}"
            )
    except WorldError as error:
        good, status, answer = False, None, error.sentence
        final = type(error) is Blocked
    took = round(1000 * (time.monotonic() - began))
    note = Attempt(
        delivery=delivery,
        at=at,
        took_ms=took,
        good=good,
        status=status if delivery.channel == "webhook" else None,
        answer=answer[:500],
    )
    _settle(delivery, note, final=final, now=clock())


def _send(delivery: Delivery, at: datetime) -> Reply:
    if delivery.channel == "mail":
        return mail.send(delivery, at=at)
    hook = delivery.webhook
    if hook is None:
        raise Blocked("The webhook was removed.")
    if not hook.active:
        raise Blocked("The webhook is inactive.")
    body = delivery.body.encode()
    headers = {
        "Content-Type": "application/json",
        "User-Agent": "novaweb",
        "webhook-id": delivery.token,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": _signatures(hook, delivery.token, at, body),
    }
    return connect.post().send(hook.url, headers=headers, body=body)


def _signatures(hook: Webhook, id: str, at: datetime, body: bytes) -> str:
    """Return the signature, and that of the old secret while it is valid."""
    sealed = [hook.secret]
    if hook.old_secret and hook.old_until is not None and at < hook.old_until:
        sealed.append(hook.old_secret)
    return " ".join(
        webhook_signing.signature(
            webhook_signing.unseal(each),
            id=id,
            timestamp=int(at.timestamp()),
            body=body,
        )
        for each in sealed
    )


def _settle(delivery: Delivery, note: Attempt, *, final: bool, now: datetime) -> None:
    """Store the result of an attempt, unless another process was faster."""
    tries = delivery.tries + 1
    ended = {"next_at": None, "ended_at": now, "tries": tries}
    given_up = False
    if note.good:
        fields = {"state": "delivered", **ended}
    elif final or tries > len(PAUSES):
        fields, given_up = {"state": "given up", **ended}, True
    else:
        fields = {"next_at": now + PAUSES[tries - 1], "tries": tries}
    with transaction.atomic():
        mine = Delivery.objects.filter(
            pk=delivery.pk, state="waiting", tries=delivery.tries
        )
        if mine.update(**fields) != 1:
            return
        note.save(force_insert=True)
        if given_up:
            recorder.record(
                "delivery.given_up",
                note=f"{delivery.event} to {delivery.to}: {note.answer}"[:1000],
                after={"delivery": delivery.pk, "tries": tries},
            )
