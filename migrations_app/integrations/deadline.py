"""One time limit for all that is said with one neighbour, from its name to the end.

A socket's own timeout begins again with every byte, so that a neighbour who sends one
now and then is waited for without end; looking up a name has none at all.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

Found = TypeVar("Found")


class Deadline:
    """Hangs up on a neighbour when ``seconds`` are over; a context manager.

    ``passed`` is set then, and reads and writes meet the end of the connection.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.passed = threading.Event()
        self._ends = time.monotonic() + seconds
        self._line: socket.socket | None = None
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._hang_up)
        self._timer.daemon = True

    def __enter__(self) -> Deadline:
        self._timer.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._timer.cancel()
        with self._lock:
            if self._line is not None:
                self._line.close()
            self._line = None

    def left(self) -> float:
        """Return the seconds that are left. Raises TimeoutError where none are."""
        left = self._ends - time.monotonic()
        if left <= 0 or self.passed.is_set():
            self.passed.set()
            raise TimeoutError(f"it took longer than {self.seconds:g} s")
        return left

    def within(self, ask: Callable[[], Found]) -> Found:
        """Return what the call returns. Raises TimeoutError when the time is over.

        A call that is late goes on in its thread until it ends, heard by nobody.
        """
        found: list[Found] = []
        wrong: list[Exception] = []

        def call() -> None:
            try:
                found.append(ask())
            except Exception as error:  # noqa: BLE001 - raised below, by who waits
                wrong.append(error)

        thread = threading.Thread(target=call, daemon=True, name="within a deadline")
        thread.start()
        thread.join(self.left())
        if wrong:
            raise wrong[0]
        if not found:
            self.passed.set()
            raise TimeoutError(f"it took longer than {self.seconds:g} s")
        return found[0]

    def watch(self, sock: socket.socket) -> None:
        """Hang up on this connection, and on whatever wraps it, when the time is over.

        Raises TimeoutError if it is over.
        """
        # a little later than the deadline, which says why
        sock.settimeout(self.left() + 1)
        # TLS takes the socket away from who made it: a copy ends the same connection
        line = socket.socket(fileno=os.dup(sock.fileno()))
        with self._lock:
            if self._line is not None:
                self._line.close()
            self._line = line
        self.left()

    def _hang_up(self) -> None:
        self.passed.set()
        with self._lock, suppress(OSError):
            if self._line is not None:
                self._line.shutdown(socket.SHUT_RDWR)
