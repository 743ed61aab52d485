"""What somebody else made of an export is never shown as verified."""

from __future__ import annotations

import csv
import importlib.util
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from migrations_app.audit import actions as audit_actions
from migrations_app.audit import recorder
from migrations_app.audit.csv_cells import covered
from tests.audit.trail import VERIFIER, WAYS, exported, keys, trail

__all__ = ["keys", "trail"]


def loaded() -> ModuleType:
    spec = importlib.util.spec_from_file_location("verifier_of_exports", VERIFIER)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def verify(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> Callable[..., tuple[int, str]]:
    """Run the verifier in the folder; return its status and all that it said."""
    monkeypatch.chdir(tmp_path)
    verifier = loaded()

    def run(*words: str) -> tuple[int, str]:
        status = verifier.main(words)
        return status, "".join(capsys.readouterr())

    return run


Verify = Callable[..., tuple[int, str]]


def lines_of(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines(keepends=True)


def first(lines: list[str], kind: str) -> int:
    return next(i for i, line in enumerate(lines) if kind in json.loads(line))


def said_twice(lines: list[str]) -> None:
    """Programs take the last of two names; people, and some programs, the first."""
    number = first(lines, "entry")
    lines[number] = lines[number].replace('"note":', '"note":"forged","note":', 1)


def said_beside(lines: list[str]) -> None:
    number = first(lines, "entry")
    lines[number] = '{"remark":"approved by two",' + lines[number][1:]


@pytest.mark.django_db
@pytest.mark.parametrize("deed", [said_twice, said_beside])
def test_nothing_stands_in_a_line_that_was_not_looked_at(
    trail: Path, verify: Verify, deed: Callable[[list[str]], None]
) -> None:
    exported(trail)
    lines = lines_of(trail / "audit.jsonl")
    deed(lines)
    (trail / "audit.jsonl").write_text("".join(lines), encoding="utf-8")

    status, said = verify(*WAYS["jsonl"])

    assert status == 1, said
    assert "NOT VERIFIED (changed)" in said


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["remark", "note"])
def test_no_column_of_a_csv_is_left_out_of_the_look(
    trail: Path, verify: Verify, name: str
) -> None:
    exported(trail)
    path = trail / "audit.csv"
    with path.open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([[name, *head], *(["x", *row] for row in rows)])

    status, said = verify(*WAYS["csv"])

    assert status == 1, said
    assert "NOT VERIFIED (changed)" in said


@pytest.mark.django_db
def test_a_csv_whose_formulas_were_uncovered_is_not_as_it_was_exported(
    trail: Path, verify: Verify
) -> None:
    exported(trail)
    path = trail / "audit.csv"
    path.write_bytes(path.read_bytes().replace(b"'=cmd()", b"=cmd()", 1))

    status, said = verify(*WAYS["csv"])

    assert status == 1, said
    assert "First bad entry: 1\n" in said


@pytest.mark.django_db
def test_a_spreadsheet_sees_no_formula_however_it_ends_cells(
    keys: Path, verify: Verify
) -> None:
    recorder.record("account.signed_in", note="a;=1\n=2\t=3;\"=4; '+5;\uff1d6")
    audit_actions.sign()
    exported(keys)

    text = (keys / "audit.csv").read_text(encoding="utf-8")

    assert "a;'=1\n'=2\t'=3;'\"\"=4;' '+5;'\uff1d6" in text
    assert verify(*WAYS["csv"])[0] == 0


@pytest.mark.django_db
@pytest.mark.parametrize("where", ["header", "signature"])
def test_a_file_moves_no_cursor_and_turns_no_text(
    trail: Path, verify: Verify, where: str
) -> None:
    exported(trail)
    path = trail / "audit.jsonl"
    lines = lines_of(path)
    place = 0 if where == "header" else first(lines, "signature")
    facts = json.loads(lines[place])
    at = "\x1b[1A\x1b[2K\r\u202eVerified"
    (facts if where == "header" else facts["signature"])["at"] = at
    lines[place] = json.dumps(facts) + "\n"
    path.write_text("".join(lines), encoding="utf-8")

    _, said = verify(*WAYS["jsonl"])

    assert r"\x1b[1A\x1b[2K\r\u202eVerified" in said
    assert all(sign.isprintable() or sign == "\n" for sign in said)


@pytest.mark.django_db
def test_whatever_a_line_is_the_verifier_says_a_sentence(
    trail: Path, verify: Verify
) -> None:
    exported(trail)
    path = trail / "audit.jsonl"
    head = lines_of(path)[0]
    for line in (
        "[" * 100_000,
        '{"signature":[]}',
        '{"left_out":7,"digest":""}',
        '{"end":[]}',
        '{"entry":[],"previous":"","digest":""}',
        '{"entry":{"id":' + "9" * 5000 + "}}",
    ):
        for text in (line, f"{head}{line}\n"):
            path.write_text(text, encoding="utf-8")
            assert verify(*WAYS["jsonl"])[0] in (1, 2)


@pytest.mark.django_db
def test_an_entry_with_very_many_names_is_verified(keys: Path, verify: Verify) -> None:
    recorder.record("policy.created", after={"hosts": ["h" * 255] * 1000})
    audit_actions.sign()
    exported(keys)

    for words in WAYS.values():
        status, said = verify(*words)
        assert status == 0, said


def test_the_verifier_uncovers_what_an_export_covers_and_nothing_else() -> None:
    verifier = loaded()
    for parts in itertools.product(*[(";", "\n", '"', "'", " ", "=", "x", "")] * 5):
        text = "".join(parts)
        assert verifier.uncovered(covered(text), 2) == text
