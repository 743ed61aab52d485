"""A port that nobody listens on, nor is about to."""

from __future__ import annotations

import fcntl
import itertools
import os
import socket
from pathlib import Path

# below those that the kernel gives to who connects (ip_local_port_range)
FIRST, LAST = 20_000, 32_000


def free_port() -> int:
    """Return a free port of 127.0.0.1, to nobody else of this run of the tests.

    Between the question and the program that listens there, another process may ask.
    """
    file = Path(os.environ["NOVAWEB_TEST_FOLDER"]) / "port"
    with file.open("a+", encoding="ascii") as last:
        fcntl.flock(last, fcntl.LOCK_EX)
        last.seek(0)
        # runs side by side begin elsewhere
        begin = int(last.read() or FIRST + os.getpid() * 37 % (LAST - FIRST))
        for number in itertools.count(begin + 1):
            port = FIRST + (number - FIRST) % (LAST - FIRST)
            if _is_free(port):
                last.truncate(0)
                last.write(str(port))
                return port
    raise AssertionError("ports do not end")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
