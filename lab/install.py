"""Installs what a lab needs: distribution packages and one Python venv."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lab import apt, venv
from lab.progress import say, together
from lab.settings import Settings

PACKAGES = ("mariadb-server", "rabbitmq-server", "memcached")


def ensure(settings: Settings) -> None:
    """All packages, of the distribution and of PyPI, that this lab needs are there."""
    settings.prefix.mkdir(parents=True, exist_ok=True)
    with alone(settings.prefix / "install.lock", "installs"):
        began = time.monotonic()
        logs = settings.prefix / "log"
        logs.mkdir(exist_ok=True)
        jobs: list[Callable[[], None]] = []
        packages = apt.missing(PACKAGES)
        if packages:
            jobs.append(lambda: apt.install(packages, log=logs / "apt.log"))
        if not venv.is_current(settings):
            jobs.append(lambda: venv.install(settings, log=logs / "pip.log"))
        together(*jobs)
        venv.place_own_modules(settings)
        if jobs:
            say(f"installed in {time.monotonic() - began:.0f} s")


@contextmanager
def alone(lock: Path, doing: str) -> Iterator[None]:
    """Hold the lock file, so that two commands do not do the same at once."""
    with lock.open("w") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"another command {doing}; waiting for it")
            fcntl.flock(held, fcntl.LOCK_EX)
        yield
