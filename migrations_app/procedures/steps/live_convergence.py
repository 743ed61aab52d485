"""Whether a live migration gets nearer to its end, judged by what is left to copy.

What is left falls while a pass over the memory is copied and rises when the next one
begins, since the guest has written meanwhile: so a single figure says nothing. The
least that was ever left (the low-water mark) is what counts. Nova once ended
migrations by it and gave that up (live_migration_progress_timeout, bug 1644248); here
it only informs a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from migrations_app.wording import duration, size

# Nova saves its counters every 5 s (nova/virt/libvirt/migration.py, save_stats), since
# 34.0.0 every [libvirt]live_migration_monitor_interval, which may be minutes: so a
# sample is what it has newly saved, and a few must agree before anything is said.
ENOUGH = 15.0
FEW = 4
# What counts is what happened within so many seconds; a mark that has not fallen for
# so long is standing still.
SPAN = 60.0


class Trend(StrEnum):
    """What the samples show."""

    UNKNOWN = "early"  # too few of them to say anything
    CONVERGING = "nearer"  # the low-water mark falls
    STALLED = "still"  # it does not


@dataclass(frozen=True, slots=True)
class LowWaterMark:
    """The low-water mark at one moment, and since when: seconds of a clock, bytes."""

    at: float
    left: int
    since: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """A trend and its figures.

    ``rate`` is by how many bytes a second the mark falls, ``seconds`` how long what is
    left now takes at that rate (None: no promise), ``low`` the mark, ``since`` for how
    many seconds it has stood there.
    """

    trend: Trend
    rate: float = 0.0
    seconds: float | None = None
    low: int = 0
    since: float = 0.0

    @property
    def sentence(self) -> str:
        """The verdict for a person."""
        match self.trend:
            case Trend.CONVERGING:
                rest = duration(max(1, round(self.seconds or 0)))
                return (
                    f"About {rest} at this rate: the least that was left falls by"
                    f" {size(self.rate)} a second."
                )
            case Trend.STALLED:
                return (
                    "Not getting closer: the guest writes about as fast as it is copied"
                    f" (the least that was left is {size(self.low)}, for"
                    f" {duration(round(self.since))})."
                )
        return "Too early to say how long it will take."


def add_sample(
    lows: Sequence[LowWaterMark], *, at: float, left: int
) -> tuple[LowWaterMark, ...]:
    """Return the marks with a new sample added and irrelevant ones dropped.

    The first is where the mark stood at the beginning of the span, the last is now;
    where Nova saves rarely, the last few samples are the span. A clock that was set
    back starts a new series.
    """
    if lows and at < lows[-1].at:
        lows = ()
    mark, since = left, at
    if lows and lows[-1].left <= left:
        mark, since = lows[-1].left, lows[-1].since
    kept = [*lows, LowWaterMark(at, mark, since)]
    while len(kept) > FEW and kept[1].at <= at - SPAN:
        kept.pop(0)
    return tuple(kept)


def judge(lows: Sequence[LowWaterMark], *, left: int) -> Verdict:
    """Return what the marks say; ``left`` is what is left to copy now, in bytes.

    Nothing is promised while the mark does not fall, and no time is below nought.
    """
    if not lows:
        return Verdict(Trend.UNKNOWN)
    first, last = lows[0], lows[-1]
    stood, watched = last.at - last.since, last.at - first.at
    fallen = first.left - last.left
    early = watched < ENOUGH or len(lows) < FEW
    if early or (fallen <= 0 and watched < SPAN):
        return Verdict(Trend.UNKNOWN, low=last.left, since=stood)
    if fallen <= 0:
        return Verdict(Trend.STALLED, low=last.left, since=stood)
    rate = fallen / watched
    seconds = max(0, left) / rate
    return Verdict(Trend.CONVERGING, rate, seconds, last.left, stood)
