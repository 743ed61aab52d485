"""What a stranger types, and how it is seen that it did what the README says."""

from __future__ import annotations

import os
import re
import select
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from lab.progress import LabError
from stranger.machine import Machine

USER = "stranger"
ORIGIN = "srv/origin.git"
CLONES = {"root": "/srv/novaweb", USER: f"/home/{USER}/novaweb"}
FETCH = (
    "import sys, urllib.request as u; page = u.urlopen(sys.argv[1], timeout=60);"
    "sys.exit(0 if page.status == 200 and b'novaweb' in page.read() else 1)"
)
AT = re.compile(rb"novaweb is at (http://\S+)")
NOTHING_RUNS = b"Nothing that was started here runs any more."
CLOSING = re.compile(r"^=+ .*\b(?:passed|failed|errors?|skipped)\b.* in [\d.]+s.*=+$")
ENDING = 60.0  # seconds that a command has for ending once it is asked to


@dataclass(frozen=True, kw_only=True)
class Command:
    """One word of the command line: what is typed for it, and by whom."""

    typed: str
    user: str = "root"
    until_stopped: bool = False  # it runs until Ctrl-C, and is to answer meanwhile


COMMANDS = {
    "demo": Command(typed="make demo ARGS=--once"),
    "again": Command(typed="make demo ARGS=--once"),
    "dev": Command(typed="make dev", until_stopped=True),
    "check": Command(typed="make check"),
    "test": Command(typed="make test"),
    "opened": Command(typed="python3 -m lab.opened make demo ARGS=--once"),
    "user-dev": Command(typed="make dev", user=USER, until_stopped=True),
    "user-test": Command(typed="make test", user=USER),
}
USUAL = ("demo", "again", "dev", "check", "test")


@dataclass(kw_only=True)
class Running:
    """A command under way in a machine; what it prints is shown, kept, or both."""

    process: subprocess.Popen[bytes]
    log: BinaryIO
    show: bool
    lines: list[bytes] = field(default_factory=list)
    _rest: bytes = b""

    def follow(self, deadline: float, until: Callable[[], bool]) -> bool:
        """Read on until the condition holds (True), it ended, or time is over."""
        pipe = self.process.stdout
        if pipe is None:
            raise AssertionError("stdout was asked for as a pipe")
        quiet_since = None
        while time.monotonic() < deadline:
            if until():
                return True
            if select.select([pipe], [], [], 0.2)[0]:
                piece = os.read(pipe.fileno(), 65536)
                if not piece:
                    self.process.wait()
                    return until()
                self._take(piece)
            elif self.process.poll() is not None:
                # something that it left behind may hold the pipe open
                quiet_since = quiet_since or time.monotonic()
                if time.monotonic() - quiet_since > 2:
                    return until()
        return until()

    def _take(self, piece: bytes) -> None:
        self.log.write(piece)
        self.log.flush()
        if self.show:
            sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()
        *lines, self._rest = (self._rest + piece).split(b"\n")
        self.lines += lines

    def interrupt(self, number: int) -> None:
        """What Ctrl-C does: every process of the command's group gets the signal."""
        children = f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        try:
            leader = int(Path(children).read_text().split()[0])
            os.killpg(leader, number)
        except (OSError, IndexError):
            return  # it has ended


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a command went: ``trouble`` is empty if all was as the README says."""

    trouble: str
    seconds: float
    closing: str = ""  # pytest's own last line


def run(
    machine: Machine, command: Command, *, log: Path, show: bool, limit: float
) -> Outcome:
    """Type a command in the machine and see how it ends."""
    began = time.monotonic()
    line = f"cd {CLONES[command.user]} && {command.typed}"
    words = machine.words(("bash", "-c", line), user=command.user)
    with (
        log.open("wb") as sink,
        subprocess.Popen(
            words,
            env=machine.variables(command.user),
            bufsize=0,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as process,
    ):
        running = Running(process=process, log=sink, show=show)
        try:
            if command.until_stopped:
                trouble = _until_stopped(machine, command, running, began + limit)
            else:
                trouble = _to_its_end(running, began + limit)
        except BaseException:
            machine.stop()  # and with it what we wait for
            raise
    closing = ""
    for line in reversed([x.decode(errors="replace") for x in running.lines[-200:]]):
        if CLOSING.match(line):
            closing = line
            break
    return Outcome(
        trouble=trouble, seconds=time.monotonic() - began, closing=closing.strip("= ")
    )


def _to_its_end(running: Running, deadline: float) -> str:
    running.follow(deadline, lambda: False)
    if running.process.poll() is None:
        _end(running)
        return "took too long"
    status = running.process.returncode
    return f"status {status}" if status else ""


def _until_stopped(
    machine: Machine, command: Command, running: Running, deadline: float
) -> str:
    found: list[str] = []

    def answers() -> bool:
        match = AT.search(b"\n".join(running.lines))
        found.extend([match[1].decode()] if match else [])
        return bool(match)

    if not running.follow(deadline, answers):
        ended = running.process.poll()
        _end(running)
        return f"status {ended} before it answered" if ended else "never answered"
    try:
        machine.call("python3", "-c", FETCH, found[0] + "/", user=command.user)
    except LabError as error:
        _end(running)
        return f"its page does not answer: {str(error).splitlines()[-1]}"
    _end(running)
    if not any(NOTHING_RUNS in line for line in running.lines):
        return "did not say that all was stopped"
    return ""


def _end(running: Running) -> None:
    for number in (signal.SIGINT, signal.SIGKILL):
        running.interrupt(number)
        running.follow(time.monotonic() + ENDING, lambda: False)
        if running.process.poll() is not None:
            return
    running.process.kill()


def clone(machine: Machine, user: str) -> None:
    """The project is cloned where that user keeps it."""
    if user != "root":
        machine.call("useradd", "--create-home", user)
        # the README: without root, somebody who is must install this
        machine.call("apt-get", "-o", "DPkg::Lock::Timeout=300", "update", "-q")
        install = ("apt-get", "install", "-q", "-y", "--no-install-recommends")
        machine.call(*install, "python3-venv", DEBIAN_FRONTEND="noninteractive")
    # git asks whose the repository is; that of the origin is nobody's here
    trust = machine.root / "run/gitconfig"
    trust.write_text("[safe]\n\tdirectory = *\n")
    machine.call(
        *("git", "clone", "--quiet", f"/{ORIGIN}", CLONES[user]),
        user=user,
        GIT_CONFIG_GLOBAL="/run/gitconfig",
    )
    trust.unlink()
    machine.clones.append(CLONES[user])


def literal(line: str, pytest: str) -> Command:
    """The command of a word; a word with a blank is itself what is typed."""
    command = COMMANDS.get(line) or Command(typed=line)
    if pytest and command.typed == "make test":
        typed = f"make test ARGS={shlex.quote(pytest)}"
        return Command(typed=typed, user=command.user)
    return command
