"""A server that says what it is told, byte by byte, and understands nothing."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Raw:
    """A server: its port, and all that it heard."""

    port: int = 0
    heard: list[bytes] = field(default_factory=list)
    connections: int = 0


@contextmanager
def saying(
    *answers: bytes, drip: float = 0.0, endless: bytes = b"", ends: bool = False
) -> Iterator[Raw]:
    """A server that answers each thing that it hears with the next of these.

    The first is said at once, unless it is empty. After the last it says ``endless``
    for ever, hangs up if it ``ends`` there, or says nothing more. With ``drip`` there
    is a pause, in seconds, after each byte.
    """
    over = threading.Event()
    there = Raw()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.02)
        there.port = server.getsockname()[1]

        def speak(line: socket.socket, text: bytes) -> None:
            if not drip:
                line.sendall(text)
                return
            for byte in text:
                if over.wait(drip):
                    return
                line.sendall(bytes([byte]))

        def listen(line: socket.socket) -> bool:
            while not over.is_set():
                try:
                    text = line.recv(65536)
                except TimeoutError:
                    continue
                there.heard.append(text)
                return bool(text)
            return False

        def talk(line: socket.socket) -> None:
            line.settimeout(0.2)
            for number, answer in enumerate(answers):
                if number and not listen(line):
                    return
                speak(line, answer)
            while endless and not over.is_set():
                line.sendall(endless)
            while not ends and listen(line):
                pass

        def serve() -> None:
            while not over.is_set():
                try:
                    line, _ = server.accept()
                except TimeoutError:
                    continue
                there.connections += 1
                with line, suppress(OSError):
                    talk(line)

        thread = threading.Thread(target=serve, name="raw server")
        thread.start()
        try:
            yield there
        finally:
            over.set()
            thread.join()
