"""A cell says what each disk of a guest held after one procedure in one situation."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from lab.settings import PROJECT

RESULTS = PROJECT / "docs/disks.json"
# as the pages call them, by the words of novaweb's own requests
PROCEDURES = {
    "live": "Live",
    "cold": "Cold, to a chosen host",
    "cold_by_disabling": "Cold, forced target",
    "manual": "Manual",
}
# Nova's names of the files; a volume has none.
NAMES = {
    "disk": "root",
    "disk.eph0": "ephemeral",
    "disk.swap": "swap",
    "disk.config": "config drive",
}
VOLUME = "data volume"
DISKS = (*NAMES.values(), VOLUME)

MOVED, REFUSED, HELD, FAILED = "moved", "refused", "held", "FAILED"
EQUAL, MISSING, DIFFERS = "equal", "MISSING", "DIFFERS"
# Which rules may foretell that a move changes a disk.
FORETOLD = {
    "config drive": ("disk.config_drive",),
    "swap": ("disk.new_swap",),
}


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What was seen of one procedure in one situation, on one release of Nova.

    ``disks`` says of each disk whether it is equal after the move, or by which rule its
    change was foretold; ``rules`` have refused the move.
    """

    release: str
    situation: str
    procedure: str
    on: str  # day, as 2026-11-30
    verdict: str
    disks: Mapping[str, str] = field(default_factory=dict)
    rules: tuple[str, ...] = ()
    why: str = ""  # what held the move, or how it failed
    seconds: int = 0

    @property
    def key(self) -> tuple[str, str, str]:
        return self.release, self.situation, self.procedure

    @property
    def right(self) -> bool:
        """Whether no disk was lost or changed without a word before."""
        wrong = {MISSING, DIFFERS} & set(self.disks.values())
        complete = set(self.disks) == set(DISKS)
        return self.verdict in {REFUSED, HELD} or (
            self.verdict == MOVED and complete and not wrong
        )


def compare(
    before: Mapping[str, str], after: Mapping[str, str], warned: Iterable[str]
) -> dict[str, str]:
    """Return the result for each disk, by the checksums of what it holds.

    ``warned`` are the rules that had a warning for the people who approved the move.
    """
    warned = set(warned)
    found = {}
    for disk, content in before.items():
        foretold = [it for it in FORETOLD.get(disk, ()) if it in warned]
        if after.get(disk) == content:
            found[disk] = EQUAL
        elif disk in after and foretold:
            found[disk] = f"changed, as {foretold[0]} says"
        else:
            found[disk] = DIFFERS if disk in after else MISSING
    return found


def recall(file: Path = RESULTS) -> list[Cell]:
    """Return the cells that were kept."""
    if not file.exists():
        return []
    kept = json.loads(file.read_text(encoding="utf-8"))
    return [Cell(**cell | {"rules": tuple(cell["rules"])}) for cell in kept]


def remember(cell: Cell, file: Path = RESULTS) -> None:
    """Keep this cell in place of the one that was kept before."""
    known = {it.key: it for it in recall(file)} | {cell.key: cell}
    rows = [json.dumps(asdict(known[key])) for key in sorted(known)]
    file.write_text("[\n" + ",\n".join(rows) + "\n]\n", encoding="utf-8")
