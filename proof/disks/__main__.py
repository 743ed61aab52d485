"""Tries what disks hold after moves: ``python -m proof.disks --help``."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import groupby

from lab.release import NEWEST, RELEASES
from lab.remembered import remembered
from lab.settings import PROJECT, from_environment
from proof.disks import cells, table
from proof.disks.situations import SITUATIONS

TEST = "tests/processes/disks/test_disks.py::test_a_move_keeps_all_disks_or_is_refused"
# beside other labs, unless the environment names another
LAB = {"NOVAWEB_LAB_NAME": "disks", "NOVAWEB_LAB_ADDRESS": "127.0.0.25"}
LIBVIRT = {"NOVAWEB_LAB_LIBVIRT": "1", "NOVAWEB_LAB_FAKE_HOSTS": "0"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Try what was asked for; return 0 if no disk was lost without a word."""
    asked = _parser().parse_args(arguments)
    wrong = 0
    environment = LAB | os.environ | LIBVIRT | {"NOVAWEB_LAB_RELEASE": asked.release}
    if not asked.doc:
        for layout, situations in _by_layout(asked.situation or list(SITUATIONS)):
            environment["NOVAWEB_LAB_LAYOUT"] = layout
            try:
                _bring_up(environment)
                wrong += _try(situations, asked.procedure, environment=environment)
            except subprocess.CalledProcessError as error:
                print(error, file=sys.stderr)
                wrong += 1
            table.write(cells.recall())
        if not asked.keep:
            _run("lab", "down", environment=environment)
    table.write(cells.recall())
    return 1 if wrong else 0


def _by_layout(names: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Group the rows by the lab that they want, one after the other."""
    chosen = sorted(names, key=lambda name: list(SITUATIONS).index(name))
    for layout, found in groupby(chosen, key=lambda name: SITUATIONS[name].layout):
        yield layout, list(found)


def _bring_up(environment: dict[str, str]) -> None:
    """A lab of that layout is up: the one that is, if only nova.conf is another."""
    wanted = from_environment(environment)
    present = remembered(wanted)
    if not present.laid_out.like(wanted.laid_out):
        _run("lab", "down", environment=environment)
        shutil.rmtree(wanted.root)
    _run("lab", "up", environment=environment, check=True)


def _try(
    situations: Sequence[str],
    procedures: Sequence[str],
    *,
    environment: dict[str, str],
) -> int:
    tests = [
        f"{TEST}[{situation}-{procedure}]"
        for situation in situations
        for procedure in cells.PROCEDURES
        if procedure in (procedures or cells.PROCEDURES)
    ]
    facts = from_environment(environment).facts_json
    # in this order, so that a guest is moved there and back
    words = (f"--disks={facts}", "--numprocesses=0", "-p", "no:randomly", "--verbose")
    return _run("pytest", *words, *tests, environment=environment)


def _run(
    module: str, *words: str, environment: dict[str, str], check: bool = False
) -> int:
    done = subprocess.run(
        [sys.executable, "-m", module, *words],
        cwd=PROJECT,
        env=environment,
        check=check,
    )
    return done.returncode


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m proof.disks", description=__doc__)
    parser.add_argument(
        "--release",
        default=NEWEST,
        choices=list(RELEASES),
        help=f"of OpenStack, by its Nova; without: {NEWEST}",
    )
    parser.add_argument(
        "--situation",
        action="append",
        choices=list(SITUATIONS),
        help="may be said again; without: all",
    )
    parser.add_argument(
        "--procedure",
        action="append",
        default=[],
        choices=list(cells.PROCEDURES),
        help="may be said again; without: all",
    )
    parser.add_argument("--keep", action="store_true", help="leave the lab up")
    parser.add_argument("--doc", action="store_true", help="only write the document")
    return parser


if __name__ == "__main__":
    sys.exit(main())
