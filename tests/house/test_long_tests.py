"""long.txt names tests that there are, and ``--short`` leaves them out."""

from __future__ import annotations

import ast
from functools import cache
from types import SimpleNamespace
from typing import Any

import pytest

from tests.lab_plugin import ROOT
from tests.shorter import CASES, LongTests, long_tests, pytest_collection_modifyitems


class Collected:
    """A test as pytest has collected it."""

    def __init__(self, nodeid: str, *marks: str) -> None:
        self.nodeid = nodeid
        self.marks = marks

    def get_closest_marker(self, name: str) -> bool:
        return name in self.marks


def what_is_kept(items: list[Any]) -> list[str]:
    config = SimpleNamespace(
        getoption=lambda _: True,
        hook=SimpleNamespace(pytest_deselected=lambda items: None),
    )
    pytest_collection_modifyitems(config, items)  # type: ignore[arg-type]
    return [item.nodeid for item in items]


@cache
def defined_in(path: str) -> set[str]:
    """Functions of a module, those of its classes by the names of both."""
    tree = ast.parse((ROOT / path).read_text())
    found = {n.name for n in tree.body if isinstance(n, ast.FunctionDef)}
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            # how hypothesis calls the test of a state machine
            found |= {f"{node.name}::runTest"}
            found |= {
                f"{node.name}::{f.name}"
                for f in node.body
                if isinstance(f, ast.FunctionDef)
            }
        elif isinstance(node, ast.Assign):
            name = ast.unparse(node.targets[0])
            found |= {name, f"{name}::runTest"}
    return found


def test_each_long_test_is_there() -> None:
    gone = [
        test
        for test in sorted(long_tests())
        if test.split("::", 1)[1] not in defined_in(test.split("::", 1)[0])
    ]
    assert gone == []


def test_a_long_test_is_left_out_with_all_its_cases() -> None:
    long = min(long_tests())
    items = [Collected(f"{long}[1]"), Collected(f"{long}@group"), Collected("a::b[1]")]
    assert what_is_kept(items) == ["a::b[1]"]


def test_of_one_with_very_many_cases_a_part_is_kept() -> None:
    items = [Collected(f"a::b[{i}]", "long") for i in range(2 * CASES)]
    assert what_is_kept(items) == ["a::b[0]", f"a::b[{CASES}]"]


def test_what_took_long_is_noted_and_what_did_not_run_is_kept(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted = tmp_path / "long.txt"
    noted.write_text("x::not_run\nx::quick_now\n")
    monkeypatch.setattr("tests.shorter.LIST", noted)
    watcher = LongTests()
    for nodeid, seconds in [
        ("x::quick_now", 0.05),
        ("x::long[1]", 0.15),
        ("x::long[2]", 0.1),
        ("x::set_up", 0.05),
        ("x::set_up", 0.08),
    ]:
        report: Any = SimpleNamespace(nodeid=nodeid, duration=seconds)
        watcher.pytest_runtest_logreport(report)
    watcher.pytest_sessionfinish()
    assert noted.read_text().split() == ["x::long", "x::not_run", "x::set_up"]
