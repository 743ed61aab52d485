"""Writes windows as an iCalendar file (RFC 5545)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from icalendar import Calendar, Event, vRecur

from migrations_app.requests.windows.calendar import ics_written_zones
from migrations_app.requests.windows.calendar.window import WindowRule, moment, zone

PRODUCT = "-//novaweb//windows and freezes//EN"


@dataclass(frozen=True, slots=True)
class Written:
    """A window with what names it in calendar files: its UID, version, last change."""

    rule: WindowRule
    uid: str
    version: int
    changed_at: datetime


def write(windows: Iterable[Written]) -> bytes:
    """Return the windows as a calendar file; the same windows give the same file.

    The file explains its zones from a year before the first window on: programs that
    know no zone by its name read the times right, too.
    """
    calendar = Calendar()
    calendar.add("PRODID", PRODUCT)
    calendar.add("VERSION", "2.0")
    calendar.add("X-WR-CALNAME", "novaweb: windows and freezes")
    windows = sorted(windows, key=lambda each: each.uid)
    first: dict[str, int] = {}
    for each in windows:
        year = each.rule.starts.year - 1
        first[each.rule.time_zone] = min(year, first.get(each.rule.time_zone, year))
    for name in sorted(first):
        if not _is_utc(name):
            calendar.add_component(ics_written_zones.explained(name, first[name]))
    for each in windows:
        calendar.add_component(_event(each))
    return bytes(calendar.to_ical())


def _event(window: Written) -> Event:
    rule, changed = (
        window.rule,
        window.changed_at.astimezone(UTC).replace(microsecond=0),
    )
    place = UTC if _is_utc(rule.time_zone) else zone(rule.time_zone)
    event = Event()
    event.add("UID", window.uid)
    event.add("DTSTAMP", changed)
    event.add("LAST-MODIFIED", changed)
    event.add("SEQUENCE", window.version - 1)
    event.add("SUMMARY", rule.name)
    event.add("DESCRIPTION", rule.reason)
    event.add("CATEGORIES", [str(rule.kind).upper()])
    event.add("DTSTART", rule.starts.replace(tzinfo=place))
    event.add("DTEND", rule.ends.replace(tzinfo=place))
    if rule.recurrence:
        event.add("RRULE", vRecur.from_ical(_until_in_utc(rule)))
    if rule.exceptions:
        event.add("EXDATE", [each.replace(tzinfo=place) for each in rule.exceptions])
    scopes = {
        "clouds": sorted(rule.clouds),
        "zones": sorted(rule.zones),
        "hosts": sorted(rule.hosts),
    }
    event.add("X-NOVAWEB-KIND", str(rule.kind))
    event.add("X-NOVAWEB-SCOPES", json.dumps(scopes, separators=(",", ":")))
    return event


def _is_utc(name: str) -> bool:
    return name in ("UTC", "Etc/UTC")


def _until_in_utc(rule: WindowRule) -> str:
    """Return the recurrence with UNTIL in UTC, as RFC 5545 requires with a zone."""
    parts = []
    for part in rule.recurrence.split(";"):
        if part.startswith("UNTIL="):
            until = datetime.strptime(part[6:], "%Y%m%dT%H%M%S")
            part = f"UNTIL={moment(until, rule.time_zone):%Y%m%dT%H%M%SZ}"
        parts.append(part)
    return ";".join(parts)
