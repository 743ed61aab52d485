"""Template tags for states, times and figures, without database queries."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from migrations_app import wording
from migrations_app.access import permissions
from migrations_app.access.display import as_shown
from migrations_app.audit import recorder
from migrations_app.models import AuditEntry, MigrationRequest, Run
from migrations_app.notifications import messages as notification_messages
from migrations_app.web.tags.labels import procedure_name, state_word

register = template.Library()
register.filter(state_word)
register.filter(procedure_name)

_NO_CAPACITY = SafeString('<span class="text-secondary">not known to Placement</span>')

# state -> (icon, tone): a shape, a word and a colour each, never the colour alone
_STATES = {
    "requested": ("eye", "info"),
    "approved": ("thumb-up", "info"),
    "running": ("loader", "busy"),
    "going_back": ("arrow-back-up", "busy"),
    "held": ("hand-stop", "warn"),
    "completed": ("circle-check", "good"),
    "rolled_back": ("arrow-back-up", "idle"),
    "closed": ("archive", "idle"),
    "rejected": ("circle-x", "bad"),
    "withdrawn": ("circle-minus", "idle"),
    "expired": ("calendar-x", "idle"),
    # drains, and moves that a drain could not start
    "planning": ("loader", "busy"),
    "paused": ("player-pause", "warn"),
    "cancelling": ("loader", "busy"),
    "cancelled": ("circle-minus", "idle"),
    "incomplete": ("alert-triangle", "warn"),
    "failed": ("circle-x", "bad"),
    "left": ("circle-minus", "warn"),
    # steps
    "todo": ("circle", "idle"),
    "under_way": ("loader", "busy"),
    "done": ("circle-check", "good"),
    "undone": ("circle-minus", "idle"),
    # severities of findings, and verdicts of options
    "blocks": ("ban", "bad"),
    "warns": ("alert-triangle", "warn"),
    "unknown": ("help-circle", "unknown"),
    "ok": ("check", "good"),
    # steps of the set-up guide, besides those
    "fails": ("circle-x", "bad"),
    "missing": ("circle-off", "bad"),
    "unused": ("circle-minus", "idle"),
    # windows, and what a calendar file does to them
    "freeze": ("ban", "bad"),
    "maintenance": ("calendar", "good"),
    "retired": ("archive", "idle"),
    "new": ("plus", "good"),
    "changed": ("refresh", "info"),
    "same": ("check", "idle"),
    "merged": ("check", "idle"),
    "left-out": ("circle-x", "bad"),
    # hypervisors
    "up": ("circle-check", "good"),
    "down": ("circle-x", "bad"),
    "enabled": ("circle-check", "good"),
    "disabled": ("circle-off", "warn"),
    "forced_down": ("ban", "bad"),
    # what leaked
    "allocation": ("archive", "warn"),
    "move": ("loader", "warn"),
    "verify": ("hourglass", "warn"),
    "port": ("plug-connected-x", "bad"),
    "domain": ("alert-triangle", "bad"),
    # Nova's words for an instance
    "ACTIVE": ("circle-check", "good"),
    "SHUTOFF": ("player-stop", "idle"),
    "PAUSED": ("player-pause", "idle"),
    "SUSPENDED": ("player-pause", "idle"),
    "ERROR": ("circle-x", "bad"),
    "VERIFY_RESIZE": ("hourglass", "warn"),
    "MIGRATING": ("loader", "busy"),
    "RESIZE": ("loader", "busy"),
    "REBOOT": ("loader", "busy"),
}
_GRAVITY = ("blocks", "unknown", "warns", "ok")


@register.simple_tag
@lru_cache(maxsize=256)
def icon(name: str, label: str = "") -> SafeString:
    """Return the icon; without a label it is decorative."""
    href = f"{static('icons.svg')}#{name}"
    if label:
        return format_html(
            '<svg class="icon" role="img" aria-label="{}"><use href="{}"/></svg>',
            label,
            href,
        )
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}"/></svg>', href
    )


@register.simple_tag
@lru_cache(maxsize=256)
def state(value: str) -> SafeString:
    """Return a state as a chip with icon, word and colour; cached."""
    name, tone = _STATES.get(value, ("help-circle", "unknown"))
    return format_html(
        '<span class="chip chip-{}">{}{}</span>', tone, icon(name), state_word(value)
    )


@register.simple_tag
def state_icon(value: str) -> SafeString:
    """Return the state's icon in its colour; the word must be beside it."""
    name, tone = _STATES.get(str(value), ("help-circle", "unknown"))
    return format_html('<span class="tone-{}">{}</span>', tone, icon(name))


