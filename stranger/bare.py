"""The root file system of a release as its installer leaves it, made once a week."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.progress import LabError, heartbeat, say
from stranger import sources
from stranger.releases import NAMED_IN_THE_README, Release

WEEK = 7 * 24 * 3600.0
# What apt says when the archive is not there, as against a system that does not work.
NO_ARCHIVE = re.compile(
    "Failed to fetch|Could not resolve|Could not connect|Unable to connect"
    "|does not have a Release file|is not signed|is no longer signed"
    "|NO_PUBKEY|404 +Not Found|Connection timed out|Network is unreachable"
)


class NoArchive(LabError):
    """The packages of this release cannot be had here: that is nobody's fault."""


def make(release: Release, cache: Path) -> Path:
    """The folder of the bare system, at most a week old, or in use by a machine.

    Raises NoArchive if its packages cannot be fetched and none was made before,
    LabError if it cannot be made for another reason.
    """
    folder = cache / "bare" / release.name
    folder.parent.mkdir(parents=True, exist_ok=True)
    with alone(folder.with_name(f"{release.name}.lock")):
        stamp = folder.with_name(f"{release.name}.made")
        fresh = stamp.exists() and time.time() - stamp.stat().st_mtime < WEEK
        if fresh or (stamp.exists() and _is_used(folder)):
            return folder
        part = folder.with_name(f"{release.name}.part")
        shutil.rmtree(part, ignore_errors=True)  # of one that was interrupted
        began = time.monotonic()
        try:
            _mmdebstrap(release, part)
        except BaseException as error:
            shutil.rmtree(part, ignore_errors=True)
            if not isinstance(error, NoArchive) or not stamp.exists():
                raise
            say(f"{release.name} is not renewed, the one of before is taken: {error}")
            return folder
        stamp.unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        part.rename(folder)
        stamp.touch()
        say(f"{release.name}: a bare system in {time.monotonic() - began:.0f} s")
    return folder


@contextmanager
def used(folder: Path) -> Iterator[None]:
    """Nobody makes it anew meanwhile: machines stand on these very files."""
    with _users(folder).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield


def _is_used(folder: Path) -> bool:
    with _users(folder).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _users(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.used")


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Nobody else does it meanwhile; who comes second waits, and is told for what."""
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"Another one makes {path.stem} just now; waiting for it.")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _mmdebstrap(release: Release, part: Path) -> None:
    packages = ["apt", *NAMED_IN_THE_README]
    lines = sources.lines(release)
    if any(" https:" in line for line in lines):
        packages.append("ca-certificates")
    say(f"{release.name}: making a bare system with mmdebstrap")
    log = part.with_suffix(".log")
    command = [
        # killed with us, and in namespaces of its own: its mounts vanish with it
        *("setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork"),
        *("--kill-child", "--mount-proc", "mmdebstrap", "--variant=minbase"),
        *("--mode=root", f"--include={','.join(packages)}"),
        f"--components={','.join(release.components)}",
        f"--keyring={release.signed_by}",
        # The lists of a mirror of a given day have expired.
        "--aptopt=Acquire::Check-Valid-Until false",
        "--aptopt=Acquire::Check-Date false",
        *(release.suite, str(part), *lines),
    ]
    with log.open("w") as sink, heartbeat("mmdebstrap", lambda: _last(log)):
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            env=dict(os.environ) | {"LC_ALL": "C"},
            start_new_session=True,
        )
        try:
            status = process.wait()
        finally:
            process.kill()  # nothing, if it has ended
            process.wait()
    if status:
        text = log.read_text(errors="replace")
        tail = "\n".join("    " + line for line in text.splitlines()[-12:])
        kind = NoArchive if NO_ARCHIVE.search(text) else LabError
        raise kind(f"mmdebstrap ended with {status} for {release.name}:\n{tail}")


def _last(log: Path) -> str:
    lines = log.read_text(errors="replace").split("\n")
    return next((line.strip()[:70] for line in reversed(lines) if line.strip()), "")
