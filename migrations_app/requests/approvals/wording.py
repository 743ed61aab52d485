"""Stages and lists of names as text, and back. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from migrations_app.errors import Unfit

_LINE = re.compile(r"\s*(\d{1,3})\s+of\s+(\S.*)", re.IGNORECASE)


def either(names: Iterable[str]) -> str:
    """Return the names joined as alternatives: a, b or c."""
    *first, last = list(names) or ["nobody"]
    return f"{', '.join(first)} or {last}" if first else last


def stages(text: str) -> list[dict[str, Any]]:
    """Return the stages from lines like ``2 of approver, change-board``.

    Raises Unfit for a line of another form.
    """
    found = []
    for line in filter(None, map(str.strip, text.splitlines())):
        said = _LINE.fullmatch(line)
        if said is None:
            raise Unfit(
                f"“{line[:60]}” is not a stage. Write one stage per line, for"
                " example: 2 of approver, change-board"
            )
        found.append({"approvers": int(said[1]), "groups": names(said[2])})
    return found


def names(text: str) -> list[str]:
    """Return the names in a text, separated by commas or line ends."""
    return list(dict.fromkeys(filter(None, map(str.strip, re.split(r"[,\n]", text)))))
