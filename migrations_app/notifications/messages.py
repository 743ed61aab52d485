"""Texts of messages for each channel; user input is always escaped."""

from __future__ import annotations

import json
import re
from datetime import UTC
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.urls import reverse

from migrations_app.audit import recorder
from migrations_app.models import AuditEntry, MigrationRequest
from migrations_app.notifications.events import SAYS, Event

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_MARKUP = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
# An @ before a word calls everybody in a chat; this space has no width.
_CALL = re.compile(r"@(?=\w)")
# What makes a link of what follows, wherever it begins (Markdown's _ may go before): a
# scheme, a name that begins with www, and the middle of Markdown's [words](address) and
# [words][name].
_LINK = re.compile(
    r":(?=//)|(?:mailto|tel|sms|data|javascript):|www(?=\.)|\](?=[\[(:])",
    re.IGNORECASE,
)


def sentence(entry: AuditEntry, *, as_verb: str = "") -> str:
    """Return the event as one sentence."""
    template = SAYS.get(as_verb or entry.verb)
    if template is None:
        text = recorder.sentence(entry)
    else:
        text = template.format(
            actor=entry.actor_name,
            instance=entry.instance_name or entry.instance or "an instance",
            source=entry.source or "?",
            target=entry.target or "a host chosen by the scheduler",
        )
    return one_line(text) + "."


def path(entry: AuditEntry) -> str:
    """Return the path of the page about it."""
    if entry.verb in ("run.held", "run.closed") and entry.run_number:
        return reverse("run", args=[entry.run_number])
    if entry.request_number:
        return reverse("request", args=[entry.request_number])
    if entry.verb.startswith("service.") and entry.source:
        place = reverse("hypervisor", args=[entry.source])
        return f"{place}?cloud={quote(entry.cloud)}" if entry.cloud else place
    if entry.verb == "webhook.switched_off":
        return reverse("webhooks")
    return reverse("notices")


def link(where: str) -> str:
    """Return the path as an absolute address."""
    base: str = settings.NOVAWEB_URL
    return base.rstrip("/") + where


def one_line(text: str) -> str:
    """Return the text in one line, without control characters."""
    return _CONTROL.sub(" ", text).strip()


def subject(entry: AuditEntry, event: Event) -> str:
    """Return the subject: short, one line, the same for one request."""
    what = ""
    if entry.request_number:
        what = f"#{entry.request_number} {entry.instance_name or entry.instance}: "
    elif entry.source:
        what = f"{entry.source}: "
    return one_line(f"[novaweb] {what}{event.title}")[:200]


def mail(
    entry: AuditEntry,
    event: Event,
    request: MigrationRequest | None,
    *,
    as_verb: str = "",
) -> str:
    """Return the text of a message to a person."""
    parts = [sentence(entry, as_verb=as_verb)]
    if entry.note:
        parts.append(_quoted(entry.note))
    if request is not None:
        facts = [f"Reason: {one_line(request.reason)}"]
        if request.ticket:
            place = ticket_url(request.ticket)
            facts.append(f"Ticket: {one_line(request.ticket)} {place}".rstrip())
        if request.window_start or request.window_end:
            facts.append(f"Window: {_window(request)}")
        parts.append("\n".join(facts))
    parts.append(link(path(entry)))
    parts.append(
        f"-- \nYou get this message because of the event “{event.title}”."
        f" Notification settings:\n{link(reverse('choices'))}"
    )
    return "\n\n".join(parts) + "\n"


def payload(entry: AuditEntry, event: Event, *, as_verb: str = "") -> str:
    """Return the body of a webhook's message as JSON; docs/notifications.md."""
    says = sentence(entry, as_verb=as_verb)
    where = link(path(entry))
    note = f" “{one_line(entry.note)[:300]}”" if entry.note else ""
    body: dict[str, Any] = {
        "type": as_verb or entry.verb,
        "timestamp": _iso(entry),
        "text": f"{for_chat(says + note)} {where}",
        "data": {
            "entry": entry.pk,
            "event": event.key,
            "sentence": says,
            "url": where,
            "actor": entry.actor_name,
            "cloud": entry.cloud,
            "request": entry.request_number,
            "run": entry.run_number,
            "instance": {"id": entry.instance, "name": entry.instance_name}
            if entry.instance
            else None,
            "source": entry.source,
            "target": entry.target,
            "ticket": entry.ticket,
            "ticket_url": ticket_url(entry.ticket),
            "note": entry.note,
        },
    }
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def for_chat(text: str) -> str:
    """Return the text with links and mentions of chat programs disabled.

    What a person wrote looks like novaweb's own word there: it must lead nowhere.
    """
    plain = _LINK.sub("\\g<0>\u200b", text.translate(_MARKUP))
    return _CALL.sub("@\u200b", plain)


def ticket_url(ticket: str) -> str:
    """Return the address of the ticket; empty if no address is configured."""
    place: str = settings.NOVAWEB_TICKET_URL
    return place.replace("{ticket}", quote(ticket, safe="")) if place and ticket else ""


def _quoted(text: str) -> str:
    lines = [_CONTROL.sub(" ", line) for line in text.splitlines()]
    return "\n".join(f"> {line}".rstrip() for line in lines)


def _window(request: MigrationRequest) -> str:
    begin, end = request.window_start, request.window_end
    words = [
        f"from {begin.astimezone(UTC):%F %H:%M}" if begin else "",
        f"until {end.astimezone(UTC):%F %H:%M}" if end else "",
    ]
    return " ".join(word for word in words if word) + " UTC"


def _iso(entry: AuditEntry) -> str:
    return entry.at.astimezone(UTC).isoformat(timespec="milliseconds")
