"""Packages of the distribution, installed without starting what they bring."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from lab import at_boot
from lab.progress import LabError, heartbeat, run, say

POLICY = Path("/usr/sbin/policy-rc.d")
ASIDE = POLICY.with_name("policy-rc.d.before-novaweb-lab")
MARK = "# By novaweb's lab, for as long as it installs packages."
ENABLED = "# Enabled before:"
INTERRUPTED = (
    "An earlier install of packages was interrupted, and the package manager refuses "
    "all others: run `dpkg --configure -a` as root, then say this again."
)
# A cluster of databases that nobody asked for; read when PostgreSQL is installed.
NO_CLUSTER = Path("/etc/postgresql-common/createcluster.d/novaweb-lab.conf")
LONGEST_INSTALL = 3600.0  # seconds


def missing(packages: Sequence[str]) -> list[str]:
    """Return those of the packages that are not installed."""
    listed = run(["dpkg-query", "-W", "-f", "${db:Status-Abbrev} ${Package}\n"])
    rows = (line.split() for line in listed.splitlines())
    have = {row[-1] for row in rows if row[0].startswith("ii")}
    return [name for name in packages if name not in have]


def install(packages: Sequence[str], *, log: Path) -> None:
    """Install packages; none of their services is started, now or at boot.

    Services that ran before keep running. Neither Ctrl-C nor a signal interrupts it.
    Raises LabError if apt fails.
    """
    say("apt-get install " + " ".join(packages))
    env = dict(os.environ) | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    command = ["apt-get", "-o", "DPkg::Lock::Timeout=300"]
    command += ["-o", "APT::Keep-Downloaded-Packages=false"]
    wanted = ["install", "-q", "-y", "--no-install-recommends", *packages]
    with ExitStack() as stack:
        stack.enter_context(one_at_a_time())
        stack.enter_context(heartbeat("apt-get", lambda: _how_far(log)))
        stack.enter_context(nothing_starts())
        run([*command, "update", "-q"], log=log, env=env)
        # dpkg must not be interrupted: it would have to be repaired by hand
        try:
            run([*command, *wanted], log=log, env=env, uninterrupted=True)
        except LabError as error:
            if "dpkg was interrupted" not in log.read_text(errors="replace"):
                raise
            raise LabError(INTERRUPTED) from error
    say("apt-get is done")


def _how_far(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    total = sum(line.startswith("Get:") for line in lines)
    unpacked = sum(line.startswith("Unpacking ") for line in lines)
    done = sum(line.startswith("Setting up ") for line in lines)
    if done:
        return f"{done} of {unpacked} packages set up"
    if unpacked:
        return f"{unpacked} packages unpacked"
    return f"{total} downloads"


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Nobody else of ours installs packages, in no lab, no clone and no thread.

    apt-get update waits for nobody's lock, and what one install puts back must not be
    what another relies on.
    """
    lock = os.open(POLICY.parent, os.O_RDONLY)  # of the machine, and no file is left
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("packages are being installed by another command; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


@contextmanager
def nothing_starts() -> Iterator[None]:
    """As Debian's policy for such cases: invoke-rc.d asks, and is told no.

    What was enabled before is kept in the same file, so that it is known after an
    install that was killed, too.
    """
    if POLICY.exists() and MARK not in POLICY.read_text():
        POLICY.replace(ASIDE)
    if not POLICY.exists():
        before = "".join(f"# {name}\n" for name in sorted(at_boot.enabled()))
        POLICY.write_text(f"#!/bin/sh\n{MARK}\nexit 101\n{ENABLED}\n{before}")
        POLICY.chmod(0o755)
    NO_CLUSTER.parent.mkdir(parents=True, exist_ok=True)
    NO_CLUSTER.write_text(f"{MARK}\ncreate_main_cluster = false\n")
    try:
        yield
    finally:
        let_start_again()


def let_start_again() -> None:
    """Undo what an install, perhaps a killed one, told the distribution.

    Nothing is started at boot that was not before it.
    """
    NO_CLUSTER.unlink(missing_ok=True)
    if not NO_CLUSTER.parent.with_name("createcluster.conf").exists():
        for folder in (NO_CLUSTER.parent, NO_CLUSTER.parent.parent):
            if folder.exists() and not any(folder.iterdir()):
                folder.rmdir()
    if POLICY.exists() and MARK in (text := POLICY.read_text()):
        before = text.partition(ENABLED)[2].splitlines()
        until = POLICY.stat().st_mtime + LONGEST_INSTALL
        at_boot.put_back((line.removeprefix("# ") for line in before), until=until)
        POLICY.unlink()
    if ASIDE.exists():
        ASIDE.replace(POLICY)
