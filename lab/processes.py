"""Start and end the lab's own processes, known by pid and start time.

Each process carries a mark in its environment that names the lab. `strays`
finds by it what a pid file does not know, e.g. after `up` was killed.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.progress import LabError
from lab.settings import PROJECT, Settings

MARK = "NOVAWEB_LAB_ROOT_MARK"
# nova and cinder wait for their threads; longer than this is not worth it
PATIENCE_SECONDS = 12.0
# Kept so that those that this command itself ends again can be reaped.
_started: list[subprocess.Popen[bytes]] = []


@dataclass(frozen=True)
class Running:
    """A process that cannot be mistaken for another that got its pid later."""

    pid: int
    started: str

    @property
    def alive(self) -> bool:
        return start_time(self.pid) == self.started


def start_time(pid: int) -> str | None:
    """Return field 22 of /proc/PID/stat, or None if it has ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else fields[19]


def children(pid: int) -> list[int]:
    """Return the direct children of a process."""
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(word) for word in path.read_text().split()]
        except OSError:
            continue
    return found


def environment(settings: Settings, **more: str) -> dict[str, str]:
    """Return a clean environment for a process of the lab, with its mark."""
    venv_bin = settings.venv / "bin"
    system = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    clean = {
        "PATH": f"{venv_bin}:{system}",
        "HOME": str(settings.state),
        "NOVAWEB_LAB_ETC": str(settings.etc),  # lab/inside/own_etc.py
        "PYTHONNOUSERSITE": "1",
        "LANG": "C.UTF-8",
        # neutron and others leave files here; `down` finds them in one place
        "TMPDIR": str(settings.run / "tmp"),
        MARK: str(settings.root),
    }
    return clean | more


def running(settings: Settings, name: str) -> Running | None:
    """Return the process started under this name, if it still runs."""
    try:
        words = (settings.run / f"{name}.pid").read_text().split()
        process = Running(int(words[0]), words[1])
    except (OSError, ValueError, IndexError):
        return None
    return process if process.alive else None


def started_names(settings: Settings) -> list[str]:
    """Return the names that have a pid file, running or not."""
    return sorted(path.stem for path in settings.run.glob("*.pid"))


def start(
    settings: Settings,
    name: str,
    argv: Sequence[str | Path],
    *,
    env: Mapping[str, str] | None = None,
) -> bool:
    """Start a process in a session of its own; False if it runs already."""
    if running(settings, name):
        return False
    log = settings.run / f"{name}.log"
    with log.open("ab") as sink:
        process = subprocess.Popen(
            [str(word) for word in argv],
            env=environment(settings, **(env or {})),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,
            cwd="/",
        )
    _started.append(process)
    text = f"{process.pid} {start_time(process.pid)}"
    (settings.run / f"{name}.pid").write_text(text)
    return True


def stop(
    settings: Settings,
    names: Sequence[str],
    *,
    patience: float = PATIENCE_SECONDS,
) -> None:
    """End the named processes: all asked at once, killed after `patience` s."""
    found = (running(settings, name) for name in names)
    _end([process for process in found if process], patience)
    for name in names:
        (settings.run / f"{name}.pid").unlink(missing_ok=True)


def sweep(settings: Settings) -> int:
    """End every process that carries this lab's mark; return how many."""
    found = strays(settings)
    _end(found, PATIENCE_SECONDS)
    return len(found)


def strays(settings: Settings) -> list[Running]:
    """Return all processes on this machine that carry this lab's mark."""
    mark = f"{MARK}={settings.root}".encode()
    found = []
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit() or int(folder.name) == os.getpid():
            continue
        try:
            marked = mark in (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        started = start_time(int(folder.name))
        if marked and started:
            found.append(Running(int(folder.name), started))
    return found


def _end(processes: list[Running], patience: float) -> None:
    # The whole session: what runs in a namespace is below nsenter, which
    # passes no signal on.
    for process in processes:
        _signal_group(process, signal.SIGTERM)
    _wait(processes, patience)
    for process in processes:
        _signal_group(process, signal.SIGKILL)
    _wait(processes, 5.0)
    for child in _started:
        child.poll()
    stubborn = [process.pid for process in processes if process.alive]
    if stubborn:
        raise LabError(f"These processes do not end, even when killed: {stubborn}")


def _signal_group(process: Running, number: signal.Signals) -> None:
    if not process.alive:
        return
    try:
        if os.getpgid(process.pid) == process.pid:
            os.killpg(process.pid, number)
        else:
            os.kill(process.pid, number)
    except ProcessLookupError:
        pass


def _wait(processes: list[Running], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while any(p.alive for p in processes) and time.monotonic() < deadline:
        time.sleep(0.05)


def inside(settings: Settings, script: str) -> list[str | Path]:
    """Return the start of a command line for a script of lab/inside."""
    return [settings.venv / "bin/python", PROJECT / "lab/inside" / script]
