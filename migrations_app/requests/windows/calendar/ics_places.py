"""Finds the IANA name for the clocks by which an event of a calendar file goes.

A window keeps local times and an IANA name, so clocks that only the file explains need
a zone whose clocks show the same at every time of the event.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from migrations_app.errors import Unfit
from migrations_app.requests.windows.calendar import recurrence
from migrations_app.requests.windows.calendar.clock_changes import (
    LAST,
    Clocks,
    Explained,
    Named,
)
from migrations_app.requests.windows.calendar.ics_read import Read
from migrations_app.requests.windows.calendar.ics_timezones import Zones

MOST_STARTS = 4000  # of a series, that are compared: ten years of days


def of_one(
    got: Read, moments: tuple[datetime, datetime], own: Clocks, zones: Zones
) -> Read:
    """Return the single event between these moments, with zone, start and end."""
    shown = tuple(own.clock(at) for at in moments)
    for name in _names(own, zones):
        place = Named(name)
        if tuple(place.clock(at) for at in moments) != shown:
            continue
        # as window.occurrence() will read it: of an hour that comes twice, the first
        if tuple(place.moment(clock) for clock in shown) == moments:
            got = replace(got, time_zone=name, starts=shown[0], ends=shown[1])
            return got.remarked(_other(own, name))
        break
    starts, ends = (at.astimezone(UTC).replace(tzinfo=None) for at in moments)
    return replace(got, time_zone="UTC", starts=starts, ends=ends).remarked(
        "Its times are kept in UTC: no zone’s clocks show them as the file has them."
    )


def of_series(got: Read, own: Clocks, zones: Zones) -> Read:
    """Return the series with its zone. Raises Unfit if no zone's clocks go alike."""
    if isinstance(own, Named):
        return replace(got, time_zone=own.name)
    if not isinstance(own, Explained):
        raise TypeError(own)
    first = own.moment(got.starts)
    until = own.known_until
    begun = until is not None and until > first.replace(tzinfo=None)
    last = until if until is not None and begun else datetime(LAST, 1, 1)
    times: list[datetime] | None = None
    for name in _names(own, zones):
        if Named(name).moment(got.starts) != first:
            continue
        spans = [each for each in own.differences(name) if each[0] < last]
        if spans and times is None:
            times = sorted(_times(got, last))
        if not spans or not _meet(times or [], spans):
            return replace(got, time_zone=name).remarked(_other(own, name))
    raise Unfit(
        f"Its time zone, “{own.tzid[:60]}”, is explained by the file, but the clocks of"
        " no known zone go like that: name it as IANA does, or export it again."
    )


def _names(own: Clocks, zones: Zones) -> Iterator[str]:
    if isinstance(own, Named):
        yield own.name
    elif isinstance(own, Explained):
        yield from zones.candidates(own)


def _times(got: Read, last: datetime) -> Iterator[datetime]:
    """Yield the starts and ends of the event, by its own clocks."""
    length: timedelta = got.ends - got.starts
    yield from (got.starts, got.ends)
    left_out = set(got.exceptions)
    for number, start in enumerate(
        recurrence.starts_of(got.recurrence, got.starts), start=1
    ):
        if start > last or number > MOST_STARTS:
            return
        if start not in left_out:
            yield from (start, start + length)


def _meet(times: list[datetime], spans: list[tuple[datetime, datetime]]) -> bool:
    """Return whether one of the times, in order, is within one of the spans."""
    begins = [begin for begin, _ in spans]
    for at in times:
        number = bisect_right(begins, at) - 1
        if number >= 0 and at < spans[number][1]:
            return True
    return False


def _other(own: Clocks, name: str) -> str:
    """Return a remark if the zone's name in the file says another zone."""
    if not isinstance(own, Explained) or not own.names or name in own.names:
        return ""
    return (
        f"The file explains its time zone “{own.tzid[:60]}” otherwise than"
        f" {own.names[0]}: its clocks go like those of {name}."
    )
