"""Packages of the distribution, installed without starting what they bring."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from lab.progress import heartbeat, run, say

POLICY = Path("/usr/sbin/policy-rc.d")
ASIDE = POLICY.with_name("policy-rc.d.before-novaweb-lab")
MARK = "# By novaweb's lab, for as long as it installs packages."
# What a package would start at the next boot of the machine.
UNITS = {
    "mariadb-server": ("mariadb.service",),
    "rabbitmq-server": ("rabbitmq-server.service", "epmd.service", "epmd.socket"),
    "memcached": ("memcached.service",),
    "postgresql": ("postgresql.service",),
    "openssh-server": ("ssh.service", "ssh.socket"),
    "libvirt-daemon-system": (
        "libvirtd.service",
        "libvirtd.socket",
        "libvirtd-ro.socket",
        "libvirtd-admin.socket",
        "libvirt-guests.service",
        "virtlogd.socket",
        "virtlogd-admin.socket",
        "virtlockd.socket",
        "virtlockd-admin.socket",
    ),
}


def missing(packages: Sequence[str]) -> list[str]:
    """Return those of the packages that are not installed."""
    listed = run(["dpkg-query", "-W", "-f", "${db:Status-Abbrev} ${Package}\n"])
    rows = (line.split() for line in listed.splitlines())
    have = {row[-1] for row in rows if row[0].startswith("ii")}
    return [name for name in packages if name not in have]


def install(packages: Sequence[str], *, log: Path) -> None:
    """Install packages; none of their services is started, now or at boot.

    Services that ran before keep running. Raises LabError if apt fails.
    """
    say("apt-get install " + " ".join(packages))
    env = dict(os.environ) | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    wait = ["-o", "DPkg::Lock::Timeout=300"]
    with heartbeat("apt-get", lambda: _how_far(log)), nothing_starts():
        run(["apt-get", *wait, "update", "-q"], log=log, env=env)
        # dpkg must not be interrupted: it would have to be repaired by hand
        run(
            [
                *("apt-get", *wait, "install", "-q", "-y"),
                *("--no-install-recommends", *packages),
            ],
            log=log,
            env=env,
            uninterrupted=True,
        )
    _nothing_starts_at_boot(packages)
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
def nothing_starts() -> Iterator[None]:
    """As Debian's policy for such cases: invoke-rc.d asks, and is told no."""
    if POLICY.exists() and MARK not in POLICY.read_text():
        POLICY.replace(ASIDE)
    POLICY.write_text(f"#!/bin/sh\n{MARK}\nexit 101\n")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        let_start_again()


def let_start_again() -> None:
    """Undo what an install, perhaps a killed one, told the distribution."""
    if POLICY.exists() and MARK in POLICY.read_text():
        POLICY.unlink()
    if ASIDE.exists():
        ASIDE.replace(POLICY)


def _nothing_starts_at_boot(packages: Sequence[str]) -> None:
    units = [unit for package in packages for unit in UNITS.get(package, ())]
    if units and shutil.which("systemctl"):
        # one by one: which units a package has differs between releases
        for unit in units:
            path = Path("/lib/systemd/system") / unit
            if path.exists():
                run(["systemctl", "disable", "--quiet", unit])
