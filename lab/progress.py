"""What a person sees while the lab works: one line a fact, with the time."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

BEAT_SECONDS = 8.0


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


def run(
    argv: Sequence[str | Path],
    *,
    log: Path | None = None,
    env: Mapping[str, str] | None = None,
    input: str | None = None,
) -> str:
    """Run a command to its end and return what it printed.

    With `log`, its output goes to that file as it comes, and the file's text
    is returned. Raises LabError with the last lines if it fails.
    """
    words = [str(word) for word in argv]
    try:
        if log is None:
            done = subprocess.run(
                words,
                env=env,
                input=input,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                check=False,
            )
            status, output = done.returncode, done.stdout
        else:
            with log.open("wb") as sink:
                status = subprocess.run(
                    words,
                    env=env,
                    stdin=subprocess.DEVNULL,
                    stdout=sink,
                    stderr=subprocess.STDOUT,
                    check=False,
                ).returncode
            output = log.read_text(errors="replace")
    except FileNotFoundError:
        raise LabError(f"{words[0]} is not installed here.") from None
    if status:
        tail = "\n".join("    " + line for line in output.splitlines()[-12:])
        where = f" (all of it: {log})" if log else ""
        raise LabError(f"{' '.join(words[:4])} … ended with {status}{where}:\n{tail}")
    return output


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
