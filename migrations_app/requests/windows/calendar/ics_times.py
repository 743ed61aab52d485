"""What the dates, times, periods and durations of calendar files mean (RFC 5545, 3.3).

Start, end, exceptions, moved times and the end of a recurrence all go through here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from migrations_app.errors import Unfit
from migrations_app.requests.windows.calendar.clock_changes import Clocks, Named
from migrations_app.requests.windows.calendar.ics_lines import Property
from migrations_app.requests.windows.calendar.ics_timezones import Zones

_TIME = re.compile(r"(\d{8})(?:T(\d{4})(\d\d)?(Z?))?")
_DURATION = re.compile(
    r"\+?P(?:(\d{1,4})W)?(?:(\d{1,5})D)?"
    r"(?:T(?:(\d{1,6})H)?(?:(\d{1,7})M)?(?:(\d{1,8})S)?)?"
)
_NOON = timedelta(hours=12)
IN_UTC = Named("UTC")


@dataclass(frozen=True, slots=True)
class Time:
    """A time of a file: what its clock shows, by which ``clocks`` (None: any).

    ``day``: it is a day, and ``clock`` its midnight. ``raw`` is how it was written.
    """

    clock: datetime
    clocks: Clocks | None
    day: bool
    raw: str

    def on(self, own: Clocks) -> datetime:
        """Return what those clocks show then."""
        if self.clocks is None or self.clocks == own:
            return self.clock
        return own.clock(self.clocks.moment(self.clock))

    def moment(self, own: Clocks) -> datetime:
        """Return it in UTC; without a zone it is a time of those clocks."""
        return (self.clocks or own).moment(self.clock)


@dataclass(frozen=True, slots=True)
class Span:
    """A duration: whole days by the clock, and an exact rest (RFC 5545, 3.3.6)."""

    days: timedelta
    rest: timedelta

    def after(self, begins: datetime, own: Clocks) -> datetime:
        """Return the moment so long after that local time."""
        return own.moment(begins + self.days) + self.rest

    @property
    def by_clock(self) -> timedelta:
        """The difference of what clocks show, on a day when they do not change."""
        return self.days + self.rest


def one(given: Property, zones: Zones) -> Time:
    """Return the time of the property. Raises Unfit."""
    return _time(given.value, given, zones)


def many(given: Property, zones: Zones) -> list[tuple[Time, Time | Span | None]]:
    """Return the times of EXDATE or RDATE; a period has an end or a duration."""
    found: list[tuple[Time, Time | Span | None]] = []
    for each in given.value.split(","):
        begin, slash, end = each.strip().partition("/")
        if not begin and not slash:
            continue
        length: Time | Span | None = None
        if slash:
            word = end.strip().upper().lstrip("+-")
            length = span(end) if word[:1] == "P" else _time(end, given, zones)
        found.append((_time(begin, given, zones), length))
    return found


def span(text: str) -> Span:
    """Return the duration. Raises Unfit if it is none, or not more than nothing."""
    text = text.strip().upper()
    match = _DURATION.fullmatch(text)
    if match is None or not any(match.groups()):
        raise Unfit(f"Its duration, “{text[:40]}”, is none, such as PT8H or P1D.")
    weeks, days, hours, minutes, seconds = (int(each or 0) for each in match.groups())
    rest = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return Span(timedelta(weeks=weeks, days=days), rest)


def place(start: Property, zones: Zones) -> tuple[Clocks, list[str]]:
    """Return the clocks by which the event goes, and remarks. Raises Unfit."""
    said = start.parameters.get("TZID", "")
    value = start.value.strip().upper()
    if said:
        found, remark = zones.of(said)
        remarks = [remark] if remark else []
        if value.endswith("Z"):
            remarks.append(
                "Its start is in UTC although it names a zone: UTC holds for the start,"
                " the zone for its recurrence."
            )
        return found, remarks
    if value.endswith("Z"):
        return IN_UTC, []
    return zones.default, []


def start_of(given: Time, begins: datetime, own: Clocks) -> datetime:
    """Return the start of a series that an exception, or a moved time, refers to.

    ``begins`` is the first start of the series. A day means its start on that day.
    """
    if given.day:
        return datetime.combine(given.clock.date(), begins.time())
    return given.on(own)


def day_of(given: Time, own: Clocks, zones: Zones) -> tuple[date, bool]:
    """Return the day that a time means for an event of whole days; False: rounded.

    Programs write midnight in UTC by the zone of the event's author, midnight in
    UTC itself, or the last second of the day. Where it is none of these, the day is the
    one whose midnight, in UTC, is the nearest.
    """
    if given.clocks is None:
        return given.clock.date(), True
    at = given.moment(own)
    shown = [each.clock(at) for each in (given.clocks, own, *zones.own(), IN_UTC)]
    for clock in shown:
        if clock.time() == time(0):
            return clock.date(), True
    for clock in reversed(shown):
        if clock.time() >= time(23, 59):
            return clock.date(), True
    return (shown[-1] + _NOON).date(), False


def last_of(
    text: str, *, days: bool, own: Clocks, zones: Zones
) -> tuple[datetime, str]:
    """Return the UNTIL of a recurrence by those clocks, and a remark, or none.

    ``days``: the event is of whole days, and UNTIL is a day, too (RFC 5545, 3.3.10). A
    day includes all of it: UNTIL=20261231 means New Year's Eve, too.
    """
    given = _time(text, Property("UNTIL", {}, text), zones)
    remark = ""
    if days:
        day, exact = day_of(given, own, zones)
        if not exact:
            remark = (
                f"The end of its recurrence, {text}, is not at midnight: the last day"
                f" is {day}."
            )
        return datetime.combine(day, time(23, 59, 59)), remark
    if given.day:
        remark = (
            f"The end of its recurrence, {text}, is a day without a time: all of it"
            " counts."
        )
        return given.clock.replace(hour=23, minute=59, second=59), remark
    return given.on(own), remark


def _time(text: str, given: Property, zones: Zones) -> Time:
    text = text.strip().upper()
    match = _TIME.fullmatch(text)
    try:
        if match is None:
            raise ValueError
        at = datetime.strptime(match[1], "%Y%m%d")
        if match[2]:
            # the leap second is the last one
            seconds = 59 if match[3] == "60" else int(match[3] or 0)
            hour, minute = int(match[2][:2]), int(match[2][2:])
            at = at.replace(hour=hour, minute=minute, second=seconds)
        if not 1900 <= at.year < 9000:
            raise ValueError
    except ValueError:
        raise Unfit(
            f"“{text[:40]}” is no time of a calendar file, such as 20261224T220000."
        ) from None
    if not match[2]:
        return Time(at, None, True, text)
    if match[4]:
        return Time(at, IN_UTC, False, text)
    said = given.parameters.get("TZID", "")
    clocks = zones.of(said)[0] if said else None
    return Time(at, clocks, False, text)


def written(at: datetime) -> str:
    """Return a local time for sentences."""
    return f"{at:%Y-%m-%d}" if at.time() == time(0) else f"{at:%Y-%m-%d %H:%M}"