@register.simple_tag
def when(at: datetime | None, style: str = "full") -> SafeString:
    """Return a moment in the zone that the reader chose, else in UTC; see clock.js.

    Styles: full (date and time), minute (no seconds), clock (time of day), and both:
    UTC, and the other time beside it if different.
    """
    if at is None:
        return format_html('<span class="text-secondary">{}</span>', "never")
    at, (there, zone) = at.astimezone(UTC), as_shown(at)
    formats = {"full": "%Y-%m-%d %H:%M:%S", "minute": "%Y-%m-%d %H:%M"}
    if style == "both":
        text = f"{at:%Y-%m-%d %H:%M} UTC"
        if zone != "UTC":
            text += f" ({there:%Y-%m-%d %H:%M} {zone})"
    else:
        text = there.strftime(formats.get(style, "%H:%M:%S"))
    return format_html(
        '<time datetime="{}" data-style="{}" title="{} {}">{}</time>',
        at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        style,
        there.strftime("%A %Y-%m-%d %H:%M:%S"),
        zone,
        text,
    )


@register.simple_tag(takes_context=True)
def since(
    context: template.Context, at: datetime | None, until: datetime | None = None
) -> SafeString:
    """Return a duration; without an end clock.js updates it.

    In streamed parts only the script sets the text, because the part must be constant
    while nothing happens.
    """
    if at is None:
        return SafeString("")
    if until is not None:
        return format_html("<span>{}</span>", duration(until - at))
    text = "" if context.get("streamed") else duration(timezone.now() - at)
    return format_html('<span data-since="{}">{}</span>', at.isoformat(), text)


@register.filter
def duration(value: timedelta | float | None) -> str:
    """Return a span of time in words; None is not known."""
    return "not known" if value is None else wording.duration(value)


@register.filter
def within(text: str) -> str:
    """Return somebody else's text as a part of a sentence."""
    return wording.within(text)


@register.filter
def size(value: float | None) -> str:
    """Return an amount of bytes in a suitable unit."""
    return wording.size(value or 0)


@register.filter
def mib(value: int | None) -> str:
    """Return an amount of MiB in the unit that suits it."""
    return wording.mebibytes(value or 0)


@register.simple_tag
def longest_text() -> int:
    """Return how many characters a note or a reason may have."""
    return wording.LONGEST_TEXT


@register.filter
def dotted(version: int) -> str:
    """Return a hypervisor's version with dots: 8002000 is 8.2.0."""
    if not version:
        return ""
    return f"{version // 1_000_000}.{version // 1000 % 1000}.{version % 1000}"


@register.filter
def sentence(entry: AuditEntry) -> str:
    """Return an audit entry as a sentence."""
    return recorder.sentence(entry)


@register.simple_tag
def copied(total: int, left: int) -> int:
    """Return the copied amount; never more than the total, which may be older."""
    return min(total, max(0, total - left))


@register.filter
def gravest_first(findings: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the findings with the gravest first, in the rules' own order."""
    return sorted(findings, key=lambda each: _GRAVITY.index(each["severity"]))


@register.filter
def as_text(value: Any) -> str:
    """Return a fact as text; lists and dicts as JSON."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "none"
    if isinstance(value, str | int | float):
        return str(value)
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True)


@register.simple_tag(takes_context=True)
def why_not(context: template.Context, verb: str, of: Any = None) -> str:
    """Return why the person may not do that to a request or a run; empty: they may."""
    refusal = permissions.why_not(
        context["person"],
        permissions.Verb(verb),
        request=of if isinstance(of, MigrationRequest) else None,
        run=of if isinstance(of, Run) else None,
    )
    return refusal.sentence if refusal else ""


@register.filter
def ticket_url(ticket: str) -> str:
    """Return the address of the ticket; empty if no address is configured."""
    return notification_messages.ticket_url(ticket)


@register.simple_tag
def bar(used: float, capacity: float, label: str, figures: str = "") -> SafeString:
    """Draw the used part of a capacity, with the figures beside it."""
    if capacity <= 0:
        return _NO_CAPACITY
    share = 100 * used / capacity
    return format_html(
        '<span class="bar-row"><svg class="bar bar-{}" viewBox="0 0 100 8"'
        ' preserveAspectRatio="none" role="img" aria-label="{}: {} %">'
        '<rect class="bar-room" width="100" height="8" rx="2"/>'
        '<rect class="bar-used" width="{}" height="8" rx="2"/></svg>'
        '<span class="bar-figures">{}</span></span>',
        "bad" if share > 95 else "warn" if share > 80 else "good",
        label,
        f"{share:.0f}",
        f"{min(100, max(0, share)):.1f}",
        figures or f"{used:g} of {capacity:g}",
    )
