"""Which entries a stretch has, and how the word index is asked for some of them."""

from __future__ import annotations

import itertools

import pytest

from migrations_app.audit import search_index
from migrations_app.audit.search_sql import NOTHING, Stretch

BLOCK = 1 << search_index.BLOCK_BITS


@pytest.mark.parametrize(
    ("stretch", "rest"),
    [
        (Stretch(1, 90), Stretch(1, 40)),
        (Stretch(1, 90, rising=True), Stretch(51, 90, rising=True)),
    ],
)
def test_what_follows_on_the_first_fifty(stretch: Stretch, rest: Stretch) -> None:
    assert stretch.without_first(50) == rest
    assert not stretch.without_first(90)


def test_what_follows_on_an_entry_is_in_the_order_of_the_page() -> None:
    assert Stretch(1, 90).behind(10) == Stretch(1, 9)
    assert Stretch(1, 90, rising=True).behind(10) == Stretch(11, 90, rising=True)
    assert (Stretch(1, 90).order, Stretch(1, 90, rising=True).order) == ("DESC", "ASC")


def test_a_span_without_an_entry_is_empty() -> None:
    assert not NOTHING
    assert not Stretch(8, 7)
    assert Stretch(7, 7)


@pytest.mark.parametrize("rising", [False, True])
@pytest.mark.parametrize("count", [1, 2, 5])
@pytest.mark.parametrize(
    ("low", "high"),
    [
        (1, 5),
        (1, BLOCK - 1),
        (1, BLOCK),
        (BLOCK - 1, 3 * BLOCK + 7),
        (BLOCK, 3 * BLOCK - 1),
        (5 * BLOCK + 3, 9 * BLOCK + 1),
    ],
)
def test_blocks_follow_each_other_without_a_gap(
    low: int, high: int, count: int, rising: bool
) -> None:
    stretch, parts = Stretch(low, high, rising=rising), []
    while stretch:
        blocks = stretch.first_blocks(count)
        assert len(blocks.blocks) <= count
        parts.append((blocks.low, blocks.high))
        stretch = stretch.behind(blocks.high if rising else blocks.low)
    parts.sort()
    assert (parts[0][0], parts[-1][1]) == (low, high)
    assert all(one[1] + 1 == two[0] for one, two in itertools.pairwise(parts))


def test_a_span_has_the_marks_of_the_blocks_that_its_entries_have() -> None:
    stretch = Stretch(BLOCK - 1, 2 * BLOCK)
    numbers = (BLOCK - 1, BLOCK, 2 * BLOCK)
    assert stretch.blocks == [search_index.block(number) for number in numbers]
