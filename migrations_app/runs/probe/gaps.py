"""What the answers of a guest tell: for how long at most it did not answer.

A gap lies between two answers, and is as long as the time between the sending of the
last question that was answered before it and of the first one after it: the guest was
away for no longer than that. Where nothing was sent (a worker died, or its machine was
suspended) it is not known how the guest was: that is a hole in the measuring, and no
gap of the guest.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from migrations_app.wording import measured

# Questions are sent every 0.2 s; when none was for so long, nobody measured.
HOLE = 1.0


@dataclass(frozen=True, slots=True)
class Answer:
    """One question: when it was sent (seconds since the epoch), ms until the answer.

    ``latency`` is None when there was none.
    """

    at: float
    latency: float | None


@dataclass(frozen=True, slots=True)
class Gap:
    """A time without an answer, in seconds since the epoch.

    ``whole``: there was an answer just before and just after it, so that it lasted no
    longer than from ``begin`` to ``end``. Otherwise it lasted at least so long.
    """

    begin: float
    end: float
    lost: int
    whole: bool

    @property
    def seconds(self) -> float:
        """How long it was: at most (whole), or at least."""
        return self.end - self.begin


@dataclass(frozen=True, slots=True)
class Result:
    """All that the answers tell. ``holes`` are times of which nothing is known.

    ``before`` counts the questions that were sent before the first answer ever: they
    say nothing of the move.
    """

    sent: int
    lost: int
    before: int
    slowest: float | None
    gaps: tuple[Gap, ...]
    holes: tuple[tuple[float, float], ...]

    @property
    def answered(self) -> bool:
        """It answered at least once."""
        return self.sent > self.lost

    @property
    def longest(self) -> Gap | None:
        """The longest gap; None when every question was answered."""
        return max(self.gaps, key=lambda gap: gap.seconds, default=None)

    @property
    def unmeasured(self) -> float:
        """For how many seconds nobody measured."""
        return sum(end - begin for begin, end in self.holes)

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return asdict(self)


def from_dict(kept: dict[str, Any]) -> Result:
    """Return what ``Result.as_dict`` gave."""
    return Result(
        **{
            **kept,
            "gaps": tuple(Gap(**gap) for gap in kept["gaps"]),
            "holes": tuple((begin, end) for begin, end in kept["holes"]),
        }
    )


def read(answers: Iterable[Answer]) -> Result:
    """Return what the answers tell, in whatever order they come."""
    ordered = sorted(answers, key=lambda answer: answer.at)
    known = [it.latency for it in ordered if it.latency is not None]
    first = next((n for n, it in enumerate(ordered) if it.latency is not None), None)
    stretches = _stretches(ordered)
    gaps: list[Gap] = []
    if first is not None:
        for stretch in stretches:
            if stretch[-1].at >= ordered[first].at:
                gaps += _gaps(stretch, since=ordered[first].at)
    return Result(
        sent=len(ordered),
        lost=len(ordered) - len(known),
        before=len(ordered) if first is None else first,
        slowest=max(known, default=None),
        gaps=tuple(gaps),
        holes=tuple(
            (before[-1].at, after[0].at) for before, after in pairwise(stretches)
        ),
    )


def words(result: Result) -> str:
    """Return what was measured, for a person."""
    if not result.answered:
        return (
            f"it never answered ({result.sent} questions), so the downtime is unknown."
        )
    asked = result.sent - result.before
    answered = result.sent - result.lost
    text = f"it answered {answered} of {asked} questions"
    gap = result.longest
    if gap is None:
        text += f"; the slowest answer took {result.slowest:.0f} ms."
    else:
        most = "at most" if gap.whole else "at least"
        text += (
            f"; it did not answer for {most} {measured(gap.seconds)}, from"
            f" {clock(gap.begin)} to {clock(gap.end)} UTC."
        )
    if result.holes:
        text += f" For {measured(result.unmeasured)} nothing was measured."
    return text


def clock(at: float) -> str:
    """Return the time of day in UTC, to a tenth of a second."""
    moment = datetime.fromtimestamp(at, UTC)
    return f"{moment:%H:%M:%S}.{moment.microsecond // 100_000}"


def _stretches(ordered: Sequence[Answer]) -> list[list[Answer]]:
    """Cut the answers where nobody measured."""
    stretches: list[list[Answer]] = []
    for answer in ordered:
        if not stretches or answer.at - stretches[-1][-1].at > HOLE:
            stretches.append([])
        stretches[-1].append(answer)
    return stretches


def _gaps(stretch: Sequence[Answer], *, since: float) -> list[Gap]:
    gaps: list[Gap] = []
    last: Answer | None = None  # the last one that was answered
    lost: list[Answer] = []
    for answer in stretch:
        if answer.at < since:
            continue
        if answer.latency is None:
            lost.append(answer)
            continue
        if lost:
            begin = last.at if last is not None else lost[0].at
            gaps.append(Gap(begin, answer.at, len(lost), last is not None))
        last, lost = answer, []
    if lost:
        begin = last.at if last is not None else lost[0].at
        gaps.append(Gap(begin, lost[-1].at, len(lost), whole=False))
    return gaps
