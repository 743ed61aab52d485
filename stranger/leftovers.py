"""What a command left on a machine though nobody said that it would."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterable

from stranger.allowed import OF_PACKAGES, OF_THE_LAB, USERS
from stranger.state import State

FILES = re.compile("|".join(fnmatch.translate(p) for p in (*OF_PACKAGES, *OF_THE_LAB)))


def found(before: State, after: State) -> list[str]:
    """One line for each thing that is new and not allowed; empty if all is well."""
    lines = []
    for kind, names in after.since(before).items():
        if kind == "files":
            names = collapsed(name for name in names if not FILES.match(name))
        elif kind == "users":
            names = [name for name in names if name not in USERS]
        lines += [f"{kind}: {name}" for name in names]
    return lines


def collapsed(paths: Iterable[str], most: int = 8) -> list[str]:
    """The paths, with a folder's name in their place where it has many of them."""
    by_folder: dict[str, list[str]] = {}
    for path in paths:
        by_folder.setdefault(path.rstrip("/").rpartition("/")[0], []).append(path)
    lines: list[str] = []
    for folder, inside in sorted(by_folder.items()):
        if len(inside) > most:
            lines.append(f"{folder}/ ({len(inside)} files, as {inside[0]})")
        else:
            lines += inside
    return lines
