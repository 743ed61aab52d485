"""docs/asvs.md is what its data say, whole, and each test that they name is there."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from security import asvs_page, book

ROOT = Path(__file__).resolve().parents[2]
# How many requirements of the levels 1 and 2 each chapter of the ASVS 4.0.3 has.
REQUIREMENTS = {
    **{1: 38, 2: 53, 3: 18, 4: 9, 5: 30, 6: 13, 7: 12, 8: 15},
    **{9: 7, 10: 5, 11: 8, 12: 15, 13: 13, 14: 23},
}


def entries() -> dict[str, book.Requirement]:
    """Return all requirements by their numbers."""
    return {
        number: entry
        for chapter in book.chapters()
        for number, entry in chapter.requirements.items()
    }


def test_its_page_is_written_by_the_command() -> None:
    written = (ROOT / "docs" / "asvs.md").read_text(encoding="utf-8")
    assert written == asvs_page.page(), "make security"


def test_it_has_every_requirement_in_its_order() -> None:
    assert {
        chapter.number: len(chapter.requirements) for chapter in book.chapters()
    } == REQUIREMENTS
    numbers = [tuple(map(int, number.split("."))) for number in entries()]
    assert numbers == sorted(numbers)
    assert [n for c in book.chapters() for n in c.requirements] == [
        *(f"{a}.{b}.{c}" for a, b, c in numbers)
    ]
    assert Counter(entry.level for entry in entries().values()) == {1: 128, 2: 131}


def test_each_is_met_or_not_applicable_or_open_and_says_how() -> None:
    wrong = []
    for number, entry in entries().items():
        given = [
            text
            for text in (entry.met, entry.not_applicable, entry.open)
            if text is not None
        ]
        said = len(given) == 1 and (given[0].endswith(".") or entry.tests)
        if not said or not 2 <= len(entry.what.split()) <= 8:
            wrong.append(number)
    assert wrong == []


def test_each_test_that_holds_one_is_there() -> None:
    gone = {n: book.missing((), entry.tests) for n, entry in entries().items()}
    assert {number: what for number, what in gone.items() if what} == {}
