"""Windows and freezes of the next days as strips: a line each, a bar for each time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from migrations_app.requests.windows.calendar.window import Occurrence, WindowRule

WIDTH = 720.0  # of a drawing, in its own units
LEAST = 2.0  # an hour of a month must be seen
MOST = 40


@dataclass(frozen=True, slots=True)
class TimeBar:
    """One time: where it begins and how long it is, in the drawing's units."""

    x: str
    width: str


@dataclass(frozen=True, slots=True)
class Strip:
    """The times of one window or freeze."""

    rule: WindowRule
    bars: tuple[TimeBar, ...]

    @property
    def words(self) -> str:
        """The drawing in words."""
        times = len(self.bars)
        return f"{self.rule.name}: {times} time{'' if times == 1 else 's'}"


@dataclass(frozen=True, slots=True)
class Day:
    """A mark of the scale."""

    x: str
    at: datetime


def strips(
    occurrences: Iterable[Occurrence], *, since: datetime, days: int
) -> list[Strip]:
    """Return a strip for each window, in the order of their first times."""
    span = timedelta(days=days)
    found: dict[object, tuple[WindowRule, list[TimeBar]]] = {}
    for each in occurrences:
        begin = max(0.0, WIDTH * ((each.begins - since) / span))
        end = min(WIDTH, WIDTH * ((each.ends - since) / span))
        begin = min(begin, WIDTH - LEAST)
        width = max(LEAST, end - begin)
        bars = found.setdefault(each.rule.id, (each.rule, []))[1]
        bars.append(TimeBar(f"{begin:.1f}", f"{width:.1f}"))
    return [Strip(rule, tuple(bars)) for rule, bars in found.values()][:MOST]


def scale(*, since: datetime, days: int, step: int = 7) -> list[Day]:
    """Return each midnight in UTC, ``step`` days apart, that the strips show."""
    first = since.replace(hour=0, minute=0, second=0, microsecond=0)
    span = timedelta(days=days)
    marks = (first + timedelta(days=1 + n) for n in range(0, days, step))
    return [Day(f"{WIDTH * ((at - since) / span):.1f}", at) for at in marks]
