"""Every request that the OpenStack adapter can make, read from its source.

Read, not run: a call that only a rare failure makes counts as well.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from security.book import ROOT

ADAPTER = ROOT / "migrations_app" / "integrations" / "adapters" / "openstack"
ANY = "*"  # one part of a path
# How the adapter asks: the method's name, and what it says before its own arguments.
WAYS: dict[str, tuple[str, ...]] = {
    "ask": (),
    "_compute": ("compute",),
    "_nova": ("compute",),
    "_get": ("placement", "GET"),
}
Call = tuple[str, str, str]  # service, method, path with * for one part


class Unreadable(Exception):
    """A call whose service, method or path the source does not say plainly."""


def calls(folder: Path = ADAPTER) -> frozenset[Call]:
    """Return what may be asked. Raises Unreadable for a call that is not plain."""
    found: set[Call] = set()
    for path in sorted(folder.glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and node.name not in WAYS:
                found.update(_in(node, path.name))
    return frozenset(found)


def _in(function: ast.FunctionDef, file: str) -> Iterator[Call]:
    known = dict(_assigned(function))
    for node in ast.walk(function):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        name = node.func.attr
        if name not in WAYS or not _is_ours(node.func.value):
            continue
        said = [*WAYS[name]]
        for each in node.args:
            said += _texts(each, known)
        if len(said) < 3 or "" in said[:3]:
            raise Unreadable(f"{file}:{node.lineno}: {ast.unparse(node)}")
        yield said[0], said[1], said[2]


def _is_ours(value: ast.expr) -> bool:
    """Tell whether it is self, or self._wire, that is asked."""
    return ast.unparse(value) in ("self", "self._wire")


def _assigned(function: ast.FunctionDef) -> Iterator[tuple[str, ast.expr]]:
    """Yield what the function's names stand for."""
    for node in ast.walk(function):
        if not isinstance(node, ast.Assign):
            continue
        (target,) = node.targets
        if isinstance(target, ast.Name):
            yield target.id, node.value
        elif isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            for each, value in zip(target.elts, node.value.elts, strict=True):
                if isinstance(each, ast.Name):
                    yield each.id, value


def _texts(node: ast.expr, known: dict[str, ast.expr]) -> list[str]:
    """Return the texts that an argument stands for; '' for one that is none."""
    if isinstance(node, ast.Starred):
        return _texts(node.value, known)
    if isinstance(node, ast.Tuple):
        return [text for each in node.elts for text in _texts(each, known)]
    if isinstance(node, ast.Name) and node.id in known:
        return _texts(known[node.id], known)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "_path":
        return [f"/servers/{ANY}"]
    if isinstance(node, ast.JoinedStr):
        return ["".join(_part(each, known) for each in node.values)]
    return [""]


def _part(node: ast.expr, known: dict[str, ast.expr]) -> str:
    if isinstance(node, ast.FormattedValue):
        return _texts(node.value, known)[0] or ANY
    return _texts(node, known)[0]
