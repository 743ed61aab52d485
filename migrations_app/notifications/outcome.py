"""What comes of an attempt to deliver a message."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from migrations_app.errors import Blocked, WorldError, own_fault
from migrations_app.integrations import connect
from migrations_app.integrations.interfaces.http_post import Reply
from migrations_app.models import Delivery, Webhook
from migrations_app.notifications import mail, retry_after, webhook_signing

log = structlog.get_logger(__name__)
KEPT = 500  # characters of an answer
# "under load" and "come later" (RFC 9110, RFC 6585, Standard Webhooks 1.0)
_BUSY = (429, 502, 503, 504)
# What no table takes, or no page shows: C0 but tab and ends of lines, lone surrogates.
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt, in a word for people: ``answer``.

    ``final``: another attempt is of no use. ``gone``: the receiver wants nothing any
    more. ``busy``: it is in trouble, or says so, so that the other messages wait, too.
    ``wait``: for how long it asks.
    """

    answer: str
    good: bool = False
    status: int | None = None
    final: bool = False
    gone: bool = False
    busy: bool = False
    wait: timedelta | None = None

    @property
    def kept(self) -> str:
        """The answer as it is stored: text that every database takes."""
        return _UNFIT.sub("�", self.answer)[:KEPT]


def attempt(delivery: Delivery, session: mail.Session, *, at: datetime) -> Outcome:
    """Send the message and return what came of it, whatever that was.

    Nothing about one message is raised, so that the next one has its turn.
    """
    try:
        if delivery.channel == "mail":
            return _by_mail(delivery, session, at)
        return _of_webhook(_post(delivery, at), at)
    except WorldError as error:
        busy = delivery.channel == "mail" and not isinstance(error, Blocked)
        final = type(error) is Blocked
        return Outcome(error.sentence, final=final, busy=busy)
    except Exception as error:
        log.exception("a message could not be made", delivery=delivery.pk)
        # the connection may be in the middle of it
        with suppress(Exception):
            session.close()
        return Outcome(own_fault(error))


def _by_mail(delivery: Delivery, session: mail.Session, at: datetime) -> Outcome:
    reply = session.send(delivery, at=at)
    if 200 <= reply.code < 300:
        return Outcome(reply.text, good=True)
    return Outcome(
        f"The mail server refuses the message to this address: {reply.code}"
        f" {reply.text}",
        final=reply.code >= 500,
    )


def _of_webhook(reply: Reply, at: datetime) -> Outcome:
    answer = reply.text
    if 300 <= reply.status < 400:
        answer = (
            f"The server redirects, and novaweb does not follow redirects. {answer}"
        )
    gone = reply.status == 410
    good = 200 <= reply.status < 300
    return Outcome(
        answer,
        good=good,
        status=reply.status,
        final=gone,
        gone=gone,
        busy=reply.status in _BUSY,
        wait=None if good or gone else retry_after.wait(reply.retry_after, now=at),
    )


def _post(delivery: Delivery, at: datetime) -> Reply:
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
