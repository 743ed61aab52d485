"""``make stranger``: tries the README's commands on machines that never had novaweb."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from lab import space
from lab.progress import CannotRunHere, LabError, complain
from stranger import commands, needs, table
from stranger.releases import RELEASES, Release
from stranger.table import FAILED, NOT_TRIED, OK, Cell
from stranger.trial import Asked, committed, tried

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
ORDER = tuple(commands.COMMANDS)
EPILOG = f"""\
Words are distributions, then what is done on each of them, and so on:
make stranger ARGS="debian-12 check test debian-13 ubuntu-24.04 demo".

Distributions: {", ".join(RELEASES)}; all if none is named.
Commands: {", ".join(ORDER)}; without any
{", ".join(commands.USUAL)}. They run one after the other on one machine. "again"
is the demo once more, "opened" the demo watched for the files of others that it looks
for; those that begin with "user-" are an ordinary user's. A command with a blank in it
is typed as it is: 'make lab-up'.

What is committed is cloned. Bare systems, logs and results are kept in --cache, and
nothing that was installed.
Exit status: 0 all went well, 1 something did not, 3 none did not, but one of the
commands could be tried on none of its distributions.
"""


def main() -> int:
    for number in ENDING:
        signal.signal(number, interrupted)
    given = arguments()
    cells: list[Cell] = []
    try:
        needs.check(given.cache, [release for release, _ in given.plan])
        asked = Asked(
            commit=committed(),
            cache=given.cache,
            pytest=given.pytest,
            quiet=given.quiet,
            limit=given.limit,
        )
        kept = asked.cache / "results" / asked.commit
        for release, words in given.plan:
            for cell in tried(release, words, asked):
                cells.append(cell)
                table.remember(kept, [cell])
        if given.table:
            known = table.recall(kept, order=list(RELEASES))
            given.table.write_text(table.markdown(known, ORDER, asked.commit[:12]))
        return conclude(cells)
    except LabError as error:
        failed = bool(cells) and conclude(cells) == 1
        complain(str(error))
        return 1 if failed else error.exit_status
    except OSError as error:
        if not space.is_full(error):
            raise
        complain(f"The disk is full: {error}. Make room, or choose another --cache.")
        return 1
    except KeyboardInterrupt:
        if cells:
            conclude(cells)
        complain("Stopped. Nothing is left of the machine.")
        return 130


def interrupted(number: int, frame: FrameType | None) -> None:
    """The first signal ends us, and no other one the tidying up after it."""
    for other in ENDING:
        signal.signal(other, signal.SIG_IGN)
    raise KeyboardInterrupt


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python3 -m stranger",
        description=__doc__,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("words", nargs="*", help="distributions and commands")
    parser.add_argument(
        "--cache", type=Path, default=usual_cache(), help="(%(default)s)"
    )
    parser.add_argument("--pytest", default="", help="what `make test` gets as ARGS")
    parser.add_argument("--table", type=Path, help="a file for the table, in Markdown")
    parser.add_argument(
        "--quiet", action="store_true", help="only how each command ended"
    )
    parser.add_argument(
        "--limit", type=float, default=5400, help="seconds for a command (%(default)s)"
    )
    asked = parser.parse_args()
    unknown = [
        word
        for word in asked.words
        if word not in RELEASES and word not in ORDER and " " not in word
    ]
    if unknown:
        parser.error(
            f"{unknown[0]} is no distribution ({', '.join(RELEASES)}) "
            f"and no command ({', '.join(ORDER)})."
        )
    asked.plan = plan(asked.words)
    asked.cache = asked.cache.resolve()
    return asked


def plan(words: Sequence[str]) -> list[tuple[Release, list[str]]]:
    """Distributions, each with its commands: those that follow it, or its group."""
    groups: list[tuple[list[str], list[str]]] = [([], [])]
    for word in words:
        names, typed = groups[-1]
        if word not in RELEASES:
            typed.append(word)
        elif typed:
            groups.append(([word], []))
        else:
            names.append(word)
    return [
        (RELEASES[name], typed or list(commands.USUAL))
        for names, typed in groups
        for name in names or RELEASES
    ]


def usual_cache() -> Path:
    chosen = os.environ.get("XDG_CACHE_HOME")
    return Path(chosen or "/var/cache") / "novaweb-stranger"


def conclude(cells: Sequence[Cell]) -> int:
    """The table, and a last line of figures."""
    print("\n" + table.plain(cells, ORDER) + "\n")
    for cell in cells:
        if cell.closing:
            print(f"{cell.release}, {cell.command}: {cell.closing}")
        for what in cell.left:
            print(f"{cell.release}, {cell.command}, left: {what}")
    passed = sum(cell.verdict == OK for cell in cells)
    failed = sum(cell.verdict == FAILED for cell in cells)
    if passed + failed < len(cells):
        print(f"{len(cells) - passed - failed} NOT TRIED, see above")
    print(f"{passed} passed, {failed} failed", flush=True)
    nowhere = {c.command for c in cells} - {
        c.command for c in cells if c.verdict != NOT_TRIED
    }
    if failed:
        return 1
    return CannotRunHere.exit_status if nowhere else 0


if __name__ == "__main__":
    sys.exit(main())
