"""A cable between a client and a server on loopback, to be cut when a test says so."""

from __future__ import annotations

import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Wire:
    """Carries TCP to ``port`` of ``host``; counts what was connected through it.

    ``cut_at`` are bytes: the client that sends them is cut off, before they arrive.
    """

    def __init__(self, port: int, *, host: str = "127.0.0.1") -> None:
        self.target = host, port
        self.connections = 0
        self.mute = False  # take bytes in, let none out
        self.cut_at = b""
        self.late = False  # cut_at arrives, and only its answer does not
        self.ends: list[socket.socket] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]

    def serve(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.connections += 1
            try:
                server = socket.create_connection(self.target)
            except OSError:
                client.close()
                continue
            self.ends += [client, server]
            pair = client, server
            threading.Thread(target=self.carry, args=pair, daemon=True).start()

    def carry(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError, ValueError):
            while True:
                ready, _, _ = select.select([client, server], [], [])
                for end in ready:
                    some = end.recv(65536)
                    if not some:
                        return self.close(client, server)
                    found = bool(self.cut_at) and end is client and self.cut_at in some
                    if found and not self.late:
                        return self.close(client, server)
                    if not self.mute:
                        (server if end is client else client).sendall(some)
                    if found:
                        server.recv(65536)  # it was answered: nobody hears
                        return self.close(client, server)
        self.close(client, server)

    def close(self, *ends: socket.socket) -> None:
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def cut(self) -> None:
        """All that is connected now is cut; new connections are carried."""
        ends, self.ends = self.ends, []
        self.close(*ends)

    def open(self) -> int:
        """Return how many connections are carried now."""
        return sum(end.fileno() != -1 for end in self.ends) // 2


@contextmanager
def wire(port: int, *, host: str = "127.0.0.1") -> Iterator[Wire]:
    """Lay a cable from 127.0.0.1 to a port of a loopback address meanwhile."""
    laid = Wire(port, host=host)
    thread = threading.Thread(target=laid.serve, daemon=True)
    thread.start()
    try:
        yield laid
    finally:
        laid.close(laid.listener)
        laid.cut()
        thread.join()
