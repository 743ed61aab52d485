"""docs/security.md is what its data say, and each test that they name is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from security import book, threat_page

ROOT = Path(__file__).resolve().parents[2]


def test_its_page_is_written_by_the_command() -> None:
    written = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    assert written == threat_page.page(), "make security"


def test_each_file_and_test_against_a_threat_is_there() -> None:
    gone = {
        threat.name: book.missing(threat.files, threat.tests)
        for group in book.threats()
        for threat in group.threats
    }
    assert {name: what for name, what in gone.items() if what} == {}


def test_each_threat_has_a_name_of_its_own_a_control_and_a_test() -> None:
    all_of_them = [threat for group in book.threats() for threat in group.threats]
    names = [threat.name for threat in all_of_them]
    assert sorted(set(names)) == sorted(names)
    assert [t.name for t in all_of_them if not t.files or not t.tests] == []
    bare = [t.name for t in all_of_them if not t.threat[-1] == t.control[-1] == "."]
    assert bare == []


@pytest.mark.parametrize("text", ["", "def test_b() -> None: ...", "test_a = 1"])
def test_it_sees_that_a_test_is_gone(text: str, tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(text, encoding="utf-8")
    assert book.missing(["no.py"], ["test_it.py::test_a"], root=tmp_path) == [
        "no.py",
        "test_it.py::test_a",
    ]


def test_it_sees_that_a_test_is_there(tmp_path: Path) -> None:
    text = "class TestIt:\n    async def test_a(self) -> None: ...\n"
    (tmp_path / "test_it.py").write_text(text, encoding="utf-8")
    assert book.missing(["test_it.py"], ["test_it.py::test_a"], root=tmp_path) == []
