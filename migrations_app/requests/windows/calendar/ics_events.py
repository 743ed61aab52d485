"""Reads one event of a calendar file as a window, or says why it cannot be one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, time, timedelta

from migrations_app.errors import Unfit
from migrations_app.requests.windows.calendar import (
    ics_places,
    ics_series,
    ics_times,
    recurrence,
)
from migrations_app.requests.windows.calendar.clock_changes import Clocks
from migrations_app.requests.windows.calendar.ics_lines import Component
from migrations_app.requests.windows.calendar.ics_read import Read
from migrations_app.requests.windows.calendar.ics_times import Span, Time
from migrations_app.requests.windows.calendar.ics_timezones import Zones
from migrations_app.requests.windows.calendar.window import WindowKind
from migrations_app.wording import LONGEST_TEXT, whole_number

MOST_EXTRA = 100  # single times beside the recurrence of an event
_NOT_EVENTS = {
    "REPLY": "an answer to an invitation",
    "COUNTER": "a proposal to change an event",
    "DECLINECOUNTER": "an answer to a proposal",
    "REFRESH": "a question for an event",
    "ADD": "an addition to a series",
}


def read(event: Component, zones: Zones, method: str, number: int) -> Read:
    """Return the event, which is the ``number``-th of its file."""
    name = " ".join(event.text("SUMMARY").split())[:100] or f"event {number}"
    uid = event.text("UID")[:200]
    sequence = whole_number(event.text("SEQUENCE"), most=2**31) or 0
    stamp = event.text("LAST-MODIFIED") or event.text("DTSTAMP")
    got = Read(
        uid=uid or f"event {number}",
        name=name,
        reason=event.text("DESCRIPTION")[:LONGEST_TEXT],
        cancelled=method == "CANCEL" or event.text("STATUS").upper() == "CANCELLED",
        version=(sequence, stamp),
    )
    try:
        if not event.whole:
            raise Unfit("It is not complete: its END:VEVENT is missing.")
        if not uid:
            raise Unfit("It has no UID, so a later import could not find it.")
        if method in _NOT_EVENTS:
            raise Unfit(
                f"It is {_NOT_EVENTS[method]} (METHOD:{method}): export the event."
            )
        got = _series(got, event, zones)
    except Unfit as error:
        return replace(got, trouble=error.sentence)
    try:
        return _read(got, event, zones)
    except Unfit as error:
        trouble = error.sentence
    except Exception as error:  # noqa: BLE001 - one event must not stop the others
        trouble = f"It cannot be read ({type(error).__name__})."
    # what it cancels is found by its UID, whatever its times are
    return got if got.cancelled else replace(got, trouble=trouble)


def _series(got: Read, event: Component, zones: Zones) -> Read:
    when = event.first("RECURRENCE-ID")
    if when is None:
        return got
    return replace(
        got,
        uid=f"{got.uid}#{when.value.strip()[:40]}",
        series=got.uid,
        original=ics_times.one(when, zones),
        later=when.parameters.get("RANGE", "").upper() == "THISANDFUTURE",
    )


def _read(got: Read, event: Component, zones: Zones) -> Read:
    given = event.first("DTSTART")
    if given is None:
        raise Unfit("It has no start.")
    if event.first("EXRULE") or len(event.all("RRULE")) > 1:
        raise Unfit(
            "It has several recurrence rules, or one of exceptions (EXRULE): create a"
            " window for each."
        )
    own, remarks = ics_times.place(given, zones)
    start = ics_times.one(given, zones)
    begins = start.on(own)
    if event.text("STATUS").upper() == "TENTATIVE":
        remarks.append("It is tentative in its calendar.")
    (ends, over), words = _end(event, start, begins, own, zones)
    got = replace(
        got, kind=_kind(event), scopes=_scopes(event), starts=begins, ends=ends
    ).remarked(*remarks, *words)
    moments = (start.moment(own), over)
    if got.series and not got.later:
        placed = ics_places.of_one(got, moments, own, zones)
    else:
        placed = _recurring(got, moments, event, start, own, zones)
    if start.day or start.clocks is not None:
        return placed
    return placed.remarked(
        f"Its times have no zone: they are read in {placed.time_zone}."
    )


def _recurring(
    got: Read,
    moments: tuple[datetime, datetime],
    event: Component,
    start: Time,
    own: Clocks,
    zones: Zones,
) -> Read:
    begins = got.starts
    rule = event.first("RRULE")
    text, words = _rule(rule.value if rule else "", start, begins, own, zones)
    got = replace(
        got,
        recurrence=text,
        exceptions=tuple(_exceptions(event, start, begins, own, zones)),
        extra=tuple(_extra(got, event, own, zones)),
    ).remarked(*words)
    if text:
        singles = {
            ics_times.start_of(each, begins, own)
            for given in event.all("RDATE")
            for each, _ in ics_times.many(given, zones)
        }
        got = got.remarked(ics_series.ineffective(got, singles))
        return ics_places.of_series(got, own, zones)
    if begins in got.exceptions and not got.extra:
        raise Unfit("Its only time is one of its exceptions.")
    if begins in got.exceptions:
        return replace(got, time_zone="UTC", part="Its first time is an exception.")
    return ics_places.of_one(got, moments, own, zones)


def _end(
    event: Component, start: Time, begins: datetime, own: Clocks, zones: Zones
) -> tuple[tuple[datetime, datetime], list[str]]:
    """Return the end by the event's own clocks and in UTC, and remarks."""
    given = event.first("DTEND")
    if given is not None:
        end = ics_times.one(given, zones)
        local = end.on(own)
        if start.day and local == begins:
            words = "It ends on the day on which it begins: that whole day counts."
            local += timedelta(days=1)
            return (local, own.moment(local)), [words]
        if end.moment(own) <= start.moment(own):
            raise Unfit("It ends when it begins, or before.")
        return (local, end.moment(own)), _both(event)
    length = event.first("DURATION")
    if length is not None:
        span = ics_times.span(length.value)
        if not span.by_clock:
            raise Unfit("It has no duration.")
        exact = span.after(begins, own)
        if event.first("RRULE") is None and event.first("RDATE") is None:
            return (own.clock(exact), exact), []
        return (begins + span.by_clock, exact), []
    if start.day:
        local = begins + timedelta(days=1)
        return (local, own.moment(local)), []
    raise Unfit("It has no end, so it has no duration.")


