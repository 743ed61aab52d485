"""Dispatches audit entries to recipients, each entry exactly once.

The audit trail is the outbox: an entry exists if and only if its change exists, and the
numbers grow in the order of commits, because all writers lock the head of the chain. So
one number records the progress. It is updated in the transaction that stores the
recipients: a crash loses no entry, and none is dispatched twice.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import DatabaseError, DataError, IntegrityError, transaction

from migrations_app.models import AuditEntry, Delivery, Notice, Told, Webhook
from migrations_app.notifications import mail, preferences, recipients
from migrations_app.notifications import messages as notification_messages
from migrations_app.notifications.events import (
    NEXT_STAGE,
    OF_VERB,
    Channel,
    Event,
    Scope,
)
from migrations_app.notifications.preferences import Chosen
from migrations_app.notifications.recipients import House

log = structlog.get_logger(__name__)
BATCH = 200  # entries told in one transaction
MAIL = "mail"


def is_due() -> bool:
    """Return whether there are entries that were not dispatched."""
    told = Told.objects.filter(pk=1).values_list("entry", flat=True).first()
    last = AuditEntry.objects.order_by("-pk").values_list("pk", flat=True).first()
    return told is not None and last is not None and last > told


def tell_due(now: datetime) -> int:
    """Dispatch all entries; return how many were examined."""
    looked = 0
    while count := _tell_batch(now):
        looked += count
        if count < BATCH:
            break
    return looked


def _tell_batch(now: datetime) -> int:
    """Dispatch the next entries, each by itself where the database refuses them.

    What it refuses is one text that is too long or no text; the others are told.
    """
    try:
        return _tell(now, most=BATCH)
    except (DataError, IntegrityError, ValueError):
        log.exception("entries are told one by one")
    looked = 0
    while looked < BATCH:
        try:
            count = _tell(now, most=1)
        except (DataError, IntegrityError, ValueError):
            log.exception("an entry is told to nobody")
            count = _tell(now, most=1, nobody=True)
        looked += count
        if not count:
            break
    return looked


def _tell(now: datetime, *, most: int, nobody: bool = False) -> int:
    """Dispatch the next entries; a lock lets only one process do it.

    With ``nobody`` they are passed over.
    """
    told = Told.objects.filter(pk=1).values_list("entry", flat=True).first()
    if told is None:
        return 0
    new = AuditEntry.objects.filter(pk__gt=told).order_by("pk")[:most]
    entries = list(new)
    if not entries:
        return 0
    heard = [entry for entry in entries if entry.verb in OF_VERB and not nobody]
    notices, deliveries = _for_all(heard, now) if heard else ([], [])
    with transaction.atomic():
        moved = Told.objects.filter(pk=1, entry=told).update(entry=entries[-1].pk)
        if moved != 1:
            return 0
        Notice.objects.bulk_create(notices, batch_size=500)
        Delivery.objects.bulk_create(deliveries, batch_size=500)
    return len(entries)


def _for_all(
    entries: Sequence[AuditEntry], now: datetime
) -> tuple[list[Notice], list[Delivery]]:
    house, chosen = recipients.read(entries, now=now), preferences.read()
    hooks = list(Webhook.objects.filter(active=True))
    notices: list[Notice] = []
    deliveries: list[Delivery] = []
    for entry in entries:
        try:
            mine = _of_one(entry, house, chosen, hooks, now)
        except DatabaseError:
            raise
        except Exception:
            # a mistake of ours about one entry must not keep all later ones untold
            log.exception("an entry is told to nobody", entry=entry.pk)
            continue
        notices += mine[0]
        deliveries += mine[1]
    return notices, deliveries


def _of_one(
    entry: AuditEntry,
    house: House,
    chosen: Chosen,
    hooks: Sequence[Webhook],
    now: datetime,
) -> tuple[list[Notice], list[Delivery]]:
    notices: dict[int, Notice] = {}
    deliveries: list[Delivery] = []
    for event in _events(entry, house):
        news = News(entry, event, house.concerned(event, entry))
        for each in _readers(news, Channel.APP, house, chosen):
            notices.setdefault(each.id, _notice(news, each))
        if mail.configured():
            readers = _readers(news, Channel.MAIL, house, chosen)
            deliveries += [
                _mail(news, each, house, now) for each in readers if each.mail.strip()
            ]
        deliveries += _to_webhooks(news, house, hooks, now)
    return list(notices.values()), deliveries


@dataclass(frozen=True, slots=True)
class News:
    """Event of an entry, and the ids of its recipients."""

    entry: AuditEntry
    event: Event
    concerned: set[int]

    @property
    def says(self) -> str:
        """The verb of the message: the entry's, or one derived from it."""
        follows = self.event is not OF_VERB[self.entry.verb]
        return NEXT_STAGE if follows else self.entry.verb


