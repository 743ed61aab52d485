"""A public class name stands for one thing within a package."""

from __future__ import annotations

import ast
from collections import defaultdict
from functools import cache
from pathlib import Path

APP = Path(__file__).resolve().parents[2] / "migrations_app"
# Django asks for these names, in a file each.
DJANGOS = {"Command", "Migration"}


@cache
def files_by_package_and_class() -> dict[str, dict[str, list[str]]]:
    """Return of each package in which files each of its public classes is."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for path in sorted(APP.rglob("*.py")):
        inside = path.relative_to(APP)
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[inside.parts[0]][node.name].append(str(inside))
    return found


def test_no_class_name_stands_for_two_things_within_a_package() -> None:
    assert [
        f"{package}: {name} in {' and '.join(files)}"
        for package, classes in files_by_package_and_class().items()
        for name, files in classes.items()
        if len(files) > 1 and name not in DJANGOS
    ] == []


def test_it_sees_a_name_that_is_double() -> None:
    assert len(files_by_package_and_class()["management"]["Command"]) > 1
