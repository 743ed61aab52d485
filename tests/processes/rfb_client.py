"""Opens the screen of a guest as noVNC does: rfb_client.py URL

URL is what Nova gives for a console of the type novnc. Prints, as JSON, the version of
RFB that answers there, and the name of the desktop behind it (RFC 6143, 7.1 to 7.3);
both are empty where the connection is closed at once. For the lab's Python, which has
websockify (0.13.0).
"""

from __future__ import annotations

import json
import socket
import struct
import sys
from urllib.parse import parse_qs, urljoin, urlsplit

from websockify.websocket import WebSocket, WebSocketWantReadError

VERSION = b"RFB 003.008\n"
NO_PASSWORD, SHARED = 1, 1
PATIENCE = 60.0  # seconds for each answer


class Client(WebSocket):  # type: ignore[misc]
    """A connection whose address keeps its query, which the library leaves out."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.received = b""
        self.query = urlsplit(url).query
        while True:
            try:
                self.connect(url, protocols=["binary"])
                return
            except WebSocketWantReadError:
                continue

    def send_request(self, method: str, path: str) -> None:
        super().send_request(method, f"{path}?{self.query}")

    def take(self, count: int) -> bytes:
        """Return as many bytes. Raises EOFError when there are no more."""
        while len(self.received) < count:
            try:
                message = self.recvmsg()
            except WebSocketWantReadError:
                continue
            if message is None:
                raise EOFError
            self.received += message
        taken, self.received = self.received[:count], self.received[count:]
        return taken


def websocket_of(url: str) -> str:
    """Return the address of the WebSocket that noVNC's page at ``url`` opens."""
    page = urlsplit(url)
    (path,) = parse_qs(page.query)["path"]
    return urljoin(f"ws://{page.netloc}/", path)


def look(url: str) -> tuple[str, str]:
    """Return version and name."""
    client = Client(websocket_of(url))
    try:
        version = client.take(len(VERSION))
    except EOFError:
        return "", ""
    client.sendmsg(VERSION)
    (count,) = client.take(1)
    if NO_PASSWORD not in client.take(count):
        raise ValueError("it wants a password")
    client.sendmsg(bytes([NO_PASSWORD]))
    (refused,) = struct.unpack(">I", client.take(4))
    if refused:
        raise ValueError("it does not let us in")
    client.sendmsg(bytes([SHARED]))
    client.take(20)  # size and form of its pixels
    (length,) = struct.unpack(">I", client.take(4))
    name = client.take(length)
    client.close()
    return version.decode(), name.decode()


if __name__ == "__main__":
    socket.setdefaulttimeout(PATIENCE)
    version, name = look(sys.argv[1])
    json.dump({"version": version, "name": name}, sys.stdout)
