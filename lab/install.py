"""Installs what a lab needs: distribution packages and one Python venv."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from lab import apt, machine, processes, space, venv
from lab.progress import LabError, say, together
from lab.remembered import remembered
from lab.settings import VARIABLE_PREFIX, Settings

# On the disk, generously: packages with what they depend on, and their archives.
MEGABYTES = 1000
LIBVIRT_MEGABYTES = 2000
LAB_MEGABYTES = 450
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


def needs(settings: Settings) -> list[space.Need]:
    """Return the room that is still needed on the disks, generously."""
    found = []
    missing = apt.missing(_wanted(settings))
    if missing:
        size = LIBVIRT_MEGABYTES if set(missing) - set(PACKAGES) else MEGABYTES
        found.append(_need("packages", space.PACKAGES, size))
    if not venv.is_current(settings):
        found.append(_need("OpenStack", settings.prefix, venv.MEGABYTES))
    if not (settings.state / "databases-ready").exists():
        found.append(_need("the lab", settings.prefix, LAB_MEGABYTES))
    return found


def _need(what: str, folder: Path, megabytes: int) -> space.Need:
    return space.Need(what=what, folder=folder, megabytes=megabytes)


def _wanted(settings: Settings) -> tuple[str, ...]:
    hosts = LIBVIRT_PACKAGES if settings.libvirt else ()
    return PACKAGES + hosts + settings.laid_out.packages


def ensure(settings: Settings) -> None:
    """All packages, of the distribution and of PyPI, that this lab needs are there.

    Raises LabError, before anything is installed, if the disk is too small or this
    machine's Python too new.
    """
    machine.check_python(settings)
    space.require(needs(settings))
    settings.prefix.mkdir(parents=True, exist_ok=True)
    with alone(settings.venv.with_suffix(".lock"), "installs"):
        began = time.monotonic()
        logs = settings.prefix / "log"
        logs.mkdir(exist_ok=True)
        jobs: list[Callable[[], None]] = []
        packages = apt.missing(_wanted(settings))
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


def undo_leftovers() -> None:
    """Undo what a killed install, of the tests too, may have left on the machine."""
    with apt.one_at_a_time():
        apt.let_start_again()


def _refuse_while_used(settings: Settings) -> None:
    for root in settings.prefix.glob("*/run"):
        other = remembered(replace(settings, name=root.parent.name))
        if other.venv == settings.venv and any(
            processes.running(other, n) for n in processes.started_names(other)
        ):
            raise LabError(
                f"The packages in {settings.venv} must be installed anew, and "
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
