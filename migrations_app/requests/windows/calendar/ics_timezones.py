"""Maps the time zones of calendar files to IANA names.

Programs name zones by IANA names, with prefixes of their own, by Windows' names, or by
names that only the VTIMEZONE of the file defines.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

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
