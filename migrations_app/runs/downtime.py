"""Downtime of a guest during its move: estimated and measured.

Each figure names its source: libvirt reports the pause of the guest, Nova's events and
the run's steps give upper bounds, and a probe measures it from the network. Without a
measurement there is no figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from django.utils import timezone

from migrations_app import wording
from migrations_app.models import Probe, Run, Sample, Step
from migrations_app.models.states import StepState
from migrations_app.runs.probe import gaps
from migrations_app.runs.probe.gaps import Answer, Gap, Result
from migrations_app.wording import duration, duration_range

# A chart shows so much: of a longer probe what is around its longest gap.
SHOWN, AROUND = timedelta(minutes=15), timedelta(minutes=1)
ROWS = 20  # of a table, the longest spans

HOW = {
    "libvirt": ("", "measured by libvirt"),
    "events": ("at most ", "from Nova's events; without the boot of the guest"),
    "steps": ("at most ", "from the shutdown request until Nova said that it runs"),
}


@dataclass(frozen=True, slots=True)
class Standstill:
    """Downtime of the guest in ms, and how it was measured (see HOW)."""

    ms: int
    how: str

    @property
    def words(self) -> str:
        """The figure as text."""
        amount = f"{self.ms} ms" if self.ms < 1000 else duration(self.ms / 1000)
        bound, how = HOW.get(self.how, ("", self.how))
        return f"{bound}{amount}, {how}"


def measured(steps: Sequence[Step]) -> Standstill | None:
    """Return the measured downtime of the run with these steps, if any."""
    for step in steps:
        if "downtime_ms" in step.progress:
            how = step.progress.get("downtime_how", "")
            return Standstill(int(step.progress["downtime_ms"]), how)
    rows = {step.key: step for step in steps}
    stop, start = rows.get("stop"), rows.get("start_on_target")
    if stop is None or start is None or start.state != StepState.DONE:
        return None
    # without a request the guest was off before
    if stop.asked_at is None or start.asked_at is None or start.done_at is None:
        return None
    lasted = start.done_at - stop.asked_at
    return Standstill(round(lasted.total_seconds() * 1000), "steps")


def estimated(estimate: dict[str, Any]) -> str:
    """Return the estimate of the request as text; empty if there is none."""
    span = estimate.get("downtime")
    if not isinstance(span, list) or len(span) != 2:
        return ""
    least, most = span
    if not most:
        return "none"
    return duration_range(least, most)


class Probed:
    """Results of a probe, so far or final."""

    def __init__(self, probe: Probe) -> None:
        self.probe = probe

    @property
    def over(self) -> bool:
        """Whether the probe has ended."""
        return self.probe.over_at is not None

    @cached_property
    def result(self) -> Result:
        """The result of all answers; while running, of the last quarter of an hour."""
        if self.probe.result:
            return gaps.from_dict(self.probe.result)
        return gaps.read(self.answers)

    @property
    def words(self) -> str:
        """The result as text."""
        if self.probe.trouble:
            return self.probe.trouble
        if not self.probe.sent:
            return "No probe was sent yet."
        text = gaps.words(self.result)
        return text[0].upper() + text[1:]

    @cached_property
    def answers(self) -> list[Answer]:
        """The answers for the chart, oldest first."""
        begin, end = self._window
        rows = Sample.objects.filter(run=self.probe.run_id, at__gte=begin, at__lte=end)
        return [
            Answer(at.timestamp() + offset / 1000, latency)
            for at, pairs in rows.values_list("at", "answers")
            for offset, latency in pairs
        ]

    @cached_property
    def table(self) -> list[dict[str, Any]]:
        """The longest gaps and unmeasured periods, in order, for the table."""
        spans: list[tuple[float, float, str, int]] = []
        for gap in self.result.gaps:
            bound = "at most" if gap.whole else "at least"
            what = f"no answer for {bound} {wording.measured(gap.seconds)}"
            spans.append((gap.begin, gap.end, what, gap.lost))
        for begin, end in self.result.holes:
            spans.append(
                (begin, end, f"not measured for {wording.measured(end - begin)}", 0)
            )
        longest = sorted(spans, key=lambda span: span[0] - span[1])[:ROWS]
        return [
            {
                "begin": gaps.clock(begin),
                "end": gaps.clock(end),
                "what": what,
                "lost": lost or "",
            }
            for begin, end, what, lost in sorted(longest)
        ]

    @property
    def more(self) -> int:
        """Number of periods that the table leaves out."""
        return len(self.result.gaps) + len(self.result.holes) - len(self.table)

    @property
    def _window(self) -> tuple[datetime, datetime]:
        probe, now = self.probe, timezone.now()
        begin, end = probe.begun_at or now, probe.over_at or now
        if end - begin > SHOWN:
            gap = gaps.from_dict(probe.result).longest if probe.result else None
            if gap is not None:
                return _at(gap.begin) - AROUND, _at(gap.begin) - AROUND + SHOWN
            begin = end - SHOWN
        return begin, end

    def as_dict(self) -> dict[str, Any]:
        """Return it in its JSON form; times in UTC, spans in seconds."""
        result, gap = self.result, self.result.longest
        return {
            "target": self.probe.target,
            "over": self.over,
            "sent": self.probe.sent,
            "lost": self.probe.lost,
            "longest_gap": None if gap is None else _gap(gap),
            "unmeasured": round(result.unmeasured, 1),
            "words": self.words,
        }


def probed(run: Run) -> Probed | None:
    """Return the probe of the run's guest; None if there is none."""
    probe = Probe.objects.filter(pk=run.pk).first()
    return Probed(probe) if probe else None


def as_dict(run: Run, steps: Sequence[Step]) -> dict[str, Any]:
    """Return the run's downtime in its JSON form."""
    known, probe = measured(steps), probed(run)
    span = run.request.estimate.get("downtime")
    return {
        "ms": known.ms if known else None,
        "how": known.how if known else None,
        "words": known.words if known else "It was not measured.",
        "estimate": span if isinstance(span, list) else None,
        "probe": probe.as_dict() if probe else None,
    }


def _gap(gap: Gap) -> dict[str, Any]:
    return {
        "seconds": round(gap.seconds, 2),
        "begin": _at(gap.begin).isoformat(),
        "end": _at(gap.end).isoformat(),
        "lost": gap.lost,
        "whole": gap.whole,
    }


def _at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
