"""Actions on webhooks and deliveries.

Only ``create`` and ``rotate`` return a secret, once; audit trail, log and pages contain
only name and address.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, timedelta
from typing import Any

from django.contrib.auth.models import Group, User
from django.db import IntegrityError, transaction
from django.utils import timezone

from migrations_app.access.permissions import Verb
from migrations_app.access.require import require, require_now
from migrations_app.audit import recorder
from migrations_app.errors import Refused, TooLate, Unfit
from migrations_app.integrations import connect
from migrations_app.models import AuditEntry, Delivery, Webhook
from migrations_app.models.lookup import get_or_gone
from migrations_app.notifications import dispatch, webhook_signing
from migrations_app.notifications import messages as notification_messages
from migrations_app.notifications.events import OUTSIDE

# For so long the secret before the last is good, too, so that nobody must hurry.
BOTH = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Made:
    """A webhook with its new secret, which is shown only once."""

    webhook: Webhook
    secret: str


def create(
    *, by: User, name: str, url: str, events: Sequence[str], group: str = ""
) -> Made:
    """Create a webhook. Raises NotAllowed, Unfit, TooLate."""
    require(by, Verb.WEBHOOKS)
    fresh = webhook_signing.new()
    hook = Webhook(
        name=_name(name),
        url=_url(url),
        events=_events(events),
        group=_group(group),
        secret=webhook_signing.seal(fresh),
        created_by_name=by.get_username(),
        created_at=timezone.now(),
    )
    try:
        with transaction.atomic():
            require_now(by, Verb.WEBHOOKS)
            hook.save(force_insert=True)
            recorder.record("webhook.created", by=by, note=hook.name, after=facts(hook))
    except IntegrityError as error:
        raise _taken(hook.name) from error
    return Made(hook, fresh)


def change(
    pk: int,
    *,
    by: User,
    name: str | None = None,
    url: str | None = None,
    events: Sequence[str] | None = None,
    group: str | None = None,
    active: bool | None = None,
    seen: str = "",
) -> Webhook:
    """Change the given fields; waiting messages use the new address, too.

    ``seen`` is the edition that was read; empty: whichever it is. Raises NotAllowed,
    Unfit, Gone, TooLate.
    """
    require(by, Verb.WEBHOOKS)
    wanted: dict[str, Any] = {}
    if name is not None:
        wanted["name"] = _name(name)
    if url is not None:
        wanted["url"] = _url(url)
    if events is not None:
        wanted["events"] = _events(events)
    if group is not None:
        wanted["group"] = _group(group)
    if active is not None:
        wanted["active"] = active
        if active:
            wanted["off_because"] = ""
    try:
        with transaction.atomic():
            require_now(by, Verb.WEBHOOKS)
            hook = webhook(pk, lock=True)
            _require_seen(hook, seen)
            before = facts(hook)
            for field, value in wanted.items():
                setattr(hook, field, value)
            after = facts(hook)
            if before == after:
                return hook
            Webhook.objects.filter(pk=pk).update(**wanted)
            recorder.record(
                "webhook.changed", by=by, note=hook.name, before=before, after=after
            )
    except IntegrityError as error:
        raise _taken(str(wanted.get("name"))) from error
    return hook


def remove(pk: int, *, by: User, seen: str = "") -> None:
    """Remove the webhook; its waiting messages are dropped, the delivery log stays.

    ``seen``, and what is raised, as of ``change``.
    """
    require(by, Verb.WEBHOOKS)
    with transaction.atomic():
        require_now(by, Verb.WEBHOOKS)
        hook = webhook(pk, lock=True)
        _require_seen(hook, seen)
        Delivery.objects.filter(webhook=hook, state="waiting").update(
            state="dropped", next_at=None, ended_at=timezone.now()
        )
        before, name = facts(hook), hook.name
        hook.delete()
        recorder.record("webhook.removed", by=by, note=name, before=before)


def rotate(pk: int, *, by: User, seen: str = "") -> Made:
    """Create a new secret; the previous one also signs for a day.

    ``seen``, and what is raised, as of ``change``.
    """
    require(by, Verb.WEBHOOKS)
    fresh, now = webhook_signing.new(), timezone.now()
    with transaction.atomic():
        require_now(by, Verb.WEBHOOKS)
        hook = webhook(pk, lock=True)
        _require_seen(hook, seen)
        hook.old_secret, hook.old_until = hook.secret, now + BOTH
        hook.secret = webhook_signing.seal(fresh)
        Webhook.objects.filter(pk=pk).update(
            secret=hook.secret, old_secret=hook.old_secret, old_until=hook.old_until
        )
        after = {"old_until": hook.old_until.isoformat()}
        recorder.record("webhook.rotated", by=by, note=hook.name, after=after)
    return Made(hook, fresh)


def reseal() -> tuple[int, list[str]]:
    """Encrypt all secrets with NOVAWEB_SECRET_KEY, whichever key they were under.

    Returns how many webhooks there are that can be read, and the names of the others,
    of which nothing is changed.
    """
    done = 0
    unread: list[str] = []
    with transaction.atomic():
        for hook in Webhook.objects.select_for_update().order_by("pk"):
            try:
                secrets = {
                    name: webhook_signing.resealed(getattr(hook, name))
                    for name in ("secret", "old_secret")
                    if getattr(hook, name)
                }
            except Refused:
                unread.append(hook.name)
                continue
            Webhook.objects.filter(pk=hook.pk).update(**secrets)
            done += 1
        if done:
            after = {"count": done, "unread": unread}
            recorder.record("webhook.resealed", after=after)
    return done, unread


def test(pk: int, *, by: User) -> Delivery:
    """Send a test message; its page shows the result."""
    require(by, Verb.WEBHOOKS)
    hook, now = webhook(pk), timezone.now()
    if not hook.active:
        raise TooLate("The webhook is inactive: activate it first.")
    says = f"This is a test that {by.get_username()} sent."
    url = notification_messages.link("/webhooks/")
    body = {
        "type": "webhook.test",
        "timestamp": now.astimezone(UTC).isoformat(timespec="milliseconds"),
        "text": f"{notification_messages.for_chat(says)} {url}",
        "data": {"event": "test", "sentence": says, "url": url},
    }
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    sent = dispatch.to_webhook(hook, event="test", body=text, now=now)
    with transaction.atomic():
        require_now(by, Verb.WEBHOOKS)
        sent.save(force_insert=True)
        recorder.record("webhook.tested", by=by, note=hook.name)
    return sent


def send_again(pk: int, *, by: User) -> Delivery:
    """Send the message again with the same id. Raises TooLate."""
    require(by, Verb.WEBHOOKS)
    row, now = delivery(pk), timezone.now()
    if row.channel == "webhook" and row.webhook is None:
        raise TooLate("The webhook was removed, so the message cannot be sent.")
    over = Delivery.objects.filter(pk=pk).exclude(state="waiting")
    with transaction.atomic():
        require_now(by, Verb.WEBHOOKS)
        changed = over.update(state="waiting", tries=0, next_at=now, ended_at=None)
        if changed != 1:
            raise TooLate("The message is being sent already.")
        note = f"{row.event} to {row.to}"
        recorder.record("delivery.again", by=by, note=note, after={"delivery": pk})
    row.refresh_from_db()
    return row


def webhook(pk: int, *, lock: bool = False) -> Webhook:
    """Return the webhook. Raises Gone."""
    rows = Webhook.objects.select_for_update(of=("self",)) if lock else Webhook.objects
    return get_or_gone(rows.select_related("group"), pk, "webhook")


def delivery(pk: int) -> Delivery:
    """Return the delivery. Raises Gone."""
    return get_or_gone(Delivery.objects.select_related("webhook"), pk, "delivery")


def edition(hook: Webhook) -> str:
    """Return a name of what the webhook is now; another one after each change."""
    until = hook.old_until.isoformat() if hook.old_until else ""
    told = [facts(hook), hook.off_because, until]
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:32]


def last_change(hook: Webhook) -> AuditEntry | None:
    """Return the entry of the last change by a person, as far as its name tells."""
    verbs = ("webhook.changed", "webhook.rotated")
    rows = AuditEntry.objects.filter(verb__in=verbs, note=hook.name)
    return rows.order_by("-pk").first()


def _require_seen(hook: Webhook, seen: str) -> None:
    if seen and seen != edition(hook):
        raise TooLate("The webhook was changed meanwhile: read it again.")


def facts(hook: Webhook) -> dict[str, Any]:
    """Return the audited facts of a webhook, without its secrets."""
    return {
        "name": hook.name,
        "url": hook.url,
        "events": hook.events,
        "group": hook.group.name if hook.group else "",
        "active": hook.active,
    }


def _name(text: str) -> str:
    text = notification_messages.one_line(text)
    if not text or len(text) > 100:
        raise Unfit("A webhook's name has 1 to 100 characters.")
    return text


def _url(text: str) -> str:
    text = text.strip()
    if len(text) > 500:
        raise Unfit("A webhook's address has at most 500 characters.")
    connect.check_webhook(text)
    return text


def _events(names: Sequence[str]) -> list[str]:
    unknown = sorted(set(names) - set(OUTSIDE))
    if unknown or not names:
        said = f"There is no event “{unknown[0][:40]}”. " if unknown else ""
        raise Unfit(f"{said}Choose one or more of {', '.join(OUTSIDE)}.")
    return [key for key in OUTSIDE if key in names]


def _group(name: str) -> Group | None:
    if not name:
        return None
    group = Group.objects.filter(name=name).first()
    if group is None:
        raise Unfit(f"There is no group “{name[:100]}”.")
    return group


def _taken(name: str) -> TooLate:
    return TooLate(f"There is a webhook of the name “{name}” already.")
