"""What counts as proven, and that the document says what the results say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lab.release import RELEASES
from proof import cells, table
from proof.cells import (
    FAILED,
    LAYOUTS,
    LOCAL,
    NEVER,
    PROCEDURES,
    PROVEN,
    SHARED,
    SIMULATED,
    SKIPPED,
    Cell,
)


def report(outcome: str = "passed", **more: str) -> dict[str, str]:
    plain = {"test": "a::b", "procedure": "live", "layout": LOCAL, "seconds": "2.4"}
    return plain | {"outcome": outcome, "why": ""} | more


def cell(**more: str) -> Cell:
    plain = {"release": "33", "procedure": "live", "layout": LOCAL, "on": "2026-11-30"}
    return Cell(**{"verdict": PROVEN, **plain, **more})  # type: ignore[arg-type]


def test_a_cell_is_proven_when_all_its_tests_have_passed() -> None:
    found = cells.judge(
        [report(), report(), report(procedure="cold")], release="33", on="2026-11-30"
    )
    assert {(it.procedure, it.verdict, it.tests, it.seconds) for it in found} == {
        ("live", PROVEN, 2, 5),
        ("cold", PROVEN, 1, 2),
    }


@pytest.mark.parametrize("worst, verdict", [("failed", FAILED), ("skipped", SKIPPED)])
def test_one_test_that_has_not_passed_takes_the_proof_away(
    worst: str, verdict: str
) -> None:
    tests = [report(), report(worst, test="x::test_it", why="no hosts"), report()]
    (found,) = cells.judge(tests, release="33", on="2026-11-30")
    assert (found.verdict, found.why) == (verdict, "test_it: no hosts")


def test_a_failure_weighs_more_than_a_test_that_was_not_run() -> None:
    tests = [report("failed", why="boom"), report("skipped", why="no hosts")]
    (found,) = cells.judge(tests, release="33", on="2026-11-30")
    assert (found.verdict, found.why) == (FAILED, "b: boom")


def test_a_run_of_one_cell_leaves_the_others_as_they_were(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    cells.remember([cell(), cell(procedure="cold")], file)
    cells.remember([cell(verdict=FAILED, why="t: broken", on="2026-12-01")], file)
    kept = {it.procedure: (it.verdict, it.on) for it in cells.recall(file)}
    assert kept == {"live": (FAILED, "2026-12-01"), "cold": (PROVEN, "2026-11-30")}


def test_where_nothing_can_run_what_was_proven_stays(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    cells.remember([cell()], file)
    skipped = cell(verdict=SKIPPED, why="t: no hosts", on="2026-12-01")
    cells.remember([skipped, replace(skipped, procedure="cold")], file)
    kept = {it.procedure: it.verdict for it in cells.recall(file)}
    assert kept == {"live": PROVEN, "cold": SKIPPED}


@pytest.mark.parametrize(
    "name, procedure",
    [
        ("test_a_guest_is_moved_live_and_counts_on", "live"),
        ("test_a_cold_move_keeps_it", "cold"),
        ("test_it_moves[manual-None]", "manual"),
        ("test_a_guest_that_delivers", None),
    ],
)
def test_a_name_tells_what_is_moved(name: str, procedure: str | None) -> None:
    assert cells.procedure_of(name) == procedure


def rows(text: str) -> dict[tuple[str, str], list[str]]:
    """(layout, procedure) -> what is said of each release."""
    found = {}
    for line in text.splitlines():
        words = [word.strip() for word in line.strip("|").split(" | ")]
        if len(words) == 3 + len(RELEASES) and "--procedure" in words[-1]:
            _, procedure, _, layout = words[-1].strip("`").split()
            found[layout, procedure] = words[2:-1]
    return found


def test_every_procedure_has_a_row_on_every_layout() -> None:
    found = rows(table.text([]))
    assert set(found) == {(a, b) for a in LAYOUTS for b in PROCEDURES}


def test_it_says_of_each_empty_cell_why_it_is_empty() -> None:
    text = table.text([cell()])
    for row in rows(text).values():
        for said in row:
            assert said.startswith("proven 2026-11-30") or f"* {said[-3:]} " in text
    assert NEVER["manual", SIMULATED][1:] in text
    assert "Not run yet." in text


def test_it_says_why_what_is_refused_is_refused() -> None:
    text = table.text([cell(procedure="manual", layout=SHARED)])
    said = rows(text)[SHARED, "manual"][list(RELEASES).index("33")]
    assert said.startswith("refused 2026-11-30 (")
    assert f"* {said[-3:]} Hosts that share their storage have nothing to copy" in text


def test_it_says_what_failed_and_of_another_layout_only_what_was_tried() -> None:
    text = table.text([cell(verdict=FAILED, layout="shared,volumes", why="t: gone")])
    tried = [key for key in rows(text) if key[0] == "shared,volumes"]
    assert tried == [("shared,volumes", "live")]
    assert "**failed** 2026-11-30 (" in text
    assert "Nova 33: t: gone" in text


def test_the_document_says_what_the_results_say() -> None:
    written = table.DOC.read_text(encoding="utf-8")
    assert written == table.text(cells.recall()), "`python -m proof --doc` writes it"


def test_every_result_is_of_something_that_there_is() -> None:
    for it in cells.recall():
        assert it.release in RELEASES
        assert it.procedure in PROCEDURES
        assert it.verdict in (PROVEN, FAILED, SKIPPED)
        assert (it.procedure, it.layout) not in NEVER
