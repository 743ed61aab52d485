"""Runs the proofs: ``python -m proof --help``."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from lab.release import RELEASES
from lab.settings import PROJECT
from proof import cells, table

FAILED = 1  # what pytest says when tests did
MARKS = ("proves(", "layout")
HERE = PROJECT / "tests/proof"  # where marks are spoken of


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for; return 0 if all of it was proven."""
    asked = _parser().parse_args(arguments)
    wrong = 0
    for release in [] if asked.doc else asked.release or list(RELEASES):
        found = prove(release, asked.procedure, asked.layout, asked.processes)
        for cell in found:
            told = f" ({cell.why})" if cell.why else ""
            print(
                f"Nova {release}, {cell.procedure}, {cell.layout}: {cell.verdict}{told}"
            )
        wrong += not found or any(cell.verdict != cells.PROVEN for cell in found)
        cells.remember(found)
    table.write(cells.recall())
    return 1 if wrong else 0


def prove(
    release: str, procedures: Sequence[str], layouts: Sequence[str], processes: str
) -> list[cells.Cell]:
    """Return the cells of the tests that have run on labs of that release.

    Empty if pytest could not run them; it has said why.
    """
    with tempfile.TemporaryDirectory(prefix="novaweb-proof-") as folder:
        reports = Path(folder) / "reports.json"
        words = [
            *(sys.executable, "-X", "dev", "-m", "pytest", "-p", "proof.plugin"),
            *("--lab", f"--proof={reports}"),
            *where(),
            *(f"--procedure={name}" for name in procedures),
            *(f"--layout={name}" for name in layouts),
            f"--numprocesses={processes}",
        ]
        done = subprocess.run(
            words,
            cwd=PROJECT,
            env=os.environ | {"NOVAWEB_LAB_RELEASE": release},
            check=False,
        )
        if done.returncode not in (0, FAILED) or not reports.exists():
            return []
        found = json.loads(reports.read_text(encoding="utf-8"))
    return cells.judge(found, release=release, on=date.today().isoformat())


def where() -> list[str]:
    """Return the files and folders with tests that prove, without importing any.

    All tests are thousands, which each process of pytest would collect; and a run of
    them all counts branches.
    """
    found = []
    for path in sorted((PROJECT / "tests").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if any(f"mark.{mark}" in text for mark in MARKS) and path.parent != HERE:
            found.append(path.parent if path.name == "conftest.py" else path)
    return [str(path.relative_to(PROJECT)) for path in found]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m proof", description=__doc__)
    parser.add_argument(
        "--release",
        action="append",
        choices=list(RELEASES),
        help="of OpenStack, by its Nova; may be said again; without: all",
    )
    parser.add_argument(
        "--procedure",
        action="append",
        default=[],
        choices=list(cells.PROCEDURES),
        help="may be said again; without: all",
    )
    parser.add_argument(
        "--layout",
        action="append",
        default=[],
        metavar="NAME",
        help=f"{'; '.join(cells.LAYOUTS)}; or another of docs/lab.md; without: all",
    )
    parser.add_argument("--doc", action="store_true", help="only write the document")
    parser.add_argument(
        "--processes", default="auto", help="of pytest, which use one lab at once"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
