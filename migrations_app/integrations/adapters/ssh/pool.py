"""The kept connections of this process: one for each host, shared by its threads."""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from collections import defaultdict
from pathlib import Path

from migrations_app.errors import Unreachable
from migrations_app.integrations.adapters.ssh import config
from migrations_app.integrations.adapters.ssh.command import OPENING, NotBegun, say
from migrations_app.integrations.adapters.ssh.connection import Line, connect, silent
from migrations_app.integrations.interfaces import Command

IDLE = 60.0  # seconds after which a connection that nobody uses is closed

# All that it has to say is in our errors; it would put a traceback into the log for
# every host that is down.
logging.getLogger("paramiko").setLevel(logging.CRITICAL)


class SshHosts:
    """``interfaces.Hosts`` by way of an OpenSSH client configuration."""

    def __init__(self, config: Path) -> None:
        self.config = config
        self._begin()
        ALL.add(self)

    def _begin(self) -> None:
        self._lock = threading.Lock()  # of what follows; held for moments only
        self._lines: dict[str, Line] = {}
        self._making: dict[str, threading.Lock] = defaultdict(threading.Lock)
        self._sweeper: threading.Timer | None = None

    def abandon(self) -> None:
        """In a forked process: the connections are our parent's, and so are locks."""
        for line in self._lines.values():
            line.abandon()
        self._begin()

    def run(self, host: str, command: Command, *, timeout: float = 20.0) -> str:
        """Run the command as root there and return what it wrote to standard output.

        ``timeout`` (seconds) covers all: to connect, to sign in, to run. A connection
        that broke while nobody used it is made again; a command is never sent twice.
        """
        deadline = time.monotonic() + timeout
        # a host that is only busy has all the time there is the second time
        for opening in (OPENING, timeout):
            line = self._borrow(host, deadline)
            try:
                return say(line, command, deadline, opening=opening)
            except NotBegun:
                self._drop(line)
            except Unreachable:
                self._drop(line)  # hung or cut: the next shall not inherit it
                raise
            finally:
                self._give_back(line)
        raise silent(line.entry)

    def close(self) -> None:
        """Close what nobody uses just now; the next command connects again."""
        with self._lock:
            lines = list(self._lines.values())
        for line in lines:
            self._drop(line)

    def _borrow(self, host: str, deadline: float) -> Line:
        """Return the host's connection, made if there is none as it should be."""
        entry = config.read(self.config, host)
        with self._lock:
            making = self._making[host]
        if not making.acquire(timeout=max(0.1, deadline - time.monotonic())):
            raise silent(entry)
        try:
            with self._lock:
                line = self._lines.get(host)
                if line is not None and line.alive and line.entry == entry:
                    line.users += 1
                    return line
            if line is not None:
                self._drop(line)
            fresh = connect(entry, deadline)
            fresh.users = 1
            with self._lock:
                self._lines[host] = fresh
            return fresh
        finally:
            making.release()

    def _give_back(self, line: Line) -> None:
        with self._lock:
            line.users -= 1
            line.used = time.monotonic()
            over = not line.kept and not line.users
        if over:
            line.close()
        self._sweep_later()

    def _drop(self, line: Line) -> None:
        """Keep it for nobody else; its last user closes it."""
        with self._lock:
            line.kept = False
            if self._lines.get(line.entry.host) is line:
                del self._lines[line.entry.host]
            over = not line.users
        if over:
            line.close()

    def _sweep_later(self) -> None:
        with self._lock:
            if self._sweeper is None and self._lines:
                self._sweeper = threading.Timer(IDLE, self._sweep)
                self._sweeper.daemon = True
                self._sweeper.start()

    def _sweep(self) -> None:
        """Close what nobody has used for a while; look again while any is left."""
        old = time.monotonic() - IDLE
        with self._lock:
            self._sweeper = None
            idle = [x for x in self._lines.values() if not x.users and x.used <= old]
        for line in idle:
            self._drop(line)
        self._sweep_later()


ALL: weakref.WeakSet[SshHosts] = weakref.WeakSet()


def _in_a_forked_process() -> None:
    for hosts in ALL:
        hosts.abandon()


os.register_at_fork(after_in_child=_in_a_forked_process)
