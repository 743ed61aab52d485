"""Puts single times of a series, cancelled or moved, in their place.

The series is an event of the same file or a window that was imported before: both are
asked alike here.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import replace
from datetime import datetime, time, timedelta

from migrations_app.errors import Unfit
from migrations_app.requests.windows.calendar import recurrence
from migrations_app.requests.windows.calendar.clock_changes import Named
from migrations_app.requests.windows.calendar.ics_read import Read
from migrations_app.requests.windows.calendar.ics_times import Time, start_of, written
from migrations_app.requests.windows.calendar.occurrences import LATEST
from migrations_app.requests.windows.calendar.window import WindowRule

_DAY = timedelta(days=1)


def time_of(series: Read | WindowRule, original: Time) -> datetime:
    """Return the start of the series, by its clocks, that is meant."""
    at = start_of(original, series.starts, Named(series.time_zone))
    days = series.starts.time() == time(0) and not (series.ends - series.starts) % _DAY
    if days and at.time() != time(0):  # a day, as midnight in another zone
        return datetime.combine((at + _DAY / 2).date(), time(0))
    return at


def includes(series: Read | WindowRule, at: datetime) -> bool:
    """Return whether its recurrence has that start; exceptions do not count."""
    if not series.recurrence or at >= LATEST:
        return at == series.starts
    return at in recurrence.starts_of(series.recurrence, series.starts)


def ineffective(series: Read, singles: Set[datetime]) -> str:
    """Return a remark about exceptions that take nothing out; empty if there are none.

    ``singles`` are its times beside the recurrence. What lies before its first or after
    its last time is left there when a calendar program splits a series.
    """
    left = {at for at in series.exceptions if series.starts < at < LATEST} - singles
    end, seen = max(left, default=series.starts), series.starts
    for seen in recurrence.starts_of(series.recurrence, series.starts):
        left.discard(seen)
        if seen >= end:
            break
    shown = sorted(at for at in left if at < seen)
    if not shown:
        return ""
    words = ", ".join(map(written, shown[:5])) + (" and more" if shown[5:] else "")
    return (
        "It has exceptions at times that are none of its own, so nothing is left out"
        f" there: {words}."
    )


def before(series: Read | WindowRule, at: datetime) -> str:
    """Return its recurrence without that start and all later ones."""
    parts = [
        part
        for part in series.recurrence.split(";")
        if not part.startswith(("COUNT=", "UNTIL="))
    ]
    return ";".join([*parts, f"UNTIL={at - timedelta(seconds=1):%Y%m%dT%H%M%S}"])


def since(series: Read | WindowRule, at: datetime, event: Read) -> Read:
    """Return the event as the series from that start on. Raises Unfit."""
    if event.recurrence:
        return event
    if event.starts.date() != at.date() or event.time_zone != series.time_zone:
        raise Unfit(
            "It moves all later times of a series to other days: export the whole"
            " series again."
        )
    gone = 0
    for start in recurrence.starts_of(series.recurrence, series.starts):
        if start >= at:
            break
        gone += 1
    parts = []
    for part in series.recurrence.split(";"):
        name, _, value = part.partition("=")
        if name == "COUNT":
            value = str(int(value) - gone)
        if name == "UNTIL":
            last = datetime.strptime(value, "%Y%m%dT%H%M%S") + (event.starts - at)
            value = f"{last:%Y%m%dT%H%M%S}"
        parts.append(f"{name}={value}")
    moved = tuple(each + (event.starts - at) for each in series.exceptions if each > at)
    return replace(event, recurrence=";".join(parts), exceptions=moved)


def own_uid(event: Read, at: datetime) -> str:
    """Return the UID of the window of a single time, however the file wrote it."""
    return f"{event.series}#{at:%Y%m%dT%H%M%S}{'+' if event.later else ''}"


def folded(events: list[Read], *, on_time: Callable[[], None]) -> list[Read]:
    """Return the events, one for each, and after them the extra times of series.

    Each single time that has its series in the file has changed it; the others keep
    ``original``. ``on_time`` is asked before each, and may raise.
    """
    events = _newest(events)
    places = {
        each.uid: number
        for number, each in enumerate(events)
        if each.original is None and not each.trouble and each.time_zone
    }
    extra = [it for number in places.values() for it in events[number].extra]
    singles = sorted(
        (number for number, each in enumerate(events) if each.original is not None),
        key=lambda number: events[number].later,
    )
    for number in singles:
        on_time()
        event = events[number]
        place = places.get(event.series)
        if place is None or event.original is None or event.trouble:
            continue
        at = time_of(events[place], event.original)
        events[place], events[number], extra = _put(events[place], event, at, extra)
    return [*_newest(events), *extra]


def _put(
    series: Read, event: Read, at: datetime, extra: list[Read]
) -> tuple[Read, Read, list[Read]]:
    """Return the series and its event of that time, each as the other changes it."""
    event = replace(event, uid=own_uid(event, at))
    shown = f"{written(at)} of “{series.name}”"
    if any(each.uid == event.uid for each in extra):
        extra = [each for each in extra if each.uid != event.uid]
    elif not includes(series, at):
        if event.cancelled:
            trouble = f"It cancels {shown}, which that series does not have."
            return series, replace(event, trouble=trouble, original=None), extra
        words = f"It stands for {shown}, which that series does not have."
        return series, replace(event, original=None).remarked(words), extra
    elif not series.recurrence or (event.later and at == series.starts):
        series = replace(series, cancelled=True)
    elif event.later:
        try:
            later = event if event.cancelled else since(series, at, event)
        except Unfit as error:
            return series, replace(event, trouble=error.sentence, original=None), extra
        kept = tuple(each for each in series.exceptions if each < at)
        series = replace(series, recurrence=before(series, at), exceptions=kept)
        event = later
    else:
        series = replace(series, exceptions=(*series.exceptions, at))
    if event.cancelled and not series.cancelled:
        words = f"It is cancelled, and so left out: {shown}"
        return (
            series,
            replace(event, part=f"{words}{_on(event)}.", original=None),
            extra,
        )
    words = f"It stands for {shown}{_on(event)}."
    return series, replace(event, original=None).remarked(words), extra


def _on(event: Read) -> str:
    return ", and all later ones" if event.later else ""


def _newest(events: list[Read]) -> list[Read]:
    """Return the events, all but the newest of each UID with their trouble."""
    newest: dict[str, Read] = {}
    for each in events:
        if not each.trouble:
            known = newest.setdefault(each.uid, each)
            newest[each.uid] = max(known, each, key=lambda it: it.version)
    return [_judged(each, newest.get(each.uid)) for each in events]


def _judged(event: Read, newest: Read | None) -> Read:
    if event.trouble or newest is None or event is newest:
        return event
    if event.version < newest.version:
        trouble = "A newer version of it is in the file."
    else:
        trouble = "Another event of the file has the same UID."
    return replace(event, trouble=trouble)
