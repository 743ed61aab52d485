"""A whole run fails when fewer branches are taken than are wanted, and no other."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.coverage_plugin import MANY, measured, repeating, verdict

ROOT = Path(__file__).resolve().parents[2]


def said(
    taken: int, *, whole: bool = True, failed: int = 0, skipped: int = 0
) -> tuple[str, bool]:
    return verdict(taken, 200, wanted=85, whole=whole, failed=failed, skipped=skipped)


def test_it_fails_when_fewer_branches_are_taken_than_are_wanted() -> None:
    sentence, fell = said(169)
    assert sentence.startswith("branches: 84.50 % of 200 taken: 85 % are wanted")
    assert fell


def test_it_says_the_figure_when_enough_are_taken() -> None:
    assert said(170) == ("branches: 85.00 % of 200 taken; 85 % are wanted.", False)


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ({"whole": False}, "by these tests alone"),
        ({"failed": 1}, "not compared: 1 failed, 0 not run"),
        ({"skipped": 2}, "not compared: 0 failed, 2 not run"),
    ],
)
def test_it_compares_nothing_when_not_all_tests_ran_well(
    how: dict[str, int], reason: str
) -> None:
    sentence, fell = said(10, **how)  # type: ignore[arg-type]
    assert sentence.startswith("branches: 5.00 % of 200 taken")
    assert reason in sentence
    assert not fell


@dataclass(frozen=True)
class Case:
    """What is looked at of one case of a test."""

    name: str
    fixturenames: tuple[str, ...]
    path: str = "test_deaths.py"
    originalname: str = "test_it_moves"

    def get_closest_marker(self, name: str) -> None:
        """It has none."""


def cases(number: int, *, db: bool = True, of: str = "test_it_moves") -> list[Any]:
    """Return the cases of one test as pytest collects them."""
    fixtures = ("db",) if db else ()
    return [Case(f"{of}[{n:02}]", fixtures, originalname=of) for n in range(number)]


def test_it_leaves_out_nine_of_ten_cases_of_what_has_many_on_a_database() -> None:
    many = cases(MANY + 1)
    names = {case.name for case in many} - {case.name for case in repeating(many[::-1])}
    assert names == {"test_it_moves[00]", "test_it_moves[10]"}
    assert repeating(cases(MANY)) == set()
    assert repeating(cases(MANY + 1, db=False)) == set()


def test_of_few_deaths_too_it_counts_one() -> None:
    deaths = cases(6, of="test_it_survives_a_death_here_or_there")
    assert set(deaths) - repeating(deaths) == {deaths[0]}


def test_it_does_not_count_tests_of_other_programs(
    request: pytest.FixtureRequest,
) -> None:
    """This is one of them."""
    assert not measured(request.node)


def test_every_change_is_tried_with_its_branches_counted() -> None:
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    bare = next(line for line in lines if line.startswith("python3 -m stranger "))
    here = next(line for line in lines if line.startswith("make test"))
    assert "--pytest=--coverage" in bare.split()
    assert here.split()[:3] == ["make", "test", "ARGS=--coverage"]
