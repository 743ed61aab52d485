"""What a person does is done with the rights that they have when it is written."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.house.test_layout import APP

ASKED = {"require", "_require"}
ASKED_AGAIN = {"require_now", "_require_now", "current_person"}


def calls(node: ast.AST) -> set[str]:
    """Return the names of the functions that are called in it."""
    found = set()
    for each in ast.walk(node):
        if isinstance(each, ast.Call):
            name = each.func
            found.add(name.attr if isinstance(name, ast.Attribute) else "")
            found.add(name.id if isinstance(name, ast.Name) else "")
    return found


def transactions(of: ast.AST) -> Iterator[ast.With]:
    for each in ast.walk(of):
        if isinstance(each, ast.With) and any(
            ast.unparse(item.context_expr) == "transaction.atomic()"
            for item in each.items
        ):
            yield each


def late() -> Iterator[str]:
    """Yield the actions that judge by rights of before their transaction."""
    for path in sorted(Path(APP).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.FunctionDef) or not calls(node) & ASKED:
                continue
            for each in transactions(node):
                if not calls(each) & ASKED_AGAIN:
                    yield f"{path.relative_to(APP)}:{node.name}"


def test_an_action_reads_the_rights_again_in_its_transaction() -> None:
    assert sorted(set(late())) == []
