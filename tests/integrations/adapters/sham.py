"""An HTTP server on loopback that says what it is told to: broken clouds on demand.

It signs anybody in and has a catalogue; all else is in ``answers``. It says nothing
about how Nova behaves: the lab does.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

SECRET = "correct-horse-battery-staple"
HANG_UP = "hang up"


class Sham(ThreadingHTTPServer):
    """``answers`` maps "GET /path" to (status, JSON or text), or to HANG_UP."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.answers: dict[str, Any] = {}
        self.asked: list[str] = []  # "GET /path?query"
        self.versions: list[str] = []  # the microversions asked for
        self.bodies: list[Any] = []  # the JSON of what had any
        self.newest = "2.104"
        self.token_age = timedelta()
        self.token_life = timedelta(hours=1)
        self.slow = 0.0
        self.services = ["compute", "placement", "network", "identity"]

    def count(self, request: str) -> int:
        """Return how often something was asked for that begins so."""
        return sum(1 for asked in self.asked if asked.startswith(request))

    def token(self) -> dict[str, Any]:
        issued = datetime.now(UTC) - self.token_age
        catalog = [
            {
                "type": service,
                "name": service,
                "endpoints": [
                    {"interface": "public", "url": self.base(service), "region": "R"}
                ],
            }
            for service in self.services
        ]
        return {
            "methods": ["password"],
            "user": {"id": "me", "name": "me", "domain": {"id": "d", "name": "d"}},
            "project": {"id": "p", "name": "p", "domain": {"id": "d", "name": "d"}},
            "roles": [{"id": "r2", "name": "reader"}, {"id": "r1", "name": "admin"}],
            "issued_at": issued.isoformat().replace("+00:00", "Z"),
            "expires_at": (issued + self.token_life).isoformat(),
            "catalog": catalog,
        }

    def base(self, service: str) -> str:
        paths = {"compute": "/v2.1", "identity": "/v3"}
        return f"{self.url}/{service}{paths.get(service, '')}"

    def offer(self, service: str, version: str) -> None:
        """Have this service, too, under its path of that version: image, v2.16."""
        self.services.append(service)
        href = f"{self.url}/{service}/{version.partition('.')[0]}/"
        links = [{"rel": "self", "href": href}]
        told = {"id": version, "status": "CURRENT", "links": links}
        self.answers[f"GET /{service}"] = 300, {"versions": [told]}

    def handle_error(self, *_: Any) -> None:
        """Let those who hang up on us go."""

    def builtin(self, request: str) -> tuple[int, Any] | None:
        """Return what every cloud has: its versions, and Keystone."""
        version = {
            "GET /compute/v2.1": ("v2.1", "compute"),
            "GET /identity/v3": ("v3.14", "identity"),
            "GET /network": ("v2.0", "network"),
        }.get(request.rstrip("/"))
        if request == "POST /identity/v3/auth/tokens":
            return 201, {"token": self.token()}
        if version is None:
            return None
        key, service = version
        href = self.base(service) + ("/v2.0/" if service == "network" else "/")
        found = {
            "id": key,
            "status": "CURRENT",
            "links": [{"rel": "self", "href": href}],
        }
        if service == "compute":
            found |= {"version": self.newest, "min_version": "2.1"}
        return 200, {"versions": [found]} if service == "network" else {
            "version": found
        }


class Handler(BaseHTTPRequestHandler):
    server: Sham

    def answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        sent = self.rfile.read(length)
        sham, path = self.server, urlsplit(self.path).path
        request = f"{self.command} {path}"
        sham.asked.append(f"{self.command} {self.path}")
        if sent:
            sham.bodies.append(json.loads(sent))
        if "/v2.1/" in path:
            sham.versions.append(self.headers.get("OpenStack-API-Version") or "")
        time.sleep(sham.slow)
        found = sham.answers.get(request) or sham.builtin(request)
        if callable(found):
            found = found(self.path)
        if found == HANG_UP:
            self.close_connection = True
            return
        status, body = found or (404, "<html>Not found</html>")
        text = body if isinstance(body, str) else json.dumps(body)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("X-Subject-Token", f"{SECRET}-token")
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    do_GET = do_POST = do_PUT = do_DELETE = answer

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def running(kind: type[Sham] = Sham) -> Iterator[Sham]:
    """Run a sham cloud meanwhile."""
    with kind() as sham:
        thread = threading.Thread(target=sham.serve_forever, args=(0.02,))
        thread.start()
        yield sham
        sham.shutdown()
        thread.join()


def write_clouds(path: Path, auth_url: str, **auth: str) -> None:
    """Write a clouds.yaml whose only cloud, sham, is at that address."""
    entry = {
        "region_name": "R",
        "auth": {
            "auth_url": auth_url,
            "username": "me",
            "password": SECRET,
            "project_name": "p",
            "user_domain_name": "d",
            "project_domain_name": "d",
            **auth,
        },
    }
    text = yaml.safe_dump({"clouds": {"sham": entry}})
    path.write_text(text, encoding="utf-8")
