"""A program that hangs: it is there, and answers nothing."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

PATIENCE = 90.0  # seconds


def freeze(process: int) -> None:
    """Stop a process; it does nothing from now on, until it is sent SIGCONT.

    A thread that has a processor when the signal is sent runs on for a moment, and
    could answer: proc(5) tells when each of them is stopped.
    """
    os.kill(process, signal.SIGSTOP)
    deadline = time.monotonic() + PATIENCE
    while any(state != "T" for state in _states(process)):
        assert time.monotonic() < deadline, f"process {process} does not stop"
        time.sleep(0.01)


def _states(process: int) -> list[str]:
    found = Path(f"/proc/{process}/task").glob("*/stat")
    return [path.read_text("utf-8").rpartition(")")[2].split()[0] for path in found]
