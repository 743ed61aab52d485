"""Starts programs, starts those anew that die, and stops them all."""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from demo.words import Stopped, say

PATIENCE = 10.0  # seconds that a program has for ending by itself
SHORT_LIFE = 5.0  # one that lived for less than this many seconds did not work at all
MOST_SHORT_LIVES = 4


@dataclass(kw_only=True)
class Program:
    """One program of the installation; without ``log`` it speaks to the terminal."""

    name: str
    command: Sequence[str | Path]
    environment: Mapping[str, str]
    folder: Path
    log: Path | None
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    short_lives: int = 0
    asked_to_end: bool = False

    def start(self) -> None:
        words = [str(word) for word in self.command]
        if setpriv := shutil.which("setpriv"):
            # Should this process be killed, its programs end with it.
            words = [setpriv, "--pdeathsig", "TERM", *words]
        sink = self.log.open("ab") if self.log else None
        self.process = subprocess.Popen(
            words,
            cwd=self.folder,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,  # Ctrl-C reaches us alone; we end them in order
        )
        if sink:
            sink.close()
        self.started = time.monotonic()

    def ended(self) -> bool:
        return self.process is not None and self.process.poll() is not None

    def ask_to_end(self) -> None:
        """It was asked, once, to end by itself; it may take its time."""
        if self.process is not None and not self.asked_to_end:
            self.asked_to_end = True
            if self.process.poll() is None:
                self.process.terminate()

    def stop(self) -> None:
        """It has ended: by itself when asked, else killed after ``PATIENCE``."""
        if self.process is None:
            return
        self.ask_to_end()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            say(f"{self.name} does not end by itself, so it is killed.")
            self.process.kill()
            self.process.wait()
        self.process = None

    def last_words(self) -> str:
        if self.log is None or not self.log.exists():
            return ""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        return "\n".join(f"    {line}" for line in lines[-15:])


@dataclass
class Programs:
    """All programs, in the order of their start; stopped the other way round.

    The first is what the others rest on: it ends when they have ended.
    """

    running: list[Program] = field(default_factory=list)

    def start(self, program: Program) -> None:
        program.start()
        self.running.append(program)

    def look_after(self) -> None:
        """Every program that has died runs again, and a line says so.

        Raises Stopped for one that keeps dying as soon as it is started.
        """
        for program in self.running:
            if not program.ended() or program.process is None:
                continue
            status = program.process.returncode
            lived = time.monotonic() - program.started
            program.short_lives = program.short_lives + 1 if lived < SHORT_LIFE else 0
            if program.short_lives >= MOST_SHORT_LIVES:
                raise Stopped(
                    f"{program.name} ends as soon as it is started (status {status}). "
                    f"Its last lines, from {program.log or 'above'}:\n"
                    f"{program.last_words()}"
                )
            program.start()
            say(f"{program.name} ended (status {status}), so it was started again.")

    def stop(self) -> None:
        """Nothing runs any more; all but the first were asked to end at once."""
        for program in self.running[1:]:
            program.ask_to_end()
        while self.running:
            self.running[-1].stop()
            self.running.pop()
