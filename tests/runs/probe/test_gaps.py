"""What the answers of a guest tell: gaps of the guest, and holes in the measuring."""

from __future__ import annotations

import json
import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrations_app.runs.probe.gaps import (
    HOLE,
    Answer,
    Gap,
    Result,
    from_dict,
    read,
    words,
)

T0 = 1_700_000_000.0
EVERY = 0.2


def answers(pattern: str, *, begin: float = T0) -> list[Answer]:
    """``.`` was answered, ``x`` was not, a blank was never sent."""
    return [
        Answer(begin + EVERY * number, 1.5 if sign == "." else None)
        for number, sign in enumerate(pattern)
        if sign != " "
    ]


def gaps(pattern: str) -> list[tuple[float, int, bool]]:
    found = read(answers(pattern)).gaps
    return [(round(gap.seconds, 1), gap.lost, gap.whole) for gap in found]


def test_it_finds_a_gap_between_two_answers() -> None:
    assert gaps("..xxx..") == [(0.8, 3, True)]
    gap = read(answers("..xxx..")).longest
    assert gap is not None
    assert gap.begin == pytest.approx(T0 + 0.2)
    assert gap.end == pytest.approx(T0 + 1.0)


def test_it_finds_no_gap_where_all_is_answered() -> None:
    assert gaps("......") == []
    assert gaps("") == []


def test_it_says_of_a_gap_without_an_end_that_it_was_longer() -> None:
    assert gaps("...xxxx") == [(0.8, 4, False)]


def test_it_takes_nothing_before_the_first_answer_for_a_gap() -> None:
    result = read(answers("xxxxx...x."))
    assert [gap.lost for gap in result.gaps] == [1]
    assert result.before == 5


def test_it_says_of_a_guest_that_never_answered_that_nothing_is_known() -> None:
    result = read(answers("xxxxx"))
    assert (result.answered, result.gaps, result.before) == (False, (), 5)
    assert words(result).startswith("it never answered (5 questions)")


def test_it_takes_what_nobody_measured_for_no_gap() -> None:
    result = read(answers("....            ...."))
    assert result.gaps == ()
    assert len(result.holes) == 1
    assert result.unmeasured == pytest.approx(13 * EVERY)
    assert "For 2.6 s nothing was measured." in words(result)


def test_it_does_not_join_what_was_lost_before_and_after_a_hole() -> None:
    pattern = "...xx            xx..."
    assert gaps(pattern) == [(0.4, 2, False), (0.4, 2, False)]


def test_it_says_in_words_how_long_it_was_away_and_when() -> None:
    result = read(answers("..xxxxxxxxxxx..", begin=T0))
    assert words(result) == (
        "it answered 4 of 15 questions; it did not answer for at most 2.4 s, from"
        " 22:13:20.2 to 22:13:22.6 UTC."
    )


def test_it_says_the_slowest_answer_where_nothing_was_lost() -> None:
    slow = [*answers("..."), Answer(T0 + 0.6, 412.3)]
    assert words(read(slow)) == (
        "it answered 4 of 4 questions; the slowest answer took 412 ms."
    )


patterns = st.text(alphabet=".x ", max_size=120)


@given(patterns, st.randoms(use_true_random=False))
def test_it_does_not_matter_in_which_order_the_answers_come(
    pattern: str, chance: random.Random
) -> None:
    mixed = answers(pattern)
    chance.shuffle(mixed)
    assert read(mixed) == read(answers(pattern))


@given(patterns)
def test_it_counts_each_lost_question_once_and_overlaps_no_hole(pattern: str) -> None:
    result = read(answers(pattern))
    assert sum(gap.lost for gap in result.gaps) + result.before <= result.lost + (
        result.sent if not result.answered else 0
    )
    spans = sorted([(g.begin, g.end) for g in result.gaps] + list(result.holes))
    assert all(a[1] <= b[0] for a, b in pairwise(spans))
    assert all(end - begin > HOLE for begin, end in result.holes)
    assert words(result).endswith(".")


@given(patterns)
def test_it_survives_being_kept_as_json(pattern: str) -> None:
    result = read(answers(pattern))
    assert from_dict(json.loads(json.dumps(result.as_dict()))) == result


def test_it_names_the_longest_gap() -> None:
    result = read(answers("..x..xxxx..xx.."))
    assert result.longest == result.gaps[1]
    assert isinstance(result, Result)
    assert isinstance(result.longest, Gap)
