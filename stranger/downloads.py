"""What a machine may keep of earlier ones: downloads, never anything installed."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.progress import say
from stranger.machine import Bind

OLD = 30 * 24 * 3600.0  # seconds after which a package is taken for outdated
APT = "var/cache/apt/archives"
PIP = "var/cache/novaweb-stranger/pip"
PIP_OF_THE_USER = "var/cache/novaweb-stranger/pip-user"
USER_ID = 1000  # of the machine's ordinary user


@contextmanager
def of(cache: Path, name: str) -> Iterator[list[Bind]]:
    """The folders that a machine of that release shows to apt and pip.

    Two at once have none in common with apt, which would not wait for the other.
    """
    downloads = cache / "downloads"
    pip, pip_user = downloads / "pip", downloads / "pip-user"
    for folder in (downloads, pip, pip_user):
        folder.mkdir(parents=True, exist_ok=True)
    os.chown(pip_user, USER_ID, USER_ID)
    binds = [
        Bind(source=pip, target=PIP, writable=True),
        Bind(source=pip_user, target=PIP_OF_THE_USER, writable=True),
    ]
    apt = downloads / f"apt-{name}"
    apt.mkdir(exist_ok=True)
    with (downloads / f"apt-{name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(
                f"Another {name} has the downloaded packages; this one fetches its own."
            )
        else:
            _forget_outdated(apt)
            binds.append(Bind(source=apt, target=APT, writable=True))
        yield binds


def _forget_outdated(apt: Path) -> None:
    for path in apt.glob("*.deb"):
        if time.time() - path.stat().st_ctime > OLD:
            path.unlink()
