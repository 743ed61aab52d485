"""What this machine must have to make another one."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from lab import apt, space
from lab.progress import CannotRunHere, LabError
from stranger.releases import Release

PROGRAMS = {
    "mmdebstrap": "mmdebstrap",
    "slirp4netns": "slirp4netns",
    "git": "git",
    "unshare": "util-linux",
    "nsenter": "util-linux",
    "setpriv": "util-linux",
}
# With it mmdebstrap knows the names and the mirrors of newer releases than its own.
DISTRO_INFO = Path("/usr/share/distro-info/ubuntu.csv")
FREE = 6000  # megabytes: bare systems, and what demo and tests write


def check(cache: Path, releases: Iterable[Release]) -> None:
    """The programs are here, installed if need be; the cache has room.

    Raises CannotRunHere with a sentence that says what is missing.
    """
    if os.geteuid() != 0:
        raise CannotRunHere(
            "A bare machine needs root for its namespaces and mounts: run it with sudo."
        )
    packages = {PROGRAMS[name] for name in PROGRAMS if not shutil.which(name)}
    if not DISTRO_INFO.exists():
        packages.add("distro-info-data")
    if any(r.vendor == "debian" and not r.keyring.exists() for r in releases):
        packages.add("debian-archive-keyring")
    if packages and not shutil.which("apt-get"):
        raise CannotRunHere(
            f"A bare machine needs {', '.join(sorted(packages))}, and there is no "
            "apt-get here to install them: install them, or use Debian or Ubuntu."
        )
    _can_be_written(cache)
    if packages:
        try:
            apt.install(sorted(packages), log=cache / "apt.log")
        except (LabError, OSError) as error:
            raise CannotRunHere(
                f"A bare machine needs {', '.join(sorted(packages))}, which cannot be "
                f"installed here: {error}"
            ) from error
    asked = ["unshare", "--mount", "--net", "--pid", "--ipc", "--uts", "--fork", "true"]
    made = subprocess.run(asked, capture_output=True, text=True, check=False)
    if made.returncode:
        raise CannotRunHere(
            "A bare machine needs namespaces of its own, and this machine does not let "
            f"us make them: {made.stderr.strip()}"
        )
    try:
        space.require([space.Need(what="a bare machine", folder=cache, megabytes=FREE)])
    except LabError as error:
        raise CannotRunHere(f"{error} Or choose another --cache.") from error


def _can_be_written(cache: Path) -> None:
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=cache):
            pass
    except OSError as error:
        raise CannotRunHere(
            f"A bare machine is made in {cache}, and nothing can be written there "
            f"({error.strerror}): choose another --cache."
        ) from error
