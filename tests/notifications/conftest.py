"""What the tests of notices have in common: people, and who listens on loopback."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from migrations_app.models import Delivery, Webhook
from migrations_app.notifications import delivery, dispatch
from migrations_app.notifications import webhooks as notification_webhooks
from tests.cast import Cast
from tests.notifications.mail_server import MailServer, serving
from tests.stage import Stage


@dataclass
class Got:
    """One request that the server got."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Listener:
    """A web server on loopback that keeps what it gets and answers as it is told."""

    url: str
    status: int = 200
    # the statuses of the first answers; those after them have the one above
    first: list[int] = field(default_factory=list)
    answer: bytes = b"ok"
    headers: dict[str, str] = field(default_factory=dict)
    got: list[Got] = field(default_factory=list)
    # what is posted to …/slow is answered when this is set
    go: threading.Event = field(default_factory=threading.Event)


@pytest.fixture
def listener(settings: Any) -> Iterator[Listener]:
    """A web server that webhooks may be posted to."""
    settings.NOVAWEB_WEBHOOK_NETWORKS = ["127.0.0.0/8"]
    there = Listener("")

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            there.got.append(Got(self.path, dict(self.headers.items()), body))
            if self.path.endswith("/slow"):
                there.go.wait(60)
            self.send_response(there.first.pop(0) if there.first else there.status)
            for name, value in there.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(there.answer)))
            self.end_headers()
            self.wfile.write(there.answer)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        there.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield there
        there.go.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def mail_server(settings: Any) -> Iterator[MailServer]:
    """A mail server that novaweb is told to use."""
    with serving() as there:
        settings.NOVAWEB_EMAIL_URL = f"smtp://127.0.0.1:{there.port}"
        settings.NOVAWEB_EMAIL_FROM = "novaweb@example.org"
        yield there


@pytest.fixture
def made(stage: Stage, cast: Cast, listener: Listener) -> notification_webhooks.Made:
    """A webhook that is told what is held or waits for approval."""
    return notification_webhooks.create(
        by=cast.operator, name="chat", url=listener.url, events=["held", "waits"]
    )


def tell_and_serve(stage: Stage, lane: str) -> int:
    """Have what is due said on that lane; return how many were sent."""
    dispatch.tell_due(stage.time)
    return delivery.serve(lane, clock=stage.clock)


def lane_of(hook: Webhook) -> str:
    """Return the lane that the webhook's messages wait in."""
    return f"webhook:{hook.pk}"


def only() -> Delivery:
    """Return the one message to a webhook that there is."""
    return Delivery.objects.filter(channel="webhook").get()
