"""What is said of how a live migration gets on: never more than the figures show."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from migrations_app.procedures.steps.live_convergence import (
    SPAN,
    LowWaterMark,
    Trend,
    Verdict,
    add_sample,
    judge,
)

MIB = 2**20
TICK = 5.0


def judged(lefts: Sequence[int], *, every: float = TICK) -> Verdict:
    """The verdict after these samples, one every few seconds."""
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
    lows = add_sample((LowWaterMark(1000.0, 5),), at=900.0, left=9)
    assert lows == (LowWaterMark(900.0, 9),)


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