def _events(entry: AuditEntry, house: House) -> list[Event]:
    """Return the events of the entry; some entries have several."""
    event = OF_VERB[entry.verb]
    return [recipients.WAITS, event] if house.next_stage(entry) else [event]


def _readers(
    news: News, channel: Channel, house: House, chosen: Chosen
) -> list[recipients.Reader]:
    found = []
    for each in house.readers:
        scope = chosen.scope(news.event, channel, person=each.id, groups=each.groups)
        mine = scope is Scope.MINE and each.id in news.concerned
        others = scope is Scope.ALL and each.id != news.entry.actor_id
        if mine or others:
            found.append(each)
    return found


def _notice(news: News, reader: recipients.Reader) -> Notice:
    entry = news.entry
    return Notice(
        person_id=reader.id,
        entry=entry.pk,
        event=news.event.key,
        verb=news.says,
        text=notification_messages.sentence(entry, as_verb=news.says),
        note=entry.note,
        request_number=entry.request_number,
        run_number=entry.run_number,
        path=notification_messages.path(entry),
        at=entry.at,
    )


def _mail(
    news: News, reader: recipients.Reader, house: House, now: datetime
) -> Delivery:
    entry = news.entry
    request = house.requests.get(entry.request_number or 0)
    return Delivery(
        token=new_token(),
        channel="mail",
        lane=MAIL,
        person_id=reader.id,
        to=reader.mail.strip(),
        event=news.event.key,
        entry=entry.pk,
        request_number=entry.request_number,
        subject=notification_messages.subject(entry, news.event),
        body=notification_messages.mail(entry, news.event, request, as_verb=news.says),
        next_at=now,
        made_at=now,
    )


def _to_webhooks(
    news: News, house: House, hooks: Sequence[Webhook], now: datetime
) -> list[Delivery]:
    entry, event = news.entry, news.event
    if not event.outside:
        return []
    groups = {
        group
        for each in house.readers
        if each.id in news.concerned
        for group in each.groups
    }
    return [
        to_webhook(
            hook,
            event=event.key,
            body=notification_messages.payload(entry, event, as_verb=news.says),
            entry=entry.pk,
            request_number=entry.request_number,
            now=now,
        )
        for hook in hooks
        if event.key in hook.events and hook.group_id in {None, *groups}
    ]


def to_webhook(
    hook: Webhook,
    *,
    event: str,
    body: str,
    now: datetime,
    entry: int | None = None,
    request_number: int | None = None,
) -> Delivery:
    """Return an unsaved message to that webhook."""
    return Delivery(
        token=new_token(),
        channel="webhook",
        lane=f"webhook:{hook.pk}",
        webhook=hook,
        to=hook.name,
        event=event,
        entry=entry,
        request_number=request_number,
        body=body,
        next_at=now,
        made_at=now,
    )


def new_token() -> str:
    """Return a unique message id, which is kept at every attempt."""
    return f"msg_{secrets.token_hex(16)}"
