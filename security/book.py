"""What the two tables say: threats.toml and asvs.toml, read and held to their form."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent


@dataclass(frozen=True, kw_only=True)
class Threat:
    """What would happen, what is against it, and what holds that.

    ``files`` are paths of this project, ``tests`` node ids of pytest without
    parameters; ``open`` is what is known and not done, else ''.
    """

    name: str
    threat: str
    control: str
    files: tuple[str, ...]
    tests: tuple[str, ...]
    open: str = ""


@dataclass(frozen=True, kw_only=True)
class Group:
    """Threats of one kind, under a title."""

    title: str
    threats: tuple[Threat, ...]


def _of(entry: dict[str, Any]) -> dict[str, Any]:
    """Return the entry with tuples for lists."""
    return {k: tuple(v) if isinstance(v, list) else v for k, v in entry.items()}


def threats() -> tuple[Group, ...]:
    """Return the threats as threats.toml has them. Raises TypeError for other keys."""
    read = tomllib.loads((HERE / "threats.toml").read_text(encoding="utf-8"))
    return tuple(
        Group(
            title=each["title"],
            threats=tuple(Threat(**_of(threat)) for threat in each["threat"]),
        )
        for each in read["group"]
    )


@cache
def tests_in(path: Path) -> frozenset[str]:
    """Return the names of the tests that the file defines; none if there is no file.

    Read, not run: pytest takes functions of a module and methods of its classes.
    """
    if not path.is_file():
        return frozenset()
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
    return frozenset(name for name in found if name.startswith("test_"))


def missing(
    files: Iterable[str], tests: Iterable[str], *, root: Path = ROOT
) -> list[str]:
    """Return those of the files and tests that are not there."""
    gone = [name for name in files if not (root / name).exists()]
    for test in tests:
        name, _, function = test.partition("::")
        if function not in tests_in(root / name):
            gone.append(test)
    return gone


@dataclass(frozen=True, kw_only=True)
class Requirement:
    """One of the ASVS: its level, what it is about, and how it stands.

    Of ``met``, ``not_applicable`` and ``open`` one is given: what meets it (may be ''
    where ``tests`` say it), why it is not applicable, or what is open.
    """

    level: int
    what: str
    met: str | None = None
    not_applicable: str | None = None
    open: str | None = None
    tests: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Chapter:
    """A chapter of the ASVS, with its requirements by their numbers."""

    number: int
    title: str
    requirements: dict[str, Requirement]


def chapters() -> tuple[Chapter, ...]:
    """Return the ASVS as asvs.toml has it. Raises TypeError for other keys."""
    read = tomllib.loads((HERE / "asvs.toml").read_text(encoding="utf-8"))
    return tuple(
        Chapter(
            number=each["number"],
            title=each["title"],
            requirements={
                number: Requirement(**_of(entry))
                for number, entry in each["requirement"].items()
            },
        )
        for each in read["chapter"]
    )