def _both(event: Component) -> list[str]:
    """Return a remark if there is a duration beside the end (RFC 5545, 3.6.1)."""
    if event.first("DURATION") is None:
        return []
    return ["It has an end and a duration, which no event may have: the end counts."]


def _rule(
    text: str, start: Time, begins: datetime, own: Clocks, zones: Zones
) -> tuple[str, list[str]]:
    """Return the recurrence with its end by the event's clocks, and remarks."""
    parts, remarks = [], []
    for part in text.strip().upper().split(";"):
        name, _, value = part.strip().partition("=")
        if name == "UNTIL":
            last, words = ics_times.last_of(value, days=start.day, own=own, zones=zones)
            remarks.append(words)
            value = f"{last:%Y%m%dT%H%M%S}"
        # the time of day of the start, said again
        clock = {"BYHOUR": begins.hour, "BYMINUTE": begins.minute, "BYSECOND": 0}
        same = value.isdecimal() and len(value) < 3 and clock.get(name) == int(value)
        # what holds without being said (RFC 7529, 4.1)
        same = same or (name, value) in (("RSCALE", "GREGORIAN"), ("SKIP", "OMIT"))
        if name and not same:
            parts.append(f"{name}={value}")
    # its UNTIL is a local time by now, so the zone does not count
    plain = recurrence.clean(";".join(parts), starts=begins, time_zone="UTC")
    return plain, remarks


def _exceptions(
    event: Component, start: Time, begins: datetime, own: Clocks, zones: Zones
) -> Iterator[datetime]:
    for given in event.all("EXDATE"):
        for each, _ in ics_times.many(given, zones):
            if start.day and not each.day:
                day, _ = ics_times.day_of(each, own, zones)
                yield datetime.combine(day, time(0))
            else:
                yield ics_times.start_of(each, begins, own)


def _extra(got: Read, event: Component, own: Clocks, zones: Zones) -> Iterator[Read]:
    """Yield the single times by RDATE as events of their own."""
    length = got.ends - got.starts
    left_out = {
        ics_times.start_of(each, got.starts, own)
        for given in event.all("EXDATE")
        for each, _ in ics_times.many(given, zones)
    }
    found: dict[datetime, tuple[datetime, datetime]] = {}
    for given in event.all("RDATE"):
        for each, end in ics_times.many(given, zones):
            at = ics_times.start_of(each, got.starts, own)
            begins = own.moment(at) if each.day else each.moment(own)
            if isinstance(end, Span):
                found[at] = (begins, end.after(at, own))
            elif end is not None:
                found[at] = (begins, end.moment(own))
            else:
                found[at] = (begins, own.moment(at + length))
            if len(found) > MOST_EXTRA:
                raise Unfit(
                    f"It has more than {MOST_EXTRA} extra single dates (RDATE): give it"
                    " a recurrence."
                )
    for at in sorted(found.keys() - {got.starts, *left_out}):
        one = replace(
            got,
            uid=f"{got.uid}#{at:%Y%m%dT%H%M%S}",
            remarks=(f"It is an extra time of “{got.name}”.",),
        )
        yield ics_places.of_one(one, found[at], own, zones)


def _kind(event: Component) -> WindowKind | None:
    said = [event.text("X-NOVAWEB-KIND"), *event.words("CATEGORIES")]
    words = {each.casefold() for each in said}
    return next((kind for kind in WindowKind if kind in words), None)


def _scopes(event: Component) -> dict[str, list[str]]:
    said = event.text("X-NOVAWEB-SCOPES")
    if not said:
        return {}
    try:
        given = json.loads(said)
        return {
            name: [str(each) for each in given.get(name, [])]
            for name in ("clouds", "zones", "hosts")
        }
    except (AttributeError, RecursionError, TypeError, ValueError):
        raise Unfit(
            "Its X-NOVAWEB-SCOPES cannot be read: export it from novaweb again, or"
            " leave that line out."
        ) from None
