"""What a machine may keep of earlier ones: downloads, never anything installed.

Those of apt alone: the project keeps none of pip's.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.progress import say
from stranger.machine import Bind

OLD = 30 * 24 * 3600.0  # seconds after which a package is taken for outdated
ARCHIVES = "var/cache/apt/archives"


@contextmanager
def of(cache: Path, name: str) -> Iterator[list[Bind]]:
    """The folders that a machine of that release shows to apt.

    The second of two at once gets none: apt does not wait for another one's.
    """
    folder = cache / "downloads" / name
    folder.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"Another {name} uses the downloads; this one fetches its own.")
            yield []
        else:
            _forget_outdated(folder)
            yield [Bind(source=folder, target=ARCHIVES, writable=True)]


def _forget_outdated(folder: Path) -> None:
    for path in folder.glob("*.deb"):
        if time.time() - path.stat().st_ctime > OLD:
            path.unlink()
