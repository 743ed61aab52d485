"""Reads and writes windows as iCalendar files (RFC 5545).

Only properties that a window has are read. Alarms, attendees and locations are ignored,
and an event that cannot be a window is left out with a sentence.
"""

from __future__ import annotations

import json
import re
import time
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from icalendar import Calendar, Event, vDDDLists, vRecur

from migrations_app.errors import Unfit
from migrations_app.requests.windows.calendar import ics_timezones, recurrence
from migrations_app.requests.windows.calendar.window import (
    WindowKind,
    WindowRule,
    clock,
    moment,
    zone,
)
from migrations_app.wording import LONGEST_TEXT

LARGEST = 512 * 1024  # bytes
MOST_EVENTS = 300
MOST_ZONES = 50  # that a file brings along, each searched for each event
SECONDS = 10.0  # that a file may take
NO_CALENDAR = (
    "This is not a calendar file: it must begin with BEGIN:VCALENDAR and be complete."
)
_FOLD = re.compile(rb"(?:\r?\n)+[ \t]")
PRODUCT = "-//novaweb//windows and freezes//EN"


@dataclass(frozen=True, slots=True)
class Read:
    """Event of a file; ``trouble`` says why it cannot be a window.

    ``kind`` and ``scopes`` are set if the file names them.
    """

    uid: str
    name: str
    reason: str = ""
    time_zone: str = ""
    starts: datetime = datetime.min
    ends: datetime = datetime.min
    recurrence: str = ""
    exceptions: tuple[datetime, ...] = ()
    kind: WindowKind | None = None
    scopes: dict[str, list[str]] = field(default_factory=dict)
    cancelled: bool = False
    trouble: str = ""


@ics_timezones.of_one_file()
def read(text: bytes, *, time_zone: str) -> list[Read]:
    """Return the events of the file; times without a zone are in ``time_zone``.

    Raises Unfit if the file is not a calendar file, or too large.
    """
    zone(time_zone)
    if len(text) > LARGEST:
        raise Unfit(f"The file is larger than {LARGEST // 1024} KiB: split it.")
    # a line may be folded anywhere, and its letters be small (RFC 5545, 3.1, 2)
    lines = _FOLD.sub(b"", text).lower()
    _bound(lines.count(b"begin:vevent"), MOST_EVENTS, "events")
    ics_timezones.bound(lines)
    until = time.monotonic() + SECONDS
    try:
        with warnings.catch_warnings():
            # icalendar's own doubts about a zone's name; ics_timezones.py settles that
            warnings.simplefilter("ignore")
            calendars = Calendar.from_ical(text.decode("utf-8-sig"), multiple=True)
    except Exception as error:
        raise Unfit(f"{NO_CALENDAR} ({str(error)[:120]})") from error
    if not calendars or any(getattr(it, "name", "") != "VCALENDAR" for it in calendars):
        raise Unfit(NO_CALENDAR)
    for kind, most, words in (
        ("VEVENT", MOST_EVENTS, "events"),
        ("VTIMEZONE", MOST_ZONES, "time zones of its own"),
    ):
        _bound(sum(len(it.walk(kind)) for it in calendars), most, words)
    found: list[Read] = []
    for calendar in calendars:
        found += _of_calendar(calendar, time_zone, until)
    return found


def _bound(count: int, most: int, words: str) -> None:
    if count > most:
        raise Unfit(f"The file has more than {most} {words}: split it.")


def _of_calendar(calendar: Any, default: str, until: float) -> list[Read]:
    default = (
        ics_timezones.name(str(calendar.get("X-WR-TIMEZONE", "")), calendar) or default
    )
    whole = str(calendar.get("METHOD", "")).upper() == "CANCEL"
    masters: dict[str, Read] = {}
    changed: list[tuple[Any, Read]] = []
    for number, event in enumerate(calendar.walk("VEVENT"), start=1):
        if time.monotonic() > until:
            raise Unfit(
                f"To read the file takes longer than {SECONDS:.0f} s: split it, or make"
                " its recurrences simpler."
            )
        got = _event(event, calendar, default, number)
        if whole:
            got = replace(got, cancelled=True)
        if "RECURRENCE-ID" in event and not got.trouble:
            changed.append((event["RECURRENCE-ID"], got))
        elif got.uid in masters:
            trouble = "Another event of the file has the same UID."
            masters[f"{got.uid} {number}"] = replace(got, trouble=trouble)
        else:
            masters[got.uid] = got
    alone = [_moved(when, got, masters) for when, got in changed]
    return [*masters.values(), *(each for each in alone if each is not None)]


def _event(event: Any, calendar: Any, default: str, number: int) -> Read:
    name = " ".join(str(event.get("SUMMARY", "")).split())[:100] or f"event {number}"
    uid = str(event.get("UID", ""))[:200]
    got = Read(uid=uid or f"event {number}", name=name)
    try:
        if not uid:
            raise Unfit("It has no UID, so a later import could not find it.")
        return _read(got, event, calendar, default)
    except Unfit as error:
        return replace(got, trouble=error.sentence)
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        return replace(got, trouble=f"It cannot be read: {str(error)[:120]}.")


