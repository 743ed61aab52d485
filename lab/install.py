"""Installs what a lab needs: distribution packages and one Python venv."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from lab import apt, processes, venv
from lab.progress import LabError, say, together
from lab.settings import VARIABLE_PREFIX, Settings

PACKAGES = ("mariadb-server", "rabbitmq-server", "memcached")
LIBVIRT_PACKAGES = (
    # the hosts
    "libvirt-daemon",
    "libvirt-daemon-system",
    "libvirt-daemon-driver-qemu",
    "libvirt-clients",
    "qemu-system-x86",
    "qemu-utils",
    "genisoimage",
    "iproute2",
    "openssh-client",
    "openssh-server",
    "rsync",
    "sudo",
    # libvirt-python is built
    "gcc",
    "libvirt-dev",
    "pkg-config",
    "python3-dev",
    # the guest image
    "busybox-static",
    "cpio",
    "dosfstools",
    "fdisk",
    "mtools",
    "syslinux",
    "syslinux-common",
    "xz-utils",
    "zstd",
)


def ensure(settings: Settings) -> None:
    """All packages, of the distribution and of PyPI, that this lab needs are there."""
    settings.prefix.mkdir(parents=True, exist_ok=True)
    with alone(settings.prefix / "install.lock", "installs"):
        began = time.monotonic()
        logs = settings.prefix / "log"
        logs.mkdir(exist_ok=True)
        jobs: list[Callable[[], None]] = []
        wanted = PACKAGES + (LIBVIRT_PACKAGES if settings.libvirt else ())
        packages = apt.missing(wanted)
        if packages:
            jobs.append(lambda: apt.install(packages, log=logs / "apt.log"))
        if not venv.is_current(settings):
            _refuse_while_used(settings)
            jobs.append(lambda: venv.install(settings, log=logs / "pip.log"))
        together(*jobs)
        venv.place_own_modules(settings)
        if settings.libvirt:
            venv.add_libvirt(settings, log=logs / "pip-libvirt.log")
        if jobs:
            say(f"installed in {time.monotonic() - began:.0f} s")


def undo_leftovers(settings: Settings) -> None:
    """Undo what a killed `ensure` may have left behind on the machine."""
    if settings.prefix.exists():
        with alone(settings.prefix / "install.lock", "installs"):
            apt.let_start_again()


def _refuse_while_used(settings: Settings) -> None:
    for root in settings.prefix.glob("*/run"):
        other = replace(settings, name=root.parent.name)
        if any(processes.running(other, n) for n in processes.started_names(other)):
            raise LabError(
                f"The packages below {settings.prefix} must be installed anew, and "
                f"lab {other.name!r} uses them: take it down first, or set "
                f"{VARIABLE_PREFIX}PREFIX."
            )


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
