"""Calendar files in the shapes of their usual producers, read to the minute."""

from __future__ import annotations

import pytest

from proof.calendars import table
from proof.calendars.cases import Case, all_cases, got_of

CASES = list(all_cases())


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_each_event_of_a_producer_s_file_is_read_as_it_says(case: Case) -> None:
    assert got_of(case) == case.expected


def test_the_files_are_many_of_many_producers_over_both_changes_of_clocks() -> None:
    assert len(CASES) >= 40
    assert len({case.producer for case in CASES}) >= 10


def test_the_document_has_the_table_as_it_is_now() -> None:
    text, right, count = table.text()
    assert right == count
    assert table.DOC.read_text(encoding="utf-8") == table.HEAD + text
