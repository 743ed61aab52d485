"""How spans, amounts and speeds are said, everywhere alike."""

from __future__ import annotations

from datetime import timedelta

import pytest

from migrations_app import wording
from migrations_app.procedures.steps.live_convergence import Trend, Verdict
from migrations_app.runs import downtime
from migrations_app.web.tags import copy_speeds, novaweb


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-3, "0 s"),
        (0, "< 0.1 s"),
        (0.04, "< 0.1 s"),
        (0.3, "0.3 s"),
        (2.0, "2 s"),
        (9.94, "9.9 s"),
        (9.97, "10 s"),
        (47.4, "47 s"),
        (59.6, "1 min"),
        (100, "1 min 40 s"),
        (120, "2 min"),
        (3599.7, "1 h"),
        (7500, "2 h 5 min"),
        (86399.9, "1 d"),
        (90_000, "1 d 1 h"),
    ],
)
def test_it_says_a_span_in_two_units_at_most(seconds: float, words: str) -> None:
    assert wording.duration(seconds) == words
    assert wording.duration(timedelta(seconds=seconds)) == words


@pytest.mark.parametrize(
    ("least", "most", "words"),
    [
        (0, 2, "up to 2 s"),
        (0.01, 2, "up to 2 s"),
        (5, 5, "5 s"),
        (5, 40, "5 to 40 s"),
        (5, 60, "5 s to 1 min"),
        (5, 100, "5 s to 1 min 40 s"),
        (120, 300, "2 to 5 min"),
        (65, 125, "1 min 5 s to 2 min 5 s"),
        (120, 125, "2 min to 2 min 5 s"),
    ],
)
def test_it_says_a_range_with_its_unit_once_where_it_can(
    least: float, most: float, words: str
) -> None:
    assert wording.duration_range(least, most) == words


def test_what_was_measured_keeps_its_seconds_however_long() -> None:
    assert wording.measured(100.44) == "100.4 s"


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(seconds=-5), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(hours=5, minutes=59), "5 hours ago"),
        (timedelta(days=3), "3 days ago"),
    ],
)
def test_it_says_how_long_ago_in_the_greatest_unit(span: timedelta, words: str) -> None:
    assert wording.ago(span) == words


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        (0, "0 B"),
        (512, "512 B"),
        (1023.6, "1 KiB"),
        (10 * 2**20, "10 MiB"),
        (1024**2 - 1, "1 MiB"),
        (1.25 * 2**30, "1.2 GiB"),
        (16 * 2**30, "16 GiB"),
        (1000 * 2**30, "1000 GiB"),
        (1234.5 * 2**30, "1.21 TiB"),
        (5000 * 2**40, "5000 TiB"),
    ],
)
def test_it_says_an_amount_in_the_unit_that_suits_it(amount: float, words: str) -> None:
    assert wording.size(amount) == words
    assert not amount or wording.mebibytes(amount / 2**20) == words


def test_no_memory_is_no_mebibytes() -> None:
    assert wording.mebibytes(0) == "0 MiB"


@pytest.mark.parametrize(
    ("mbit", "words"),
    [(940, "940 Mbit/s"), (999.6, "1 Gbit/s"), (9400, "9.4 Gbit/s")],
)
def test_it_says_a_speed_in_the_unit_that_suits_it(mbit: float, words: str) -> None:
    assert wording.speed(mbit) == words


def test_a_hundred_seconds_are_the_same_wherever_they_are_said() -> None:
    assert downtime.Standstill(82, "libvirt").words.startswith("82 ms, measured")
    assert downtime.Standstill(8_583, "events").words.startswith("at most 8.6 s, from")
    pause = downtime.Standstill(100_000, "libvirt")
    assert pause.words.startswith("1 min 40 s,")
    assert downtime.estimated({"downtime": [0, 100]}) == "up to 1 min 40 s"
    assert novaweb.duration(100) == "1 min 40 s"
    near = Verdict(Trend.CONVERGING, rate=2**20, seconds=100.0)
    assert near.sentence.startswith("About 1 min 40 s")


def test_nothing_is_made_up_where_nothing_is_known() -> None:
    assert novaweb.duration(None) == "not known"
    assert copy_speeds.mbit(None) == "not known"


@pytest.mark.parametrize(
    "told", ["Ask first", "Ask first.", "Ask first... ", " Ask first"]
)
def test_what_somebody_wrote_brings_no_full_stop_into_a_sentence(told: str) -> None:
    assert wording.within(told) == "Ask first"
