"""docs/architecture.md says what is so: rooms, floors, and the way of a request."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.house.test_layout import APP, CONTRACTS, ROOT, packages

TEXT = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
NAME = "migrations_app."
STEP = re.compile(r"^    ( *)([a-z_.]+):([\w.]+)", re.M)


def contracts() -> dict[str, dict[str, Any]]:
    """Return import-linter's contracts by their ids."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {each["id"]: each for each in settings["tool"]["importlinter"]["contracts"]}


def section(title: str) -> str:
    """Return what stands below the heading of that title."""
    return TEXT.partition(f"## {title}\n")[2].partition("\n## ")[0]


def test_its_tree_is_the_packages_that_there_are() -> None:
    tree = re.findall(r"^    ([a-z]+)/ +\S", TEXT, re.M)
    assert sorted(tree) == packages()
    beside = TEXT.partition("Beside them")[2].partition("\n\n")[0]
    files = {path.name for path in APP.glob("*.py")} - {"__init__.py"}
    assert set(re.findall(r"`(\w+\.py)`", beside)) == files


def test_its_floors_are_those_that_import_linter_holds() -> None:
    said = re.findall(r"^\d+\. (.*)$", section("What may import what"), re.M)
    floors = [set(re.findall(r"`([\w.]+)`", line)) for line in said]
    held = [
        {name.strip().removeprefix(NAME) for name in layer.split("|")}
        for layer in contracts()["floors"]["layers"]
    ]
    assert floors == held
    files = {path.stem for path in APP.glob("*.py")}
    outside = {"migrations", *files} - {"jobs", "errors", "tls", "widgets", "wording"}
    assert set().union(*floors) == {*packages(), *files} - outside


def test_what_it_calls_plain_is_held_to_be() -> None:
    said = section("What may import what").partition("Plain Python")[2]
    named = set(re.findall(r"`([\w.]+)`", said.partition("\n\n")[0]))
    assert {NAME + name for name in named} == set(contracts()["pure"]["source_modules"])
    assert len(contracts()) == CONTRACTS


@cache
def module(name: str) -> ast.Module:
    """Return the module of that name below the application."""
    path = APP / Path(*name.split("."))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return ast.parse(path.read_text(encoding="utf-8"))


def definitions(within: ast.Module | ast.ClassDef) -> dict[str, ast.AST]:
    """Return the functions and classes of a module or class by their names."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {node.name: node for node in within.body if isinstance(node, kinds)}


def defined(name: str, function: str) -> ast.AST | None:
    """Return what the module has under that name, or CLASS.METHOD; None: nothing."""
    outer, _, method = function.partition(".")
    found = definitions(module(name)).get(outer)
    if not method:
        return found
    return definitions(found).get(method) if isinstance(found, ast.ClassDef) else None


def executed(body: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a function or class, but not its annotations."""
    yield body
    for field, value in ast.iter_fields(body):
        if field not in ("annotation", "returns"):
            for node in value if isinstance(value, list) else [value]:
                if isinstance(node, ast.AST):
                    yield from executed(node)


@cache
def imported(name: str) -> set[str]:
    """Return all that the module imports, in full."""
    nodes = [n for n in ast.walk(module(name)) if isinstance(n, ast.ImportFrom)]
    return {f"{node.module}.{each.name}" for node in nodes for each in node.names}


@cache
def words_of(name: str, function: str) -> tuple[set[str], set[str]]:
    """Return the strings in a function, and the names that it uses."""
    body = defined(name, function)
    assert body is not None
    strings: set[str] = set()
    names: set[str] = set()
    for node in executed(body):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            strings.add(node.value)
        elif isinstance(node, ast.Name):
            names.add(node.id)
        elif isinstance(node, ast.Attribute):
            names.add(node.attr)
    return strings, names


def calls(here: tuple[str, str], there: tuple[str, str]) -> bool:
    """Tell whether one function uses the other, or has it enqueued by its name."""
    strings, names = words_of(*here)
    path = f"{NAME}{there[0]}"
    if ".".join((path, there[1])) in strings:
        return True
    outer, _, method = there[1].partition(".")
    if here[0] != there[0] and not imported(here[0]) & {path, f"{path}.{outer}"}:
        return False
    return (method or outer) in names


def steps() -> list[tuple[tuple[str, str] | None, tuple[str, str]]]:
    """Return each step of the figure with the one that calls it, if one does."""
    found: list[tuple[tuple[str, str] | None, tuple[str, str]]] = []
    above: list[tuple[str, str]] = []
    for depth, name, function in STEP.findall(section("The way of a request")):
        above = above[: len(depth) // 2]
        found.append((above[-1] if above else None, (name, function)))
        above.append((name, function))
    return found


def test_the_way_of_a_request_goes_from_the_asking_to_the_trail() -> None:
    way = [step for _, step in steps()]
    assert way[0] == ("web.requests.ask", "ask")
    assert way[-1] == ("audit.chain", "append")
    assert len(way) == len(
        re.findall(r"^    \S|^     +\S", section("The way of a request"), re.M)
    )


@pytest.mark.parametrize(
    ("caller", "step"), steps(), ids=lambda step: step and ":".join(step)
)
def test_each_step_is_there_and_called_by_the_one_above_it(
    caller: tuple[str, str] | None, step: tuple[str, str]
) -> None:
    assert defined(*step) is not None
    assert caller is None or calls(caller, step)


@pytest.mark.parametrize(
    "step", [("jobs", "walk_due"), ("requests.plan", "redraft")], ids=":".join
)
def test_it_leaves_out_no_caller(step: tuple[str, str]) -> None:
    names = [
        ".".join(path.relative_to(APP).with_suffix("").parts)
        for path in APP.rglob("*.py")
        if path.name != "__init__.py" and "migrations" not in path.parts
    ]
    callers = {
        (name, function)
        for name in names
        for function in definitions(module(name))
        if calls((name, function), step)
    }
    assert {caller for caller, called in steps() if called == step} - {None} == callers


def answers() -> list[tuple[str, str]]:
    """Return what the first questions name."""
    named = re.findall(r"`([a-z_.]+):([\w.]+)`", section("First questions"))
    return list(dict.fromkeys(named))


def test_each_first_question_names_a_place() -> None:
    questions = re.findall(r"^\* \*\*(.*)\?\*\*", section("First questions"), re.M)
    assert len(questions) == 14
    assert len(answers()) >= len(questions)


@pytest.mark.parametrize("answer", answers(), ids=":".join)
def test_the_place_that_a_first_question_names_is_there(
    answer: tuple[str, str],
) -> None:
    assert defined(*answer) is not None


def test_it_sees_that_a_step_is_not_called() -> None:
    assert not calls(("jobs", "walk_due"), ("audit.chain", "append"))
    assert not calls(("requests.actions", "ask"), ("runs.wakeup", "ring"))
    # it takes one, as its annotations say, and makes none
    writer = ("runs.engine.run_writer", "RunWriter")
    assert not calls(("runs.engine.forward", "go_forward"), writer)
