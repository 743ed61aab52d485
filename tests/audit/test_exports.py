"""Whatever is done to an export is found by the stand-alone verifier."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from migrations_app.audit import actions as audit_actions
from tests.audit.trail import KEY, WAYS, exported, keys, stand_alone, trail, write

__all__ = ["keys", "trail"]
pytestmark = pytest.mark.django_db


def lines_of(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines(keepends=True)


def entry_lines(lines: list[str]) -> list[int]:
    return [i for i, line in enumerate(lines) if "entry" in json.loads(line)]


def swap_lines(lines: list[str]) -> None:
    third, fourth = entry_lines(lines)[2:4]
    lines[third], lines[fourth] = lines[fourth], lines[third]


def drop_line(lines: list[str]) -> None:
    del lines[entry_lines(lines)[3]]


def cut_lines(lines: list[str]) -> None:
    del lines[entry_lines(lines)[9] :]


def cut_lines_and_end_well(lines: list[str]) -> None:
    """Before the last signature, with an end that fits."""
    keep = entry_lines(lines)[9]
    last = json.loads(lines[keep])
    del lines[keep + 1 :]
    end = {"count": 10, "entry": 10, "digest": last["digest"], "given": 10}
    lines.append(json.dumps({"end": end}) + "\n")


def forge_the_signature(lines: list[str]) -> None:
    for number, line in enumerate(lines):
        if "signature" in (facts := json.loads(line)):
            facts["signature"]["at"] = "2030-01-01T00:00:00.000000Z"
            lines[number] = json.dumps(facts) + "\n"


@pytest.mark.parametrize(
    "deed, kind, entry",
    [
        (swap_lines, "missing", 3),
        (drop_line, "missing", 4),
        (cut_lines, "cut", 10),
        (cut_lines_and_end_well, "cut", 8),
        (forge_the_signature, "signature", 7),
    ],
)
def test_an_export_that_was_changed_is_found(
    trail: Path, deed: Callable[[list[str]], None], kind: str, entry: int
) -> None:
    exported(trail)
    lines = lines_of(trail / "audit.jsonl")
    deed(lines)
    (trail / "audit.jsonl").write_text("".join(lines), encoding="utf-8")
    status, said = stand_alone(trail, *WAYS["jsonl"])
    assert status == 1, said
    assert f"NOT VERIFIED ({kind})" in said
    assert f"First bad entry: {entry}\n" in said


def test_swapped_and_missing_rows_of_a_csv_are_found(trail: Path) -> None:
    exported(trail)
    whole = (trail / "audit.csv").read_bytes().split(b"\r\n")
    for rows in (
        [*whole[:3], whole[4], whole[3], *whole[5:]],
        [*whole[:3], *whole[4:]],
    ):
        (trail / "audit.csv").write_bytes(b"\r\n".join(rows))
        status, said = stand_alone(trail, *WAYS["csv"])
        assert status == 1, said
        assert "First bad entry: 3\n" in said


def test_an_older_export_is_found_by_the_signed_digests(trail: Path) -> None:
    exported(trail)
    write(1)
    audit_actions.sign()
    assert stand_alone(trail, *WAYS["jsonl"])[0] == 0
    status, said = stand_alone(trail, "--signed", "signed.jsonl", *WAYS["jsonl"])
    assert status == 1
    assert "First bad entry: 15\n" in said


def test_a_spreadsheet_sees_no_formula(trail: Path) -> None:
    exported(trail)
    text = (trail / "audit.csv").read_text(encoding="utf-8")
    assert "'=cmd()" in text
    assert ",=" not in text


def test_the_verifier_says_what_it_cannot_read(trail: Path) -> None:
    for words in (
        (*KEY, "nowhere.jsonl"),
        (*KEY, "public.pem"),
        ("--key", "signed.jsonl", "audit.jsonl"),
    ):
        status, said = stand_alone(trail, *words)
        assert status in (1, 2), said
        assert "Traceback" not in said
