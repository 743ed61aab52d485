"""Maps the time zones of calendar files to IANA names.

Programs name zones by IANA names, with prefixes of their own, by Windows' names, or by
names that only the VTIMEZONE of the file defines.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from icalendar.timezone import tzp
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from migrations_app.errors import Unfit

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

MOST_CHANGES = 200  # rules of a file's own zones, each reckoned year by year
# How clocks change, in small letters: in one month of each year, on a day that comes.
_DAY = r"([+-]?[1-5])?(mo|tu|we|th|fr|sa|su)"
_PARTS = {
    "freq": "yearly",
    "interval": "1",
    "bymonth": "[1-9]|1[0-2]",
    "byday": _DAY,
    "bymonthday": r"-?(1\d|2[0-8]|[1-9])(,-?([12]?\d|3[01])){0,6}",
    "until": r"(1[6-9]|20)\d{6}(t\d{6}z?)?",
    "wkst": "mo|tu|we|th|fr|sa|su",
}
_ALONE = threading.Lock()


@contextmanager
def of_one_file() -> Iterator[None]:
    """Have icalendar know no zone of another file while it reads this one.

    It keeps each zone that a file explains for the whole process, by its name (7.3,
    timezone/tzp.py, cache_timezone_component): what one person's file had said of a
    zone moved the ends of windows in another's.
    """
    with _ALONE:
        tzp.use_default()
        try:
            yield
        finally:
            tzp.use_default()


def bound(text: bytes) -> None:
    """Raise Unfit if it costs much to reckon the zones of a file.

    ``text`` is unfolded and in small letters. icalendar reckons all their changes up to
    2038 while it reads, and dateutil looks for what never comes up to the year 9999.
    """
    changes, inside = 0, False
    for line in text.splitlines():
        word, _, value = line.decode("utf-8", "replace").rpartition(":")
        word, value = word.partition(";")[0].strip(), value.strip()
        if value == "vtimezone":
            inside = word == "begin"
        elif word == "begin" and value in ("standard", "daylight"):
            changes += 1
        elif inside and word == "rrule" and not _is_yearly(value):
            raise Unfit(
                "A time zone of the file changes its clocks otherwise than on a day of"
                " one month each year: name it as IANA does, and leave out what the"
                " file says of it."
            )
    if changes > MOST_CHANGES:
        raise Unfit(
            f"The file explains its time zones by more than {MOST_CHANGES} rules: split"
            " it."
        )


def _is_yearly(rule: str) -> bool:
    parts = dict(each.partition("=")[::2] for each in rule.split(";") if each)
    if not {"freq", "bymonth"} <= parts.keys() <= _PARTS.keys():
        return False
    if "bymonthday" in parts and re.search(r"\d", parts.get("byday", "")):
        return False
    return all(re.fullmatch(_PARTS[name], parts[name]) for name in parts)


def of(start: Any, calendar: Any, default: str) -> str:
    """Return the IANA name of the zone in which the property gives its time.

    Raises Unfit when there is none.
    """
    said = str(start.params.get("TZID", ""))
    value = start.dt
    if said:
        found = name(said, calendar) or _alike(said, calendar, value, default)
        if not found:
            raise Unfit(
                f"Its time zone, “{said[:60]}”, is unknown, and the file"
                " does not explain it."
            )
        return found
    if isinstance(value, datetime) and value.tzinfo is not None:
        return "UTC"
    return default


def name(said: str, calendar: Any) -> str:
    """Return the IANA name for a zone name of a file; empty if unknown."""
    said = said.strip().strip('"')
    if not said:
        return ""
    parts = said.strip("/").split("/")
    for count in range(len(parts), 0, -1):
        tail = "/".join(parts[-count:])
        if tail in _known():
            return tail
    if said in WINDOWS_TO_OLSON:
        return str(WINDOWS_TO_OLSON[said])
    zone = _explained(said, calendar)
    place = str(zone.get("X-LIC-LOCATION", "")) if zone is not None else ""
    return place if place in _known() else ""


def is_its_own(value: datetime, place: str) -> bool:
    """Return whether the time has the offset of that zone."""
    zone = ZoneInfo(place)
    clock = value.replace(tzinfo=None, fold=0)
    return value.utcoffset() == clock.replace(tzinfo=zone).utcoffset()


def _explained(said: str, calendar: Any) -> Any:
    for each in calendar.walk("VTIMEZONE"):
        if str(each.get("TZID", "")) == said:
            return each
    return None


def _alike(said: str, calendar: Any, value: Any, default: str) -> str:
    """Return a zone with the same offsets as the file's definition; empty if none."""
    zone = _explained(said, calendar)
    if zone is None or not isinstance(value, datetime):
        return ""
    try:
        theirs = zone.to_tz(lookup_tzid=False)
        begin = datetime(value.year, 1, 1, 12)
        days = [begin + timedelta(days=10 * n) for n in range(75)]
        offsets = [day.replace(tzinfo=theirs).utcoffset() for day in days]
    except Exception:  # noqa: BLE001 - a zone that cannot be reckoned explains nothing
        return ""
    for each in dict.fromkeys((default, *USUAL, *sorted(WINDOWS_TO_OLSON.values()))):
        ours = UTC if each == "UTC" else ZoneInfo(each)
        if offsets == [day.replace(tzinfo=ours).utcoffset() for day in days]:
            return str(each)
    return ""


@lru_cache(maxsize=1)
def _known() -> frozenset[str]:
    return frozenset(available_timezones())
