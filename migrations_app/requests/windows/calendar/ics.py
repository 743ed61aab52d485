"""Reads windows from iCalendar files (RFC 5545).

Only properties that a window has are read. Alarms, attendees and locations are ignored,
and an event that cannot be a window is left out with a sentence.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from migrations_app.errors import Unfit
from migrations_app.requests.windows.calendar import (
    ics_events,
    ics_lines,
    ics_series,
    ics_timezones,
)
from migrations_app.requests.windows.calendar.ics_read import Read
from migrations_app.requests.windows.calendar.window import zone

LARGEST = 512 * 1024  # bytes
MOST_EVENTS = 300
SECONDS = 10.0  # of a processor, that a file may take


def read(data: bytes, *, time_zone: str) -> list[Read]:
    """Return the events of the file, and after them extra times of series.

    Times without a zone are in ``time_zone``, unless the file names another. Raises
    Unfit if the file is not a calendar file, or too large.
    """
    zone(time_zone)
    if len(data) > LARGEST:
        raise Unfit(f"The file is larger than {LARGEST // 1024} KiB: split it.")
    on_time = _deadline()
    calendars = ics_lines.calendars(ics_lines.decoded(data))
    events = sum(len(list(each.walk("VEVENT"))) for each in calendars)
    if events > MOST_EVENTS:
        raise Unfit(f"The file has more than {MOST_EVENTS} events: split it.")
    ics_timezones.bound(calendars)
    found: list[Read] = []
    for calendar in calendars:
        zones = ics_timezones.Zones(calendar, time_zone)
        method = calendar.text("METHOD").upper()
        for number, event in enumerate(calendar.walk("VEVENT"), start=1):
            on_time()
            found.append(ics_events.read(event, zones, method, number))
    return ics_series.folded(found, on_time=on_time)


def _deadline() -> Callable[[], None]:
    """Return what raises Unfit when the file has taken too long."""
    until = time.thread_time() + SECONDS

    def on_time() -> None:
        if time.thread_time() > until:
            raise Unfit(
                f"To read the file takes longer than {SECONDS:.0f} s: split it, or make"
                " its recurrences simpler."
            )

    return on_time
