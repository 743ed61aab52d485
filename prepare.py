#!/usr/bin/env python3
"""Makes ``.venv`` ready: the first thing that every ``make`` target runs.

Standard library only, and syntax that an old Python still parses, so that even there
the answer is a sentence. Afterwards ``.venv`` holds what requirements-lock.txt lists;
a second run sees by a stamp that nothing is to do.

``prepare.py --tests`` also looks for the Chromium that the browser tests drive, and for
the sshd, MariaDB, Galera, PostgreSQL, Redis, rsync and strace that others start.
``prepare.py --demo`` asks first whether a lab can run here at all.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import importlib.util
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lab.space import Need

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "novaweb-stamp"
LOCK = ROOT / "requirements-lock.txt"
APT_LOG = ROOT / ".prepare.log"
GALERA = Path("/usr/lib/galera/libgalera_smm.so")  # a library, not a program
VENV_MEGABYTES = 600
CHROMIUM_MEGABYTES = 900
SERVERS_MEGABYTES = 1300
PYTHON_MEGABYTES = 50
OLDEST = (3, 11)
NEWER = ("python3.13", "python3.12", "python3.11")


def main(arguments: list[str]) -> int:
    if sys.version_info[:2] < OLDEST:
        return use_a_newer_python(arguments)
    if "--demo" in arguments and not lab_can_run():
        return 1
    with (ROOT / ".prepare.lock").open("w") as lock:
        # Two makes at once would install over each other.
        fcntl.flock(lock, fcntl.LOCK_EX)
        ready = venv_is_ready() or (venv_can_be_made() and make_venv())
    if not ready:
        return 1
    if "--tests" in arguments:
        look_for_chromium()
        look_for_servers()
    return 0


def use_a_newer_python(arguments: list[str]) -> int:
    for name in NEWER:
        path = shutil.which(name)
        if path:
            os.execv(path, [path, str(ROOT / "prepare.py"), *arguments])  # noqa: S606 - us
    complain(
        "novaweb needs Python 3.11 or newer; {} is {}.{}. Install one (Debian 12, "
        "Ubuntu 24.04 and later have it as python3) and say which: "
        "make PYTHON=python3.11 …".format(sys.executable, *sys.version_info[:2])
    )
    return 1


def lab_can_run() -> bool:
    """Whether this machine and this user can have a lab, and the demo its room."""
    from lab import install, machine, space
    from lab.progress import CannotRunHere, LabError
    from lab.settings import SettingsError, from_environment

    try:
        machine.check()
        needs = install.needs(from_environment())
        space.require([*needs, *([] if venv_is_ready() else venv_needs())])
    except CannotRunHere as reason:
        complain(str(reason))
        complain("So there is no demo on a real OpenStack here: try `make dev`.")
        return False
    except (LabError, SettingsError) as error:
        complain(str(error))
        return False
    return True


def wanted() -> str:
    """What the stamp says of a .venv that is ready: which list, and at which path."""
    return f"{hashlib.sha256(LOCK.read_bytes()).hexdigest()} {ROOT}"


def stamp() -> str:
    return STAMP.read_text(encoding="utf-8") if STAMP.exists() else ""


def venv_is_ready() -> bool:
    return stamp() == wanted() and venv_works("django")


def venv_works(module: str) -> bool:
    """False too when the Python that it was made from has been replaced since."""
    try:
        return (
            subprocess.call(
                [str(PYTHON), "-c", f"import {module}"], stderr=subprocess.DEVNULL
            )
            == 0
        )
    except OSError:
        return False


def venv_can_be_made() -> bool:
    if importlib.util.find_spec("ensurepip"):
        return True
    package = "python{}.{}-venv".format(*sys.version_info[:2])
    if apt_get_install([package], megabytes=PYTHON_MEGABYTES):
        return True
    complain(
        f"Python's venv module is missing here. Install the package {package} "
        f"(as root: apt-get install {package}), then run make again."
    )
    return False


def venv_needs() -> list[Need]:
    from lab.space import Need

    return [Need(what=".venv", folder=ROOT, megabytes=VENV_MEGABYTES)]


def make_venv() -> bool:
    """Install everything into .venv, telling how far it is; False, said why, if not."""
    from lab import space
    from lab.progress import FULL, LabError

    try:
        space.require(venv_needs())
    except LabError as error:
        complain(str(error))
        return False
    say("Making .venv ready (about a minute the first time) …")
    moved = STAMP.exists() and not stamp().endswith(f" {ROOT}")
    STAMP.unlink(missing_ok=True)
    if moved or not venv_works("pip"):
        create = [sys.executable, "-m", "venv", "--clear", str(VENV)]
        if subprocess.call(create) != 0:
            complain(f"{VENV} could not be made; the lines above say why.")
            return False
    command = [str(PYTHON), "-m", "pip", "install", "--no-input"]
    command += ["--disable-pip-version-check", "--progress-bar", "off"]
    command += ["--no-cache-dir"]  # it would be outside the project
    # The lock is complete: nothing to resolve. What is used is compiled when it is.
    # No file is installed that is not the one that was pinned, whoever sends it.
    command += ["--require-hashes", "--only-binary", ":all:"]
    command += ["--no-deps", "--no-compile", "-r", str(LOCK)]
    started = time.monotonic()
    lines, status = follow(command, started)
    if status != 0:
        complain("\n".join(lines[-20:]))
        full = any(FULL in line for line in lines)
        hint = "make room on the disk" if full else "is the package index reachable?"
        complain(
            "pip could not install what novaweb needs; the lines above say why. "
            f"Once it is mended ({hint}), run make again."
        )
        return False
    STAMP.write_text(wanted(), encoding="utf-8")
    say(f"  .venv is ready, {time.monotonic() - started:.0f} s.")
    return True


def follow(command: list[str], started: float) -> tuple[list[str], int]:
    """Run pip; every three seconds say how far it is. All its lines, and its status."""
    total = sum("==" in line for line in LOCK.read_text(encoding="ascii").splitlines())
    lines: list[str] = []
    collected, said = 0, started
    with subprocess.Popen(
        command,
        env={**os.environ, "PIP_NO_CACHE_DIR": "1"},  # of the builds that pip starts
        bufsize=0,  # select() must see every line: none may wait in a buffer
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as pip:
        if pip.stdout is None:
            raise AssertionError("stdout was asked for as a pipe")
        while True:
            readable, _, _ = select.select([pip.stdout], [], [], 1)
            line = pip.stdout.readline() if readable else None
            if line == b"":
                break
            if line:
                lines.append(line.decode(errors="replace").rstrip())
                collected += lines[-1].startswith("Collecting ")
            if time.monotonic() - said > 3:
                said = time.monotonic()
                stage = "installing" if collected >= total else "fetching"
                say(f"  {stage}: {collected} of {total}, {said - started:.0f} s")
    return lines, pip.returncode


def look_for_chromium() -> None:
    """Install Debian's Chromium where we may; its absence only skips tests, loudly."""
    if os.environ.get("NOVAWEB_TEST_CHROMIUM"):
        return
    package = "chromium-headless-shell"
    if shutil.which(package) or shutil.which("chromium"):
        return
    if not apt_get_install([package], megabytes=CHROMIUM_MEGABYTES):
        say(
            "There is no chromium here, so the browser tests will be skipped. "
            f"As root: apt-get install {package}"
        )


