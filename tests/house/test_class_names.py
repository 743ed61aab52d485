"""A public class name stands for one thing within a package."""

from __future__ import annotations

import ast
from collections import defaultdict
from functools import cache
from pathlib import Path

APP = Path(__file__).resolve().parents[2] / "migrations_app"
# Django asks for these names, in a file each.
DJANGOS = {"Command", "Migration"}
# One part of a cloud: the interface and the real adapter's.
PARTS_OF_A_CLOUD = {"Holding"}
# Two things of one name. Nothing is added here: the next one gets another name.
TO_BE_RENAMED = {"Hosts"}
ALLOWED = {"integrations": PARTS_OF_A_CLOUD | TO_BE_RENAMED}


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
        if len(files) > 1 and name not in DJANGOS | ALLOWED.get(package, set())
    ] == []


def test_what_is_allowed_to_be_double_still_is() -> None:
    known = files_by_package_and_class()
    assert [
        f"{package}: {name}"
        for package, names in ALLOWED.items()
        for name in sorted(names)
        if len(known[package].get(name, ())) < 2
    ] == []
