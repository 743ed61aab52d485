"""When the clocks of a zone change, as named by IANA or as a calendar file explains it.

Local times are without a zone, moments are in UTC. Both kinds of zone read them alike:
an ambiguous time means its first occurrence, a skipped time is read with the offset
before the change (RFC 5545, 3.3.5).
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Protocol
from zoneinfo import ZoneInfo

from migrations_app.requests.windows.calendar import window

# Windows lie between 2000 and 2100; what a law says of far years is a guess anyway.
FIRST, LAST = 1998, 2062
# No zone has changed its clocks to and fro within a week since FIRST.
_STEP = timedelta(days=7)
_FAR = timedelta(hours=50)  # more than two offsets differ by


class Clocks(Protocol):
    """Clocks on the walls of a place."""

    def moment(self, clock: datetime) -> datetime:
        """Return that local time in UTC."""
        ...

    def clock(self, at: datetime) -> datetime:
        """Return the local time at that moment."""
        ...


@dataclass(frozen=True, slots=True)
class Named:
    """Clocks of the zone of that IANA name."""

    name: str

    def moment(self, clock: datetime) -> datetime:
        """Return that local time in UTC."""
        return window.moment(clock, self.name)

    def clock(self, at: datetime) -> datetime:
        """Return the local time at that moment."""
        return window.clock(at, self.name)


@dataclass(frozen=True, slots=True)
class Change:
    """A change of clocks ``at`` a moment in UTC (without a zone)."""

    at: datetime
    before: timedelta
    after: timedelta
    name: str = ""
    summer: bool = False


@dataclass(frozen=True, slots=True)
class Explained:
    """Clocks that a calendar file explains itself, under the name ``tzid``.

    ``names`` are IANA names that they may have, likely ones first. ``known_until`` is
    the last change if the file lists changes and says no rule for later ones.
    """

    tzid: str
    names: tuple[str, ...]
    changes: tuple[Change, ...]
    known_until: datetime | None = None
    _differences: dict[str, list[tuple[datetime, datetime]]] = field(
        default_factory=dict, compare=False, repr=False
    )

    def moment(self, clock: datetime) -> datetime:
        """Return that local time in UTC."""
        low = max(bisect_left(self.changes, clock - _FAR, key=_at) - 1, 0)
        before = self.changes[low].before if low == 0 else self.changes[low - 1].after
        for change in self.changes[low:]:
            at = clock - before
            # before the change; or skipped by it
            if at < change.at or clock - change.after < change.at:
                return at.replace(tzinfo=UTC)
            before = change.after
        return (clock - before).replace(tzinfo=UTC)

    def clock(self, at: datetime) -> datetime:
        """Return the local time at that moment."""
        plain = at.astimezone(UTC).replace(tzinfo=None)
        number = bisect_right(self.changes, plain, key=_at)
        first = self.changes[0]
        return plain + (self.changes[number - 1].after if number else first.before)

    def differences(self, name: str) -> list[tuple[datetime, datetime]]:
        """Return the local times at which these clocks and that zone's differ.

        Each is from the first until before the second; only those of ``FIRST`` to
        ``LAST`` count, and none later than the changes that the file lists.
        """
        if name not in self._differences:
            self._differences[name] = self._compared(name)
        return self._differences[name]

    def _compared(self, name: str) -> list[tuple[datetime, datetime]]:
        theirs = Named(name)
        both = (*self.changes, *changes_of(name))
        edges = {each.at + off for each in both for off in (each.before, each.after)}
        begin, end = datetime(FIRST, 1, 1), datetime(LAST, 1, 1)
        points = sorted({begin, end, *(it for it in edges if begin < it < end)})
        found = []
        for since, until in pairwise(points):
            if self.moment(since) != theirs.moment(since):
                found.append((since, until))
        return found


def _at(change: Change) -> datetime:
    return change.at


@lru_cache(maxsize=1024)
def changes_of(name: str, first: int = FIRST, last: int = LAST) -> Sequence[Change]:
    """Return the changes in the zone of that IANA name in those years, in order."""
    place = ZoneInfo(name)
    at, end = datetime(first, 1, 1), datetime(last + 1, 1, 1)
    offset = _offset(at, place)
    found = []
    while at < end:
        later = at + _STEP
        if _offset(later, place) != offset:
            exact = _between(at, later, place)
            after = _offset(exact, place)
            local = exact.replace(tzinfo=UTC).astimezone(place)
            summer = (local.dst() or timedelta(0)) > timedelta(0)
            found.append(Change(exact, offset, after, local.tzname() or "", summer))
            later, offset = exact, after
        at = later
    return tuple(each for each in found if each.at < end)


def changes_before(first: Change, names: Iterable[str]) -> Sequence[Change]:
    """Return the changes before that one in the first of the zones that lead up to it.

    Of the time before the first change that a file explains, RFC 5545 (3.6.5) says
    nothing, and some programs explain this year's changes alone.
    """
    for name in names:
        earlier = [each for each in changes_of(name) if each.at < first.at]
        if earlier and earlier[-1].after == first.before:
            return earlier
    return ()


def _between(low: datetime, high: datetime, place: ZoneInfo) -> datetime:
    """Return the first second after ``low`` with another offset than that of ``low``.

    ``high`` has another one.
    """
    offset = _offset(low, place)
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
        if _offset(middle, place) == offset:
            low = middle
        else:
            high = middle
    return high


def _offset(at: datetime, place: ZoneInfo) -> timedelta:
    local = at.replace(tzinfo=UTC).astimezone(place)
    return local.utcoffset() or timedelta(0)
