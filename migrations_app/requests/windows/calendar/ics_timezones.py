"""The time zones of calendar files: as they are explained there, else by their names.

Programs name zones by IANA names, with prefixes of their own, by Windows' names, or by
names that only the VTIMEZONE of the file defines. What a file explains holds before
what a name says: “GMT” with summer time is London's clock to who wrote that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import available_timezones

from dateutil.rrule import rrulestr
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from migrations_app.errors import Unfit
from migrations_app.requests.windows.calendar.clock_changes import (
    FIRST,
    LAST,
    Change,
    Clocks,
    Explained,
    Named,
    changes_before,
)
from migrations_app.requests.windows.calendar.ics_lines import Component, Property

# Of zones whose clocks go alike, those that people mean.
USUAL = (
    "UTC",
    "Europe/London",
    "Europe/Berlin",
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
)

MOST_ZONES = 50  # that a file brings along
MOST_CHANGES = 200  # rules of a file's own zones, each reckoned year by year
_MOST_DATES = 2000  # that a rule lists
# How clocks change, in small letters: in one month of each year, on a day that comes.
_DAY = r"([+-]?[1-5])?(mo|tu|we|th|fr|sa|su)"
_PARTS = {
    "freq": "yearly",
    "interval": "1",
    "bymonth": "[1-9]|1[0-2]",
    "byday": _DAY,
    "bymonthday": r"-?(1\d|2[0-8]|[1-9])(,-?([12]?\d|3[01])){0,6}",
    "byhour": r"\d|1\d|2[0-3]",
    "byminute": r"[0-5]?\d",
    "bysecond": "0?0",
    "until": r"(1[6-9]|20)\d{6}(t\d{6}z?)?",
    "wkst": "mo|tu|we|th|fr|sa|su",
}
_UTC = ("coordinated universal time", "(utc) coordinated universal time", "z")
_OFFSET = re.compile(r"([+-])(\d\d):?(\d\d)(?::?(\d\d))?")
_CLOCK = re.compile(r"(\d{8})(?:T(\d{6})(Z?))?")
OFTEN = (
    "Its time zone changes its clocks otherwise than on a day of one month each year:"
    " name it as IANA does, and leave out what the file says of it."
)


class Zones:
    """The zones of one calendar; ``default`` is the IANA name for times without one."""

    def __init__(self, calendar: Component, default: str) -> None:
        self._explained: dict[str, Component] = {}
        for each in calendar.walk("VTIMEZONE"):
            self._explained.setdefault(_key(each.text("TZID")), each)
        self._found: dict[str, tuple[Clocks | None, str]] = {}
        self.default: Clocks = Named(default)
        self._likely = default
        said = calendar.text("X-WR-TIMEZONE")
        if said and (found := self._find(said)[0]):
            self.default = found

    def of(self, said: str) -> tuple[Clocks, str]:
        """Return the clocks of the zone of that name in the file, and a remark.

        Raises Unfit if nobody knows it.
        """
        found, words = self._find(said)
        if found is None:
            raise Unfit(words)
        return found, words

    def own(self) -> Iterator[Clocks]:
        """Yield the clocks of all zones that the file explains and that can be used."""
        for each in self._explained.values():
            if found := self._find(each.text("TZID"))[0]:
                yield found

    def candidates(self, clocks: Explained) -> Iterator[str]:
        """Yield the IANA names that such clocks may have, the likely ones first."""
        likely = (self._likely, *USUAL, *sorted(WINDOWS_TO_OLSON.values()))
        rest = sorted(_known().values())
        yield from dict.fromkeys((*clocks.names, *likely, *rest))

    def _find(self, said: str) -> tuple[Clocks | None, str]:
        if said not in self._found:
            self._found[said] = self._look(said)
        return self._found[said]

    def _look(self, said: str) -> tuple[Clocks | None, str]:
        by_name = name(said)
        zone = self._explained.get(_key(said))
        unknown = (
            f"Its time zone, “{said[:60]}”, is unknown, and the file does not explain"
            " it."
        )
        if zone is not None and zone.parts:
            location = name(zone.text("X-LIC-LOCATION"))
            by_name = by_name or location
            names = tuple(dict.fromkeys(each for each in (by_name, location) if each))
            try:
                return explained(said, zone, names), ""
            except Unfit as error:
                unknown = error.sentence
                doubt = (
                    f"What the file explains of its time zone, “{said[:60]}”, cannot be"
                    f" used, so it is {by_name} by its name."
                )
                return (Named(by_name), doubt) if by_name else (None, unknown)
        return (Named(by_name), "") if by_name else (None, unknown)


def name(said: str) -> str:
    """Return the IANA name for a zone name of a file; empty if unknown."""
    said = _key(said)
    if said in _known():
        return _known()[said]
    if said in _windows():
        return _windows()[said]
    parts = [part for part in said.split("/") if part]
    # “tzone://Microsoft/Utc”; with a prefix, a name of one word may be anybody's
    whole = 1 if "://" in said or said.startswith("/") else 2
    for count in range(len(parts), whole - 1, -1):
        tail = "/".join(parts[-count:])
        if tail in _known() or tail in _windows():
            return _known().get(tail) or _windows()[tail]
    return ""


def bound(calendars: list[Component]) -> None:
    """Raise Unfit if it costs much to reckon the zones of a file."""
    zones = [zone for each in calendars for zone in each.walk("VTIMEZONE")]
    if len(zones) > MOST_ZONES:
        raise Unfit(
            f"The file has more than {MOST_ZONES} time zones of its own: split it."
        )
    if sum(len(zone.parts) for zone in zones) > MOST_CHANGES:
        raise Unfit(
            f"The file explains its time zones by more than {MOST_CHANGES} rules: split"
            " it."
        )


def explained(said: str, zone: Component, names: tuple[str, ...]) -> Explained:
    """Return the clocks that a VTIMEZONE explains. Raises Unfit if it cannot be read.

    A rule is in force from its onset, which is given by the clocks before the change
    (RFC 5545, 3.6.5), so a year's rule that began in 1601 needs no look at all years.
    """
    changes: list[Change] = []
    ends: list[datetime | None] = []
    try:
        for rule in zone.parts:
            if rule.name not in ("STANDARD", "DAYLIGHT") or not rule.whole:
                raise Unfit("What the file says of its time zone is not complete.")
            found, goes_on = _changes(rule)
            changes += found
            ends += [None] if goes_on else []
    except (ValueError, OverflowError, KeyError, TypeError) as error:
        raise Unfit(
            f"What the file says of its time zone, “{said[:60]}”, cannot be read."
        ) from error
    ordered = tuple(sorted(changes, key=lambda each: each.at))
    until = ordered[-1].at if len(ordered) > 1 and not ends else None
    earlier = changes_before(ordered[0], names)
    return Explained(said, names, (*earlier, *ordered), until)


def _changes(rule: Component) -> tuple[list[Change], bool]:
    """Return the changes by one rule, and whether it goes on for ever."""
    before, after = _offset(rule, "TZOFFSETFROM"), _offset(rule, "TZOFFSETTO")
    start = rule.first("DTSTART")
    if start is None:
        raise ValueError("no onset")
    first = _clock(start)[0]
    onsets, goes_on = [first], False
    for each in rule.all("RRULE"):
        goes_on = goes_on or "UNTIL=" not in each.value.upper()
        onsets += _yearly(each.value, first, before)
    for each in rule.all("RDATE"):
        dates = each.value.split(",")
        if len(dates) > _MOST_DATES:
            raise ValueError("too many onsets")
        onsets += [_clock(Property("RDATE", {}, it.split("/")[0]))[0] for it in dates]
    shown = rule.text("TZNAME")
    summer = rule.name == "DAYLIGHT"
    found = [Change(at - before, before, after, shown, summer) for at in set(onsets)]
    return found, goes_on


def _yearly(text: str, first: datetime, before: timedelta) -> list[datetime]:
    rule = text.strip().lower().rstrip(";")
    if not _is_yearly(rule):
        raise Unfit(OFTEN)
    parts = dict(each.split("=") for each in rule.split(";"))
    until = parts.pop("until", "")
    begin = first
    if first.year < FIRST:
        named = {"byday", "bymonthday"} & parts.keys()
        begin = first.replace(year=FIRST, month=1, day=1) if named else _in_first(first)
    plain = ";".join(f"{key}={value}" for key, value in parts.items()).upper()
    last = datetime(LAST, 12, 31)
    if until:
        end, in_utc = _clock(Property("UNTIL", {}, until.upper()))
        last = min(last, end + before if in_utc else end)
        if "t" not in until:
            last = last.replace(hour=23, minute=59)
    found = []
    for onset in rrulestr(plain, dtstart=begin):
        if onset > last:
            break
        found.append(onset)
    return found


def _in_first(first: datetime) -> datetime:
    """Return that day of the first year, or of the first one that has it."""
    leap = (first.month, first.day) == (2, 29)
    return first.replace(year=-(-FIRST // 4) * 4 if leap else FIRST)


def _is_yearly(rule: str) -> bool:
    parts = dict(each.partition("=")[::2] for each in rule.split(";") if each)
    if not {"freq", "bymonth"} <= parts.keys() <= _PARTS.keys():
        return False
    if "bymonthday" in parts and re.search(r"\d", parts.get("byday", "")):
        return False
    return all(re.fullmatch(_PARTS[name], parts[name]) for name in parts)


def _offset(rule: Component, name: str) -> timedelta:
    match = _OFFSET.fullmatch(rule.text(name))
    if match is None:
        raise ValueError("no offset")
    hours, minutes, seconds = int(match[2]), int(match[3]), int(match[4] or 0)
    span = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    if span > timedelta(hours=24):
        raise ValueError("no offset")
    return -span if match[1] == "-" else span


def _clock(given: Property) -> tuple[datetime, bool]:
    match = _CLOCK.fullmatch(given.value.strip().upper())
    if match is None:
        raise ValueError("no time")
    text = match[1] + (match[2] or "000000")
    return datetime.strptime(text, "%Y%m%d%H%M%S"), bool(match[3])


def _key(said: str) -> str:
    return " ".join(said.strip().strip('"').split()).casefold()


@lru_cache(maxsize=1)
def _known() -> dict[str, str]:
    # Debian's folder of zones has this machine's own, too
    names = available_timezones() - {"localtime", "Factory"}
    return {name.casefold(): name for name in sorted(names)}


@lru_cache(maxsize=1)
def _windows() -> dict[str, str]:
    plain = {"Etc/UTC": "UTC"}
    known = {
        said.casefold(): plain.get(name, name)
        for said, name in WINDOWS_TO_OLSON.items()
    }
    # as Windows shows the zone that it calls UTC, and as ISO 8601 writes it
    return {**known, **dict.fromkeys(_UTC, "UTC")}
