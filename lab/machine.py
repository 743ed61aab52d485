"""Whether this machine can hold a lab, and if not, why, in one sentence."""

from __future__ import annotations

import errno
import os
import re
import shutil
import socket
import sys
from pathlib import Path

from lab import infrastructure, processes, services
from lab.progress import CannotRunHere, LabError
from lab.settings import VARIABLE_PREFIX, Settings

SYSTEMS = "Debian 12 or Ubuntu 24.04 or newer"
PYTHON = "/usr/bin/python3"
OLDEST = (3, 11)
STILL_WORKS = "`make dev` and the tests that need no lab still work."


def check() -> None:
    """Raise CannotRunHere with one sentence if no lab can run here."""
    reason = _what_is_missing()
    if reason:
        raise CannotRunHere(f"The lab needs {reason}; {STILL_WORKS}")


def _what_is_missing() -> str | None:
    if not sys.platform.startswith("linux"):
        return f"Linux, {SYSTEMS}"
    if not shutil.which("apt-get") or not shutil.which("dpkg-query"):
        return f"{SYSTEMS}, and this is {_distribution()}"
    if (version := _python_version()) and version < OLDEST:
        return (
            f"{SYSTEMS}, whose own Python is 3.11 or newer, and this is "
            f"{_distribution()}, whose is {version[0]}.{version[1]}"
        )
    if os.geteuid() != 0:
        return (
            "root, for its database and message server (and for the network "
            "namespaces of libvirt hosts): run it with sudo"
        )
    return None


def _python_version() -> tuple[int, int] | None:
    """Return that of the distribution's python3; None if it is not installed yet."""
    found = re.fullmatch(
        r"python(\d+)\.(\d+)", os.path.basename(os.path.realpath(PYTHON))
    )
    return (int(found[1]), int(found[2])) if found else None


def _distribution() -> str:
    try:
        lines = Path("/etc/os-release").read_text().splitlines()
    except OSError:
        return "another system"
    names = [line.partition("=")[2] for line in lines if line.startswith("PRETTY_NAME")]
    return names[0].strip('"') if names else "another system"


def check_python(settings: Settings) -> None:
    """Raise CannotRunHere if this machine's Python is too new for the lab's release."""
    newest, version = settings.openstack.newest_python, _python_version()
    if newest and version and version > newest:
        raise CannotRunHere(
            f"{settings.openstack.name} needs a Python up to {newest[0]}.{newest[1]}, "
            f"and this machine's is {version[0]}.{version[1]}; set "
            f"{VARIABLE_PREFIX}RELEASE to a newer one."
        )


def check_ports(settings: Settings) -> None:
    """Raise LabError if a port that a service is to have belongs to another."""
    for service in (
        *infrastructure.every(settings),
        services.identity(settings),
        *services.neighbours(settings),
        *services.nova(settings),
        *services.consoles(settings),
    ):
        if service.port is None or processes.running(settings, service.name):
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((settings.address, service.port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
                raise LabError(
                    f"Port {service.port} of {settings.address} is taken by another "
                    f"program, and {service.name} needs it: set "
                    f"{VARIABLE_PREFIX}PORT_OFFSET or {VARIABLE_PREFIX}ADDRESS."
                ) from None
