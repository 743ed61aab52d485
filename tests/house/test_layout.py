"""The map of the application: few rooms, and each knows only those below it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parents[2]
APP = ROOT / "migrations_app"
MOST_PACKAGES = 15
MOST_FILES = 6  # what Django, or everybody, looks for at the root
CONTRACTS = 11


def packages() -> list[str]:
    """The names of the packages at the root of the application."""
    return sorted(path.parent.name for path in APP.glob("*/__init__.py"))


def test_it_has_so_few_rooms_that_one_finds_the_way() -> None:
    files = sorted(p.name for p in APP.glob("*.py") if p.name != "__init__.py")
    assert len(packages()) <= MOST_PACKAGES, packages()
    assert len(files) <= MOST_FILES, files


def arrows() -> dict[str, set[str]]:
    """Return which package imports from which; not for its types alone."""
    graph = grimp.build_graph("migrations_app", exclude_type_checking_imports=True)
    rooms = {f"migrations_app.{name}" for name in packages()}
    for room in rooms:
        graph.squash_module(room)
    return {
        room: graph.find_modules_directly_imported_by(room) - {room} for room in rooms
    }


def circle(graph: dict[str, set[str]]) -> list[str]:
    """Return what is left when all that imports nothing of it is taken away."""
    left = {name: set(others) for name, others in graph.items()}
    while free := [name for name, others in left.items() if not others & set(left)]:
        for name in free:
            del left[name]
    return sorted(left)


def test_no_package_imports_itself_by_way_of_another() -> None:
    graph = arrows()
    assert "migrations_app.models" in graph["migrations_app.requests"]
    assert circle(graph) == []


def test_it_sees_a_circle() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == list("abcd")


def test_every_import_contract_is_kept() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert f"Contracts: {CONTRACTS} kept, 0 broken." in done.stdout, done.stdout
