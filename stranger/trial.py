"""One distribution tried: a machine of it, and the commands in it."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from lab.progress import CannotRunHere, LabError, complain, say
from stranger import bare, commands, leftovers, machine, state
from stranger.machine import Bind, Machine
from stranger.releases import Release
from stranger.table import FAILED, NOT_TRIED, OK, Cell

PROJECT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the command line asks of every distribution."""

    commit: str
    cache: Path
    pytest: str
    quiet: bool
    limit: float  # seconds for a command


def git(*words: str) -> str:
    """What git says of the project, whoever owns its files."""
    with tempfile.NamedTemporaryFile("w", suffix=".gitconfig") as trust:
        trust.write("[safe]\n\tdirectory = *\n")
        trust.flush()
        done = subprocess.run(
            ["git", *words],
            cwd=PROJECT,
            env={**os.environ, "GIT_CONFIG_GLOBAL": trust.name},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode:
        raise CannotRunHere(
            f"git cannot clone the project for the machine: {done.stderr.strip()}"
        )
    return done.stdout.strip()


def committed() -> str:
    """The commit that will be cloned, after a warning if there is more than that."""
    if changed := git("status", "--porcelain"):
        count = len(changed.splitlines())
        complain(f"NOT tried: {count} files here that are changed and not committed.")
    return git("rev-parse", "HEAD")


def tried(release: Release, words: Sequence[str], asked: Asked) -> Iterator[Cell]:
    """A cell for each of the commands, in one machine of the release."""
    done = 0
    try:
        for cell in _tried(release, words, asked):
            done += 1
            yield cell
    except CannotRunHere:
        raise
    except bare.NoArchive as error:
        complain(f"{release.name} CANNOT BE TRIED here. {error}")
        verdict, why = NOT_TRIED, "its packages cannot be had here"
    except LabError as error:
        complain(f"{release.name}: {error}")
        verdict, why = FAILED, str(error).partition("\n")[0]
    for word in words[done:]:
        yield Cell(release=release.name, command=word, verdict=verdict, why=why)


def _tried(release: Release, words: Sequence[str], asked: Asked) -> Iterator[Cell]:
    folder = bare.make(release, asked.cache)
    with ExitStack() as stack:
        stack.enter_context(bare.used(folder))
        here = stack.enter_context(machine.folder(asked.cache, release.name))
        origin = here / "origin.git"
        git("clone", "--quiet", "--bare", f"file://{PROJECT}", str(origin))
        # of every distribution the same, though somebody may commit meanwhile
        git("-C", str(origin), "update-ref", "--no-deref", "HEAD", asked.commit)
        one = Machine(here=here, binds=[Bind(source=origin, target=commands.ORIGIN)])
        stack.callback(one.stop)
        one.start(folder)
        yield from _in_the_machine(one, release, folder, words, asked)


def _in_the_machine(
    one: Machine, release: Release, folder: Path, words: Sequence[str], asked: Asked
) -> Iterator[Cell]:
    """Each command in its turn, and what it left."""
    asks = '. /etc/os-release; echo "$PRETTY_NAME, $(python3 -V)"'
    system = one.call("bash", "-c", asks).strip()
    say(f"== {system}")
    cloned = set()
    for number, word in enumerate(words, start=1):
        command = commands.literal(word, asked.pytest)
        if command.user not in cloned:
            commands.clone(one, command.user)
            cloned.add(command.user)
        log = asked.cache / "logs" / f"{release.name}-{number}.log"
        log.parent.mkdir(exist_ok=True)
        before = state.of(one, folder)
        say(f"== {release.name}: {command.typed}")
        outcome = commands.run(
            one, command, log=log, show=not asked.quiet, limit=asked.limit
        )
        left = leftovers.found(before, state.of(one, folder))
        why = outcome.trouble or (f"it leaves {len(left)} things" if left else "")
        cell = Cell(
            release=release.name,
            command=word,
            verdict=FAILED if why else OK,
            why=why,
            seconds=outcome.seconds,
            system=system,
            disk=used(one.written),
            left=tuple(left),
            closing=outcome.closing,
        )
        say(f"== {release.name}, {word}: {cell.text()}")
        for line in left:
            print(f"left: {line}", flush=True)
        if outcome.trouble and asked.quiet:
            print(log.read_text(errors="replace")[-3000:])
        yield cell


def used(folder: Path) -> float:
    """Bytes on disk."""
    done = subprocess.run(
        ["du", "-s", "--block-size=1", folder],
        capture_output=True,
        text=True,
        check=False,
    )
    return float(done.stdout.split()[0]) if done.stdout else 0.0
