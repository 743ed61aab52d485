"""docs/disks.md: the table of what each disk holds after a move."""

from __future__ import annotations

from collections.abc import Sequence

from lab.release import RELEASES
from lab.settings import PROJECT
from proof.disks.cells import DISKS, EQUAL, HELD, MOVED, PROCEDURES, REFUSED, Cell
from proof.disks.situations import SITUATIONS

DOC = PROJECT / "docs/disks.md"
HEAD = """\
# Disks

What each disk of a guest holds after novaweb has moved it: root, ephemeral and swap
disk, config drive and data volume, by the checksum of what the guest finds on them,
before and after, through all backing files and in the formats that libvirt opens them
with. Written by `make proof-disks`; do not edit it.

* **equal**: all five hold the same on the target; what differs is named beside it, by
  the rule ([rules.md](rules.md)) that warned of it before people approved the move.
* **refused**: the pre-flight said no, by this rule, before anything was asked of Nova.
* **held**: the look before the confirmation found a loss; both copies were still there,
  and the move was undone.

Each is a guest on real libvirt and QEMU under a real Nova ([lab.md](lab.md)), which is
emulated and writes nothing but a count meanwhile. Of older releases not all rows are
tried. One cell is tried again, as root, by its row's name, e.g.

    make proof-disks ARGS="--situation default --procedure live"
"""


def text(cells: Sequence[Cell]) -> str:
    """Return the whole document for these cells."""
    known = {cell.key: cell for cell in cells}
    releases = [it for it in RELEASES if any(cell.release == it for cell in cells)]
    return HEAD + "".join(_of(release, known) for release in reversed(releases))


def _of(release: str, known: dict[tuple[str, str, str], Cell]) -> str:
    notes: list[str] = []
    titles = " | ".join(PROCEDURES.values())
    lines = [
        f"\n## {RELEASES[release].name}\n",
        f"| disks | row | {titles} |",
        "| --- " * (len(PROCEDURES) + 2) + "|",
    ]
    for name, situation in SITUATIONS.items():
        cells = [known.get((release, name, procedure)) for procedure in PROCEDURES]
        if not any(cells):
            continue  # of older releases the most telling rows are tried
        shown = " | ".join(_cell(cell, notes) for cell in cells)
        lines.append(f"| {situation.title} | `{name}` | {shown} |")
    noted = [f"* ({number}) {note}" for number, note in enumerate(notes, start=1)]
    return "\n".join([*lines, *([""] if noted else []), *noted, ""])


def _cell(cell: Cell | None, notes: list[str]) -> str:
    if cell is None:
        return "– not run yet"
    return f"{_said(cell, notes)} {cell.on}"


def _said(cell: Cell, notes: list[str]) -> str:
    if cell.verdict == REFUSED:
        return "refused " + ", ".join(f"`{rule}`" for rule in cell.rules)
    if cell.verdict == MOVED:
        seen = {disk: cell.disks.get(disk, "not seen") for disk in DISKS}
        others = {it: said for it, said in seen.items() if said != EQUAL}
        if not others:
            return "equal"
        changed = "; ".join(f"{disk} {said}" for disk, said in others.items())
        said = "equal but (%d)" if cell.right else "**FAULT** (%d)"
        return said % _noted(f"{changed}.", notes)
    word = "held" if cell.verdict == HELD else "**FAULT**"
    return f"{word} ({_noted(cell.why, notes)})"


def _noted(said: str, notes: list[str]) -> int:
    note = said[:1].upper() + said[1:].replace("\n", " ")
    if note not in notes:
        notes.append(note)
    return notes.index(note) + 1


def write(cells: Sequence[Cell]) -> None:
    """The document says what these cells say."""
    DOC.write_text(text(cells), encoding="utf-8")
