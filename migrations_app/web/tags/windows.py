"""Template tags for windows, freezes and plan differences."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

from django import forms, template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from migrations_app.requests.windows.calendar import scope
from migrations_app.requests.windows.calendar.window import WindowRule

register = template.Library()

_FREQUENCIES = {
    "DAILY": "every day",
    "WEEKLY": "every week",
    "MONTHLY": "every month",
    "YEARLY": "every year",
}


@register.filter
def about(rule: WindowRule) -> str:
    """Return the scope of the rule in words."""
    return scope.words(rule)


@register.filter
def recurs(rule: WindowRule) -> str:
    """Return the times of the window in short: how often, and from when to when."""
    if not rule.recurrence:
        day = "" if rule.ends.date() == rule.starts.date() else f"{rule.ends:%Y-%m-%d} "
        begin = f"{rule.starts:%Y-%m-%d %H:%M}"
        return f"{begin} – {day}{rule.ends:%H:%M} {rule.time_zone}"
    span = f"{rule.starts:%H:%M}–{rule.ends:%H:%M} {rule.time_zone}"
    parts = dict(part.split("=", 1) for part in rule.recurrence.split(";"))
    often = _FREQUENCIES[parts["FREQ"]]
    if parts.get("INTERVAL", "1") != "1":
        often = often.replace("every ", f"every {parts['INTERVAL']} ") + "s"
    days = f" on {parts['BYDAY'].replace(',', ', ')}" if "BYDAY" in parts else ""
    return f"{often}{days}, {span}"


@register.filter
def time_zones(_: str) -> list[str]:
    """Return the names of all time zones, for a select list."""
    return _zones()


@register.filter
def words(text: str) -> list[str]:
    """Return the words of the text."""
    return text.split()


@register.filter
def value_of(form: forms.Form, name: str) -> Any:
    """Return the entered value of the field."""
    return form[name].value() or ""


@register.filter
def mark(kind: str) -> str:
    """Return the sign of a difference, as in a diff."""
    return {"added": "+", "removed": "\N{MINUS SIGN}"}.get(kind, "~")


@lru_cache(maxsize=1)
def _zones() -> list[str]:
    known = available_timezones()
    return sorted(name for name in known if "/" in name and not name.startswith("Etc"))


@register.simple_tag
def opening(begins: datetime, ends: datetime, chosen: str | None) -> SafeString:
    """Return a span of time as an option, in UTC."""
    value = f"{begins.isoformat()}/{ends.isoformat()}"
    text = f"{begins:%A %Y-%m-%d %H:%M} – {ends:%Y-%m-%d %H:%M} UTC"
    marks = SafeString(" selected" if value == chosen else "")
    return format_html('<option value="{}"{}>{}</option>', value, marks, text)
