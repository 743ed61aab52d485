"""A module has one name in the whole tree: its file's, or PACKAGE_MODULE."""

from __future__ import annotations

import ast
from collections import defaultdict
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("bench", "demo", "lab", "migrations_app", "novaweb", "pretend", "tests")


@cache
def names_by_module() -> dict[str, set[str]]:
    """Return of each module of ours under which names others import it."""
    files = [path for name in FOLDERS for path in (ROOT / name).rglob("*.py")]
    modules = {".".join(path.relative_to(ROOT).with_suffix("").parts) for path in files}
    found: dict[str, set[str]] = defaultdict(set)
    for path in files:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                for each in node.names:
                    if (module := f"{node.module}.{each.name}") in modules:
                        found[module].add(each.asname or each.name)
    return found


def test_a_module_is_imported_under_one_name() -> None:
    assert {
        module: sorted(names)
        for module, names in names_by_module().items()
        if len(names) > 1
    } == {}


def test_that_name_says_which_file_it_is() -> None:
    assert [
        f"{module} as {name}"
        for module, names in names_by_module().items()
        for name in names
        if module.startswith("migrations_app.")
        and not f"_{name}".endswith(f"_{module.rpartition('.')[2]}")
    ] == []
