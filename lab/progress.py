"""What a person sees while the lab works: one line a fact, with the time."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

BEAT_SECONDS = 8.0
BLOCK = 65536  # bytes: a disk with less is full
FULL = os.strerror(errno.ENOSPC)


class LabError(Exception):
    """Something that a person must know or do; the text says what."""

    exit_status = 1


class CannotRunHere(LabError):
    """The lab cannot work on this machine or for this user."""

    exit_status = 3


def say(text: str) -> None:
    """Print one line with the time of day."""
    print(time.strftime("%H:%M:%S"), text, flush=True)


@contextmanager
def heartbeat(what: str, how_far: Callable[[], str]) -> Iterator[None]:
    """Say every few seconds that `what` still goes on, and how far it is."""
    began = time.monotonic()
    over = threading.Event()

    def beat() -> None:
        while not over.wait(BEAT_SECONDS):
            seconds = time.monotonic() - began
            say(f"  … {what}: {how_far()} ({seconds:.0f} s)")

    thread = threading.Thread(target=beat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


_commands: set[subprocess.Popen[str]] = set()


def run(
    argv: Sequence[str | Path],
    *,
    log: Path | None = None,
    env: Mapping[str, str] | None = None,
    input: str | None = None,
    uninterrupted: bool = False,
) -> str:
    """Run a command to its end and return what it printed.

    With `log`, its output goes to that file as it comes, and the file's text
    is returned. With `uninterrupted`, neither Ctrl-C nor `end_commands` ends it.
    Raises LabError with its last lines if it fails.
    """
    words = [str(word) for word in argv]
    with ExitStack() as stack:
        sink = stack.enter_context(log.open("w")) if log else subprocess.PIPE
        if uninterrupted:
            stack.enter_context(_not_interrupted(words[0]))
        try:
            command = subprocess.Popen(
                words,
                env=env,
                stdin=subprocess.DEVNULL if input is None else subprocess.PIPE,
                stdout=sink,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=uninterrupted,
            )
        except FileNotFoundError:
            raise LabError(f"{words[0]} is not installed here.") from None
        if not uninterrupted:
            _commands.add(command)
            stack.callback(_commands.discard, command)
        printed = command.communicate(input)[0]
    output = log.read_text(errors="replace") if log else printed
    if command.returncode:
        tail = "\n".join("    " + line for line in output.splitlines()[-12:])
        where = f" (all of it: {log})" if log else ""
        what = " ".join(words[:4])
        if FULL in output or (log and shutil.disk_usage(log.parent).free < BLOCK):
            # a log on that disk has lost the last words
            raise LabError(f"The disk is full, said {what} …{where}: make room.")
        raise LabError(f"{what} … ended with {command.returncode}{where}:\n{tail}")
    return output


@contextmanager
def _not_interrupted(name: str) -> Iterator[None]:
    """An interrupt that comes meanwhile is raised at the end."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are raised in the main thread alone
        return
    came: list[int] = []

    def note(number: int, _: object) -> None:
        if number == signal.SIGHUP:
            _nobody_reads()
        if not came:
            say(f"{name} must not be interrupted: this stops as soon as it is done")
        came.append(number)

    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [
        (number, signal.signal(number, note))
        for number in signals
        if signal.getsignal(number) is not signal.SIG_IGN
    ]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler or signal.SIG_DFL)
    if came:
        raise KeyboardInterrupt


def end_with_the_terminal() -> None:
    """A terminal that is closed interrupts us as Ctrl-C does; not under nohup."""
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _hung_up)


def _hung_up(number: int, frame: FrameType | None) -> None:
    _nobody_reads()
    # SIGINT's handler ends what is under way
    signal.raise_signal(signal.SIGINT)


def _nobody_reads() -> None:
    """What is said goes nowhere, where it would be an error: to a closed terminal."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for output in (1, 2):
        if stat.S_ISCHR(os.fstat(output).st_mode):
            os.dup2(nowhere, output)
    os.close(nowhere)


def end_commands() -> None:
    """Ask all commands that `run` waits for to end, but the uninterrupted ones."""
    for command in list(_commands):
        command.terminate()


def together(*jobs: Callable[[], object]) -> None:
    """Run the jobs side by side; raise the first error once all have ended."""
    if not jobs:
        return
    with ThreadPoolExecutor(len(jobs)) as pool:
        running = [pool.submit(job) for job in jobs]
    for job in running:
        job.result()


def complain(text: str) -> None:
    """Print one line for a person to standard error."""
    print(text, file=sys.stderr, flush=True)
