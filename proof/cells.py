"""A cell says what was proven of one procedure, on one release and one layout."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from lab.settings import PROJECT

RESULTS = PROJECT / "docs/releases.json"
# as the pages call them (CONTRIBUTING.md), and who chooses the host
PROCEDURES = {
    "live": "Live, to a chosen host",
    "live-scheduled": "Live, the scheduler chooses",
    "cold": "Cold, to a chosen host",
    "cold-scheduled": "Cold, the scheduler chooses",
    "cold-forced": "Cold, forced target",
    "manual": "Manual",
    "calls": "every single call",
}
SIMULATED, LOCAL = "simulated", "local"
SHARED, VOLUMES = "shared", "volumes"
CONTAINER, NAMES = "container", "names,hardened"
# of hosts; from the third on as docs/lab.md calls them
LAYOUTS = {
    SIMULATED: "simulated hosts",
    LOCAL: "libvirt, local disks",
    SHARED: "libvirt, shared storage",
    VOLUMES: "libvirt, volumes",
    CONTAINER: "libvirt in containers",
    NAMES: "libvirt, other names, hardened sshd",
}
PROVEN, FAILED, SKIPPED = "proven", "FAILED", "not run"
# Why there can be nothing to prove. All other empty cells wait for their run.
_WHY = (
    (
        *(("manual",), (SIMULATED,)),
        "a simulated host has no disk and nobody to log in to",
    ),
    (
        *(("calls",), (LOCAL, SHARED, VOLUMES, CONTAINER, NAMES)),
        "Nova answers the same, whatever its hosts are",
    ),
    (
        *(("live-scheduled", "cold-scheduled"), (SHARED, VOLUMES, CONTAINER, NAMES)),
        "the scheduler chooses before a layout matters; then it is the move to that"
        " host",
    ),
    (
        # not of other names: by them it is another service that is disabled
        *(("cold-forced",), (SHARED, VOLUMES, CONTAINER)),
        "services are disabled through Nova's API, whatever their hosts are; then it is"
        " a cold move",
    ),
)
NEVER = {
    (procedure, layout): why
    for procedures, layouts, why in _WHY
    for procedure in procedures
    for layout in layouts
}
# What pre-flight must refuse. Proven there is that it does, and for nothing else.
REFUSED = {
    ("manual", SHARED): "hosts that share their storage have nothing to copy"
    " (`manual.files`)",
    ("manual", CONTAINER): "the host itself has no virsh (`manual.tools`)",
}


@dataclass(frozen=True, kw_only=True)
class Cell:
    """The result of all tests of one procedure, on one release and one layout."""

    release: str
    procedure: str
    layout: str
    verdict: str
    on: str  # day, as 2026-11-30
    tests: int = 0
    seconds: int = 0
    why: str = ""  # the test that failed, or the reason for which none could run

    @property
    def key(self) -> tuple[str, str, str]:
        return self.release, self.procedure, self.layout


def procedure_of(name: str) -> str | None:
    """Return the procedure that a test's own name tells of; None if none."""
    words = {
        "live": "live",
        "cold": "cold",
        "manual": "manual",
        "forced": "cold-forced",
    }
    found = re.search("|".join(f"(?<![a-z]){word}(?![a-z])" for word in words), name)
    return words[found[0]] if found else None


def judge(reports: Sequence[Mapping[str, str]], *, release: str, on: str) -> list[Cell]:
    """Return the cells that these tests are about.

    A report has the test's id, procedure, layout, outcome (passed, failed, skipped),
    seconds, and why it failed or was skipped. A cell is proven only if every one of its
    tests has passed.
    """
    grouped: dict[tuple[str, str], list[Mapping[str, str]]] = {}
    for report in reports:
        place = report["procedure"], report["layout"]
        grouped.setdefault(place, []).append(report)
    return [
        _cell(of, release=release, procedure=procedure, layout=layout, on=on)
        for (procedure, layout), of in grouped.items()
    ]


def _cell(
    reports: Sequence[Mapping[str, str]],
    *,
    release: str,
    procedure: str,
    layout: str,
    on: str,
) -> Cell:
    verdict, why = PROVEN, ""
    for outcome, word in (("skipped", SKIPPED), ("failed", FAILED)):
        if wrong := [it for it in reports if it["outcome"] == outcome]:
            verdict, first = word, wrong[0]
            why = f"{first['test'].rpartition('::')[2]}: {first['why']}".strip(": ")
    return Cell(
        release=release,
        procedure=procedure,
        layout=layout,
        verdict=verdict,
        on=on,
        tests=len(reports),
        seconds=round(sum(float(it["seconds"]) for it in reports)),
        why=why,
    )


def recall(file: Path = RESULTS) -> list[Cell]:
    """Return the cells that were kept."""
    if not file.exists():
        return []
    return [Cell(**cell) for cell in json.loads(file.read_text(encoding="utf-8"))]


def remember(cells: Iterable[Cell], file: Path = RESULTS) -> None:
    """Keep these cells; of others, and of what did not run, what was kept before."""
    known = {cell.key: cell for cell in recall(file)}
    for cell in cells:
        if cell.verdict != SKIPPED or cell.key not in known:
            known[cell.key] = cell
    rows = [json.dumps(asdict(known[key])) for key in sorted(known)]
    file.write_text("[\n" + ",\n".join(rows) + "\n]\n", encoding="utf-8")
