"""What is said of how a live migration gets on: never more than the figures show."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrations_app.integrations.interfaces import Migration, Move, Progress, World
from migrations_app.procedures.base import StepContext
from migrations_app.procedures.steps import live_progress
from migrations_app.procedures.steps.live_convergence import (
    SPAN,
    LowWaterMark,
    Trend,
    Verdict,
    add_sample,
    judge,
)

MIB, GIB = 2**20, 2**30
TICK = 5.0


def judged(lefts: Sequence[int], *, every: float = TICK) -> Verdict:
    """Return the verdict after these samples, one every few seconds."""
    lows: tuple[LowWaterMark, ...] = ()
    for number, left in enumerate(lefts):
        lows = add_sample(lows, at=1000.0 + number * every, left=left)
    return judge(lows, left=lefts[-1]) if lefts else judge(lows, left=0)


amounts = st.lists(st.integers(0, 64 * 2**30), min_size=1, max_size=80)


def test_it_says_at_first_that_it_is_too_early() -> None:
    assert judged([]).trend is Trend.UNKNOWN
    assert judged([900 * MIB, 800 * MIB]).trend is Trend.UNKNOWN
    assert judged([900 * MIB, 800 * MIB]).sentence == (
        "Too early to say how long it will take."
    )


def test_it_says_how_long_what_is_left_takes_at_the_rate_of_the_last_minute() -> None:
    verdict = judged([left * MIB for left in range(1000, 600, -50)])
    assert verdict.trend is Trend.CONVERGING
    assert verdict.rate == 10 * MIB
    assert verdict.seconds == 65
    assert verdict.sentence.startswith("About 1 min 5 s at this rate")
    assert "10 MiB a second" in verdict.sentence


def test_it_says_when_the_guest_writes_as_fast_as_it_is_copied() -> None:
    sawtooth = [1300 * MIB, 1229 * MIB] + [1900 * MIB, 1600 * MIB, 1300 * MIB] * 12
    verdict = judged(sawtooth)
    assert verdict.trend is Trend.STALLED
    assert verdict.seconds is None
    assert verdict.sentence == (
        "Not getting closer: the guest writes about as fast as it is copied (the least"
        " that was left is 1.2 GiB, for 3 min)."
    )


def test_it_counts_what_is_left_now_when_a_new_pass_has_begun() -> None:
    """The mark is nearly nought at the end of a pass; a new pass has more to copy."""
    falling = [left * MIB for left in (1000, 700, 400, 100)]
    assert judged([*falling, 300 * MIB]).seconds == 300 / (900 / 20)


def test_it_takes_a_fall_back_when_it_is_long_over() -> None:
    falling = [left * MIB for left in (1000, 700, 400, 100)]
    assert judged([*falling, *[300 * MIB] * 10]).trend is Trend.CONVERGING
    assert judged([*falling, *[300 * MIB] * 20]).trend is Trend.STALLED


def test_it_begins_anew_when_the_clock_was_set_back() -> None:
    lows = add_sample((LowWaterMark(1000.0, 5, 1000.0),), at=900.0, left=9)
    assert lows == (LowWaterMark(900.0, 9, 900.0),)


@pytest.mark.parametrize("every", [1.0, 5.0, 60.0, 90.0, 300.0])
def test_it_takes_the_rate_from_what_nova_saved_however_rarely(every: float) -> None:
    verdict = judged(
        [int(100 * GIB - 200 * MIB * every * n) for n in range(30)], every=every
    )
    assert verdict.trend is Trend.CONVERGING
    assert verdict.rate == pytest.approx(200 * MIB)


def test_where_nova_saves_rarely_more_than_one_figure_must_not_fall() -> None:
    falling = [900 * GIB, 800 * GIB, 700 * GIB, 600 * GIB]
    assert judged([*falling, 650 * GIB], every=300.0).trend is Trend.CONVERGING
    assert judged([*falling, *[650 * GIB] * 3], every=300.0).trend is Trend.STALLED


class Nova:
    """Saves its counters every few seconds, of a memory copied at a steady pace."""

    def __init__(
        self, every: float, *, total: int, pace: int, until: float = 10**9
    ) -> None:
        self.every, self.total, self.pace = every, total, pace
        self.until, self.now = until, 0.0

    def progress(self, server_id: str, migration_id: int) -> Progress:
        now = min(self.now, self.until)
        copied = int(self.pace * (now - now % self.every))
        return Progress(
            memory_total=self.total,
            memory_processed=copied,
            memory_remaining=self.total - copied,
        )


def watched(
    nova: Nova, seconds: float, *, shown: dict[str, Any] | None = None
) -> Iterator[dict[str, Any]]:
    """Look every 5 s, as the engine does; yield what is shown each time."""
    begun, shown = datetime(2026, 1, 1, tzinfo=UTC), shown or {}
    record = Migration(7, "", "", "live-migration", "running", "a", "b", begun)
    for number in range(int(seconds / TICK)):
        nova.now = number * TICK
        new: list[dict[str, Any]] = []
        ctx = StepContext(
            move=Move("id", "web", "a", "b"),
            world=World(nova),  # type: ignore[arg-type]
            request_marker="",
            now=begun + timedelta(seconds=nova.now),
            log=lambda text: None,
            set_progress=new.append,
            progress=shown,
        )
        live_progress.report(ctx, record)
        shown = json.loads(json.dumps(new[-1]))
        yield shown


@pytest.mark.parametrize("every", [5.0, 60.0, 90.0, 120.0, 300.0])
def test_a_steady_copy_is_never_said_to_stall_however_rarely_nova_saves(
    every: float,
) -> None:
    pace = 200 * MIB
    seen = list(watched(Nova(every, total=256 * GIB, pace=pace), 1300))
    assert Trend.STALLED not in {shown.get("trend") for shown in seen}
    assert Trend.CONVERGING in {shown.get("trend") for shown in seen}
    rates = {shown["rate"] for shown in seen if shown["rate"]}
    assert rates
    assert all(rate == pytest.approx(pace, rel=0.1) for rate in rates)


def test_figures_that_no_longer_change_are_said_to_be_old() -> None:
    nova = Nova(5.0, total=256 * GIB, pace=200 * MIB, until=300.0)
    seen = list(watched(nova, 695))
    assert seen[59]["trend"] == Trend.CONVERGING
    assert seen[-1]["trend"] == Trend.UNKNOWN
    assert seen[-1]["outlook"] == (
        "Nova's figures have not changed for 6 min: how far it is now is not known."
    )
    assert not seen[-1]["rate"]


def test_it_begins_again_after_the_marks_of_an_older_release() -> None:
    nova = Nova(5.0, total=256 * GIB, pace=200 * MIB)
    old = {"lows": [[1767225500.0, 2**30]], "total": 256 * GIB}
    *_, shown = watched(nova, 60, shown=old)
    assert shown["trend"] == Trend.CONVERGING


@given(amounts)
def test_it_never_says_a_time_below_nought(lefts: list[int]) -> None:
    verdict = judged(lefts)
    assert verdict.rate >= 0
    assert verdict.since >= 0
    assert verdict.low == min(lefts)
    assert (verdict.seconds is not None) == (verdict.trend is Trend.CONVERGING)
    assert verdict.seconds is None or verdict.seconds >= 0
    assert "-" not in verdict.sentence


@given(st.integers(1, 2**40), st.lists(st.integers(0, 2**36), min_size=14, max_size=60))
def test_it_promises_nothing_while_the_mark_does_not_fall(
    low: int, above: list[int]
) -> None:
    verdict = judged([low, *(low + more for more in above)])
    assert verdict.trend is Trend.STALLED
    assert verdict.seconds is None


@given(st.integers(1, 100), st.integers(1, 100), st.integers(4, 30))
def test_it_promises_a_shorter_time_the_faster_it_falls(
    slow: int, more: int, samples: int
) -> None:
    end = 10 * MIB
    times = [
        judged([end + fall * (samples - n) for n in range(samples + 1)]).seconds
        for fall in (slow, slow + more)
    ]
    assert times[0] is not None
    assert times[1] is not None
    assert times[1] < times[0]


@given(amounts)
def test_it_keeps_few_figures_and_a_mark_that_only_falls(lefts: list[int]) -> None:
    lows: tuple[LowWaterMark, ...] = ()
    for number, left in enumerate(lefts):
        lows = add_sample(lows, at=number * TICK, left=left)
        marks = [low.left for low in lows]
        assert marks == sorted(marks, reverse=True)
        assert marks[-1] == min(lefts[: number + 1])
        assert len(lows) <= SPAN / TICK + 3
