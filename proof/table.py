"""docs/releases.md: the table of what was proven on which release."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lab.release import RELEASES, Release
from lab.settings import PROJECT
from proof.cells import FAILED, LAYOUTS, NEVER, PROCEDURES, PROVEN, REFUSED, Cell

DOC = PROJECT / "docs/releases.md"
HEAD = """\
# Releases

Which procedure was proven on which release of OpenStack and layout of hosts, when.
Written by `make proof`; do not edit it.

**proven**: every test of that cell passed on that day, on a lab of that release: real
services of OpenStack, and but for simulated hosts real libvirt, QEMU, disks and a guest
that tells how it was treated. It says nothing of hardware, KVM, or what vendors add.
**refused**: a test has seen that pre-flight refuses that move, for that reason alone.

Live copies local disks too (block migration), on shared storage nothing but memory, and
no volume; Manual attaches data volumes again, and is refused to a guest whose root is a
volume (`manual.root`). [docs/lab.md](lab.md#layouts) has the layouts; hosts that share
storage and volumes are of one lab.

One cell is proven again, as root, by its row's words and a release, e.g.

    make proof ARGS="--release 33 --procedure live --layout local"

"""


def text(cells: Sequence[Cell]) -> str:
    """Return the whole document for these cells."""
    known = {cell.key: cell for cell in cells}
    notes: list[str] = []
    releases = list(RELEASES.values())
    names = " | ".join(release.name for release in releases)
    lines = [
        f"| layout | procedure | {names} | ARGS |",
        "| --- " * (len(releases) + 3) + "|",
    ]
    for layout in _layouts(cells):
        for procedure, title in PROCEDURES.items():
            row = [
                _cell(known.get((it.nova, procedure, layout)), procedure, layout, notes)
                for it in releases
            ]
            if layout not in LAYOUTS and all(it.startswith("–") for it in row):
                continue  # the tests of that layout do not use that procedure
            words = f"`--procedure {procedure} --layout {layout}`"
            shown = " | ".join(row)
            lines.append(
                f"| {LAYOUTS.get(layout, layout)} | {title} | {shown} | {words} |"
            )
    explained = [f"* ({number}) {note}" for number, note in enumerate(notes, start=1)]
    return HEAD + "\n".join([*lines, "", *explained, *_software(releases)]) + "\n"


def _layouts(cells: Iterable[Cell]) -> list[str]:
    return list(dict.fromkeys([*LAYOUTS, *sorted(cell.layout for cell in cells)]))


def _cell(cell: Cell | None, procedure: str, layout: str, notes: list[str]) -> str:
    if cell is None:
        why = NEVER.get((procedure, layout))
        return _noted("–", f"{why}." if why else "Not run yet.", notes)
    if cell.verdict == PROVEN:
        if why := REFUSED.get((procedure, layout)):
            return _noted(f"refused {cell.on}", f"{why}.", notes)
        return f"proven {cell.on}"
    word = "**failed**" if cell.verdict == FAILED else cell.verdict
    return _noted(f"{word} {cell.on}", f"Nova {cell.release}: {cell.why}", notes)


def _noted(said: str, note: str, notes: list[str]) -> str:
    note = note[0].upper() + note[1:].replace("\n", " ")
    if note not in notes:
        notes.append(note)
    return f"{said} ({notes.index(note) + 1})"


def _software(releases: Sequence[Release]) -> list[str]:
    lines = ["", "## What runs in each", ""]
    for release in releases:
        pins = dict(
            line.partition(";")[0].split("==")
            for line in release.pins.read_text(encoding="ascii").splitlines()
            if "==" in line
        )
        main = (
            "keystone",
            "openstack-placement",
            "glance",
            "neutron",
            "cinder",
            "nova",
        )
        lines.append(
            f"* {release.name}: "
            + ", ".join(f"{name} {pins[name].strip()}" for name in main)
            + f" ([all](../lab/releases/{release.pins.name}))"
        )
    return lines


def write(cells: Sequence[Cell]) -> None:
    """The document says what these cells say."""
    DOC.write_text(text(cells), encoding="utf-8")
