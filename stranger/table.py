"""The table of what was tried: a row a distribution, a column a command."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

OK, FAILED, NOT_TRIED = "ok", "FAILED", "not tried"


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One command on one distribution: green, or red, or it cannot be (then why)."""

    release: str
    command: str
    verdict: str  # one of the three
    why: str = ""
    seconds: float = 0.0
    system: str = ""  # as it names itself, with its Python
    disk: float = 0.0  # bytes that the machine had written by then
    left: tuple[str, ...] = ()
    closing: str = ""

    def text(self) -> str:
        if self.verdict == OK:
            return f"ok, {self.seconds:.0f} s"
        return f"{self.verdict}: {self.why}"


def remember(folder: Path, cells: Iterable[Cell]) -> None:
    """Keep the cells of one commit, for the table of several runs."""
    folder.mkdir(parents=True, exist_ok=True)
    for cell in cells:
        # what was typed may be longer than a file's name can be
        typed = hashlib.sha256(cell.command.encode()).hexdigest()[:16]
        (folder / f"{cell.release}-{typed}.json").write_text(json.dumps(asdict(cell)))


def recall(folder: Path, *, order: Sequence[str]) -> list[Cell]:
    """The cells that were kept there, the distributions in that order."""
    cells = []
    for path in sorted(folder.glob("*.json")):
        known = json.loads(path.read_text())
        cells.append(Cell(**{**known, "left": tuple(known["left"])}))
    return sorted(cells, key=lambda cell: order.index(cell.release))


def _columns(cells: Sequence[Cell], order: Sequence[str]) -> list[str]:
    named = list(dict.fromkeys(cell.command for cell in cells))
    return sorted(named, key=lambda n: order.index(n) if n in order else len(order))


def _grid(cells: Sequence[Cell], order: Sequence[str]) -> list[list[str]]:
    columns = _columns(cells, order)
    grid = [["", *columns, "disk"]]
    for release in dict.fromkeys(cell.release for cell in cells):
        row = {cell.command: cell for cell in cells if cell.release == release}
        system = next((c.system for c in row.values() if c.system), release)
        disk = max(cell.disk for cell in row.values())
        texts = [row[name].text() if name in row else "–" for name in columns]
        grid.append([system, *texts, f"{disk / 1e9:.1f} GB"])
    return grid


def plain(cells: Sequence[Cell], order: Sequence[str]) -> str:
    """The table for a terminal."""
    grid = _grid(cells, order)
    widths = [max(len(row[n]) for row in grid) for n in range(len(grid[0]))]
    return "\n".join(
        "  ".join(
            text.ljust(width) for text, width in zip(row, widths, strict=True)
        ).rstrip()
        for row in grid
    )


def markdown(cells: Sequence[Cell], order: Sequence[str], commit: str) -> str:
    """The table for a document, and below it why a cell is not green."""
    head, *rows = _grid(cells, order)
    lines = [
        "| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows)
    ]
    lines += ["", f"Made by `make stranger` at {commit}."]
    for cell in cells:
        lines += [
            f"- {cell.release}, {cell.command}: left {what}" for what in cell.left
        ]
    return "\n".join(lines) + "\n"