def _read(got: Read, event: Any, calendar: Any, default: str) -> Read:
    if "DTSTART" not in event:
        raise Unfit("It has no start.")
    if "RDATE" in event or isinstance(event.get("RRULE"), list):
        raise Unfit(
            "It has several recurrence rules, or extra single dates: create a window"
            " for each."
        )
    start = event["DTSTART"]
    place = ics_timezones.of(start, calendar, default)
    # what it says in its own zone, whatever that file makes of the zone
    begins = _clock(start.dt, place) if _is_day(start.dt) else _plain(start.dt)
    rule = event["RRULE"].to_ical().decode() if "RRULE" in event else ""
    return replace(
        got,
        reason=str(event.get("DESCRIPTION", "")).strip()[:LONGEST_TEXT],
        time_zone=place,
        starts=begins,
        ends=_end(event, begins, place, whole_day=_is_day(start.dt)),
        recurrence=recurrence.clean(rule, starts=begins, time_zone=place),
        exceptions=tuple(_exceptions(event, begins, place)),
        kind=_kind(event),
        scopes=_scopes(event),
        cancelled=str(event.get("STATUS", "")).upper() == "CANCELLED",
    )


def _clock(value: date | datetime, place: str) -> datetime:
    """Return the local time in that zone; a date means midnight there."""
    if not isinstance(value, datetime):
        return datetime.combine(value, datetime.min.time())
    if value.tzinfo is None or ics_timezones.is_its_own(value, place):
        return _plain(value)
    return _plain(clock(value, place))


def _plain(value: datetime) -> datetime:
    return value.replace(tzinfo=None, fold=0, microsecond=0)


def _is_day(value: Any) -> bool:
    return not isinstance(value, datetime)


def _end(event: Any, begins: datetime, place: str, *, whole_day: bool) -> datetime:
    if "DTEND" in event:
        return _clock(event["DTEND"].dt, place)
    if "DURATION" in event:
        span: timedelta = event["DURATION"].dt
        return begins + span
    if whole_day:
        return begins + timedelta(days=1)
    raise Unfit("It has no end, so it has no duration.")


def _exceptions(event: Any, begins: datetime, place: str) -> Iterable[datetime]:
    given = event.get("EXDATE", [])
    for part in [given] if isinstance(given, vDDDLists) else given:
        for each in part.dts:
            value: Any = each.dt
            if isinstance(value, datetime):
                yield _clock(value, place)
            else:
                yield datetime.combine(value, begins.time())


def _moved(when: Any, got: Read, masters: dict[str, Read]) -> Read | None:
    """Add the moved occurrence as an exception; return it as a window, if any."""
    if str(when.params.get("RANGE", "")):
        trouble = (
            "It changes all later occurrences of a series: export the whole series"
            " again."
        )
        return replace(got, trouble=trouble)
    master = masters.get(got.uid)
    if master is not None and not master.trouble:
        left_out = _clock(when.dt, master.time_zone)
        if not isinstance(when.dt, datetime):
            left_out = datetime.combine(left_out, master.starts.time())
        masters[got.uid] = replace(master, exceptions=(*master.exceptions, left_out))
    if got.cancelled and (master is None or not master.cancelled):
        return None
    return replace(got, uid=f"{got.uid}#{when.to_ical().decode()}", recurrence="")


def _kind(event: Any) -> WindowKind | None:
    said = str(event.get("X-NOVAWEB-KIND", "")).lower()
    given = event.get("CATEGORIES", [])
    for each in given if isinstance(given, list) else [given]:
        said += "," + each.to_ical().decode().lower()
    for kind in WindowKind:
        if kind in said.split(","):
            return kind
    return None


def _scopes(event: Any) -> dict[str, list[str]]:
    if "X-NOVAWEB-SCOPES" not in event:
        return {}
    given = json.loads(str(event["X-NOVAWEB-SCOPES"]))
    return {
        name: [str(each) for each in given.get(name, [])]
        for name in ("clouds", "zones", "hosts")
    }


def write(windows: Iterable[tuple[WindowRule, str, datetime]]) -> bytes:
    """Return the windows as a calendar file, each with its UID and last change."""
    calendar = Calendar()
    calendar.add("PRODID", PRODUCT)
    calendar.add("VERSION", "2.0")
    calendar.add("X-WR-CALNAME", "novaweb: windows and freezes")
    years = []
    for rule, uid, changed_at in windows:
        calendar.add_component(_written(rule, uid, changed_at))
        years.append(rule.starts.year)
    if years:
        calendar.add_missing_timezones(
            first_date=date(min(years), 1, 1), last_date=date(max(years) + 10, 1, 1)
        )
    return bytes(calendar.to_ical())


def _written(rule: WindowRule, uid: str, changed_at: datetime) -> Event:
    place = zone(rule.time_zone)
    event = Event()
    event.add("UID", uid)
    event.add("DTSTAMP", changed_at.astimezone(UTC))
    event.add("LAST-MODIFIED", changed_at.astimezone(UTC))
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


def _until_in_utc(rule: WindowRule) -> str:
    """Return the recurrence with UNTIL in UTC, as RFC 5545 requires with a zone."""
    parts = []
    for part in rule.recurrence.split(";"):
        if part.startswith("UNTIL="):
            until = datetime.strptime(part[6:], "%Y%m%dT%H%M%S")
            part = f"UNTIL={moment(until, rule.time_zone):%Y%m%dT%H%M%SZ}"
        parts.append(part)
    return ";".join(parts)