def look_for_servers() -> None:
    """Install what tests start for themselves; nothing is started by this."""
    wanted = {
        "openssh-server": "sshd",
        "mariadb-server": "mariadbd",
        "postgresql": "postgres",
        "redis-server": "redis-server",
        "rsync": "rsync",
        "strace": "strace",
        "qemu-utils": "qemu-nbd",
        "qemu-system-x86": "qemu-system-x86_64",
    }
    newest = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1:]
    path = ":".join([os.environ.get("PATH", ""), "/usr/sbin", *map(str, newest)])
    missing = [p for p, name in wanted.items() if not shutil.which(name, path=path)]
    if not GALERA.exists():
        wanted["galera-4"] = "Galera"
        missing.append("galera-4")
    if missing and not apt_get_install(missing, megabytes=SERVERS_MEGABYTES):
        say(
            "There is no {} here, so tests that need it will be skipped. "
            "As root: apt-get install {}".format(
                " and no ".join(wanted[p] for p in missing), " ".join(missing)
            )
        )


def apt_get_install(packages: list[str], *, megabytes: int) -> bool:
    """True if they are here afterwards; needs root and Debian or Ubuntu."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    # the lab knows how to keep Debian from starting what it installs
    from lab import apt, space
    from lab.progress import LabError

    need = space.Need(what="packages", folder=space.PACKAGES, megabytes=megabytes)
    try:
        space.require([need])
        apt.install(packages, log=APT_LOG)
    except LabError as error:
        complain(str(error))
        return False
    return True


def say(text: str) -> None:
    print(text, flush=True)


def complain(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        sys.exit(main(sys.argv[1:]))
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        complain(f"The disk is full: {error}. Make room, then run make again.")
        sys.exit(1)
    except KeyboardInterrupt:
        complain("Stopped. Nothing is half done: the next make begins anew.")
        sys.exit(130)
