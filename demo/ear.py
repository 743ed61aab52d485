"""A listener on loopback that webhooks are posted to, so that deliveries arrive."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

LARGEST = 1_000_000  # bytes of one message


class Ear:
    """It takes every message from when it is made until ``stop``; a line in ``log``."""

    def __init__(self, log: Path, *, port: int) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _taking(log))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/chat"
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="ear", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Nobody listens there any more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _taking(log: Path) -> type[BaseHTTPRequestHandler]:
    lock = threading.Lock()

    class Taking(BaseHTTPRequestHandler):
        timeout = 10

        def do_POST(self) -> None:
            """Keep what was posted, as one line."""
            length = self.headers.get("Content-Length", "")
            if not length.isdecimal() or int(length) > LARGEST:
                self._answer(413)
                return
            said = self.rfile.read(int(length)).decode(errors="replace")
            with lock, log.open("a", encoding="utf-8") as lines:
                print(" ".join(said.split()), file=lines)
            self._answer(204)

        def _answer(self, status: int) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: what was taken is in the log."""

    return Taking
