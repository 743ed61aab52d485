#!/usr/bin/env python3
"""Makes ``.venv`` ready: the first thing that every ``make`` target runs.

Standard library only, and syntax that an old Python still parses, so that even there
the answer is a sentence. Afterwards ``.venv`` holds what ``requirements-dev.txt`` asks
for, in the versions of ``constraints.txt``; a second run sees from a checksum that
nothing is to do.

``prepare.py --tests`` also looks for the Chromium that the browser tests drive.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import select
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / "requirements.sha256"
LISTS = ("requirements.txt", "requirements-dev.txt", "constraints.txt")
OLDEST = (3, 11)
NEWER = ("python3.13", "python3.12", "python3.11")


def main(arguments: list[str]) -> int:
    if sys.version_info[:2] < OLDEST:
        return use_a_newer_python(arguments)
    with (ROOT / ".prepare.lock").open("w") as lock:
        # Two makes at once would install over each other.
        fcntl.flock(lock, fcntl.LOCK_EX)
        ready = venv_is_ready() or (venv_can_be_made() and make_venv())
    if not ready:
        return 1
    if "--tests" in arguments:
        look_for_chromium()
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


def wanted() -> str:
    """The checksum of what .venv must hold, and of the Python that it is for."""
    digest = hashlib.sha256(sys.version.encode())
    digest.update(str(ROOT).encode())
    for name in LISTS:
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def venv_is_ready() -> bool:
    if not STAMP.exists() or STAMP.read_text(encoding="ascii") != wanted():
        return False
    return venv_runs_this_python()


def venv_runs_this_python() -> bool:
    """False too when the Python that it was made from has been upgraded away since."""
    try:
        said = subprocess.check_output(
            [str(VENV / "bin" / "python"), "-c", "import sys; print(sys.version)"],
            text=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return False
    return said.strip() == sys.version


def venv_can_be_made() -> bool:
    if importlib.util.find_spec("ensurepip"):
        return True
    package = "python{}.{}-venv".format(*sys.version_info[:2])
    if apt_get_install(package):
        return True
    complain(
        f"Python's venv module is missing here. Install the package {package} "
        f"(as root: apt-get install {package}), then run make again."
    )
    return False


def make_venv() -> bool:
    """Install everything into .venv, telling how far it is; False, said why, if not."""
    say("Making .venv ready (about a minute the first time) …")
    STAMP.unlink(missing_ok=True)
    if not venv_runs_this_python():
        create = [sys.executable, "-m", "venv", "--clear", str(VENV)]
        if subprocess.call(create) != 0:
            complain(f"{VENV} could not be made; the lines above say why.")
            return False
    command = [str(VENV / "bin" / "python"), "-m", "pip", "install", "--no-input"]
    command += ["--disable-pip-version-check", "--progress-bar", "off"]
    command += ["-r", str(ROOT / "requirements-dev.txt")]
    command += ["-c", str(ROOT / "constraints.txt")]
    started = time.monotonic()
    lines, status = follow(command, started)
    if status != 0:
        complain("\n".join(lines[-20:]))
        complain(
            "pip could not install what novaweb needs; the lines above say why. "
            "Once it is mended (is the package index reachable?), run make again."
        )
        return False
    STAMP.write_text(wanted(), encoding="ascii")
    say(f"  .venv is ready, {time.monotonic() - started:.0f} s.")
    return True


def follow(command: list[str], started: float) -> tuple[list[str], int]:
    """Run pip; every three seconds say how far it is. All its lines, and its status."""
    total = len((ROOT / "constraints.txt").read_text(encoding="ascii").splitlines()) - 1
    lines: list[str] = []
    collected, said = 0, started
    with subprocess.Popen(
        command,
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
                installing = lines and lines[-1].startswith("Installing collected")
                stage = "installing" if installing else "collecting"
                have = f"{collected} of {total} packages"
                say(f"  {stage}: {have}, {said - started:.0f} s")
    return lines, pip.returncode


def look_for_chromium() -> None:
    """Install Debian's Chromium where we may; its absence only skips tests, loudly."""
    if shutil.which("chromium") or os.environ.get("NOVAWEB_TEST_CHROMIUM"):
        return
    if not apt_get_install("chromium"):
        say(
            "There is no chromium here, so the browser tests will be skipped. "
            "As root: apt-get install chromium"
        )


def apt_get_install(package: str) -> bool:
    """True if the package is here afterwards; needs root and Debian or Ubuntu."""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return False
    say(f"Installing {package} with apt-get …")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = [
        "apt-get",
        "-o",
        "DPkg::Lock::Timeout=300",
        "install",
        "-qq",
        "-y",
        "--no-install-recommends",
        package,
    ]
    for command in (["apt-get", "update", "-qq"], install):
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
        if done.returncode != 0:
            complain(done.stdout.decode(errors="replace")[-2000:])
            return False
    return True


def say(text: str) -> None:
    print(text, flush=True)


def complain(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        complain("Stopped. Nothing is half done: the next make begins anew.")
        sys.exit(130)
