"""The words of the command line, the table, and the exit status."""

from __future__ import annotations

from pathlib import Path

import pytest

from stranger import commands, table
from stranger.__main__ import ORDER, conclude, plan
from stranger.releases import RELEASES
from stranger.table import FAILED, NOT_TRIED, OK, Cell


def planned(words: str) -> list[tuple[str, list[str]]]:
    return [(release.name, typed) for release, typed in plan(words.split())]


def test_it_gives_each_distribution_the_commands_that_follow_it() -> None:
    assert planned("debian-12 check test debian-13 ubuntu-24.04 demo") == [
        ("debian-12", ["check", "test"]),
        ("debian-13", ["demo"]),
        ("ubuntu-24.04", ["demo"]),
    ]


def test_it_tries_everything_if_nothing_is_said() -> None:
    assert planned("") == [(name, list(commands.USUAL)) for name in RELEASES]
    assert planned("check") == [(name, ["check"]) for name in RELEASES]


def test_it_hands_words_to_pytest_alone() -> None:
    typed = commands.literal("user-test", "tests/house -n0").typed
    assert typed == "make test ARGS='tests/house -n0'"
    assert commands.literal("check", "tests/house -n0").typed == "make check"


def cell(
    release: str, command: str, verdict: str = OK, *, left: tuple[str, ...] = ()
) -> Cell:
    why = "" if verdict == OK else "status 2"
    return Cell(
        release=release,
        command=command,
        verdict=verdict,
        why=why,
        seconds=61.4,
        system=f"{release}, Python 3",
        disk=2.2e9,
        left=left,
    )


def test_it_draws_a_row_a_distribution_and_a_column_a_command() -> None:
    cells = [cell("debian-12", "check"), cell("debian-13", "demo", FAILED)]
    assert table.markdown(cells, ORDER, "abc1234").splitlines()[:4] == [
        "|  | demo | check | disk |",
        "| --- | --- | --- | --- |",
        "| debian-12, Python 3 | – | ok, 61 s | 2.2 GB |",
        "| debian-13, Python 3 | FAILED: status 2 | – | 2.2 GB |",
    ]


def test_it_keeps_the_cells_of_a_commit_from_run_to_run(tmp_path: Path) -> None:
    first, second = cell("debian-13", "demo"), cell("debian-12", "check", left=("/x",))
    table.remember(tmp_path, [cell("debian-13", "demo", FAILED)])
    table.remember(tmp_path, [first])
    table.remember(tmp_path, [second])
    assert table.recall(tmp_path, order=list(RELEASES)) == [second, first]


def test_a_command_is_remembered_however_long_it_is(tmp_path: Path) -> None:
    typed = cell("debian-12", "sh -c '" + "true; " * 200 + "'", OK)
    table.remember(tmp_path, [typed])
    assert table.recall(tmp_path, order=list(RELEASES)) == [typed]


@pytest.mark.parametrize(
    ("verdicts", "status", "last"),
    [
        ((OK, OK), 0, "2 passed, 0 failed"),
        ((OK, FAILED), 1, "1 passed, 1 failed"),
        ((OK, NOT_TRIED), 0, "1 passed, 0 failed"),
        ((NOT_TRIED, NOT_TRIED), 3, "0 passed, 0 failed"),
        ((FAILED, NOT_TRIED), 1, "0 passed, 1 failed"),
    ],
)
def test_it_ends_with_figures_and_says_by_its_status_what_could_not_be_tried(
    verdicts: tuple[str, str],
    status: int,
    last: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    cells = [
        cell(name, "demo", verdict)
        for name, verdict in zip(("debian-13", "ubuntu-24.04"), verdicts, strict=True)
    ]
    assert conclude(cells) == status
    assert capsys.readouterr().out.splitlines()[-1] == last


def test_it_has_not_tried_a_command_that_no_distribution_could() -> None:
    cells = [cell("debian-12", "test", NOT_TRIED), cell("debian-13", "demo")]
    assert conclude(cells) == 3


def test_it_tries_what_the_readme_promises() -> None:
    text = (Path(__file__).resolve().parents[2] / "README.md").read_text("utf-8")
    rows = text.partition("## Supported\n")[2].partition("\n## ")[0].splitlines()
    tried = [row for row in rows if row.startswith("|") and "`make " in row]
    promised = {row.split("(")[1].split(")")[0] for row in tried}
    assert promised == {r.suite for r in RELEASES.values() if r.promised}


def test_its_closing_lines_name_what_was_left(
    capsys: pytest.CaptureFixture[str],
) -> None:
    conclude([cell("debian-12", "test", FAILED, left=("files: /etc/odd",))])

    assert "debian-12, test, left: files: /etc/odd" in capsys.readouterr().out
