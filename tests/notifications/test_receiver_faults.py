"""Receivers that are none, or hang: left in time, and nobody else is asked."""

from __future__ import annotations

import socket
import threading
import time
from datetime import timedelta
from typing import Any

import pytest

from migrations_app.errors import Refused, Unreachable
from migrations_app.integrations import connect
from migrations_app.integrations.adapters.webhook import HttpPost, admit, parse
from migrations_app.models import AuditEntry, Webhook
from migrations_app.notifications import delivery
from migrations_app.notifications.webhooks import Made
from tests.notifications.conftest import Listener
from tests.notifications.faults import fault
from tests.notifications.hook_lane import said, served, states, waiting
from tests.notifications.raw_server import saying
from tests.stage import Stage

pytestmark = pytest.mark.django_db
LOOPBACK = ["127.0.0.0/8"]


@fault(
    "A redirect (301, 302, 307, 308)",
    does="not followed, since it leads where nobody looked; a failed attempt",
)
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(
    stage: Stage, made: Made, listener: Listener, status: int
) -> None:
    listener.status = status
    listener.headers = {"Location": listener.url + "/elsewhere"}
    (row,) = waiting(stage, made.webhook)
    served(stage, made)

    assert states([row]) == ["waiting"]
    assert "does not follow redirects" in said(row)
    assert [got.path for got in listener.got] == ["/hook"]


@fault(
    "The receiver drips its answer, sends one without end, none, or no HTTP",
    does="left after the time limit for all of it; 500 characters are kept",
)
@pytest.mark.parametrize(
    ("answers", "more", "word"),
    [
        ((b"", b""), {}, "within 0.7 s"),
        ((b"", b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100), {"drip": 0.05}, "within 0.7 s"),
        (
            (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
            {"endless": b"HTTP/1.1 100 x\r\n\r\n"},
            "within 0.7 s",
        ),
        (
            (b"", b"HTTP/1.1 103 x\r\n\r\n"),
            {"endless": b"HTTP/1.1 103 x\r\n\r\n"},
            "within 0.7 s",
        ),
        ((b"", b"HTTP/1.1 101 x\r\nUpgrade: y\r\n\r\n"), {}, ""),
        ((b"", b"SSH-2.0-OpenSSH\r\n"), {}, "did not answer"),
        ((b"", b"HTTP/1.1 200 OK\r\n"), {"endless": b"X: y\r\n" * 99}, "headers"),
    ],
)
def test_an_answer_that_is_none_is_left_in_time(
    stage: Stage,
    made: Made,
    monkeypatch: pytest.MonkeyPatch,
    answers: tuple[bytes, ...],
    more: dict[str, Any],
    word: str,
) -> None:
    monkeypatch.setattr(connect, "post", lambda: HttpPost(LOOPBACK, timeout=0.7))
    with saying(*answers, **more) as raw:
        Webhook.objects.update(url=f"http://127.0.0.1:{raw.port}/")
        (row,) = waiting(stage, made.webhook)
        assert served(stage, made) == 1

    assert states([row]) == ["waiting"]
    assert word in said(row) or "within 0.7 s" in said(row)


@fault(
    "The answer has no end, or characters that no table takes",
    does="a good answer is one by its status; its first 500 characters are kept",
)
def test_a_body_without_end_is_cut(stage: Stage, made: Made) -> None:
    begin = b"HTTP/1.1 200 OK\r\n\r\n\x00\xff\x1b[31m"
    with saying(b"", begin, endless=b"z" * 4096) as raw:
        Webhook.objects.update(url=f"http://127.0.0.1:{raw.port}/")
        (row,) = waiting(stage, made.webhook)
        served(stage, made)

    assert states([row]) == ["delivered"]
    assert said(row).startswith("��\ufffd[31mz")
    assert len(said(row)) == 500


@fault(
    "An answer comes first that says only that the answer comes (102, 103)",
    does="the answer is the one behind it",
)
@pytest.mark.parametrize("first", [b"102 Processing", b"103 Early Hints\r\nLink: </x>"])
def test_what_comes_before_the_answer_is_none(
    stage: Stage, made: Made, first: bytes
) -> None:
    before = b"HTTP/1.1 " + first + b"\r\n\r\n"
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
    with saying(b"", before * 2 + answer) as raw:
        Webhook.objects.update(url=f"http://127.0.0.1:{raw.port}/")
        (row,) = waiting(stage, made.webhook)
        served(stage, made)

    assert (states([row]), said(row)) == (["delivered"], "ok")


@fault(
    "Looking up the receiver's name takes for ever",
    does="left after the time limit, which counts from there; no other receiver waits",
)
def test_looking_up_a_name_is_bounded() -> None:
    over = threading.Event()

    def hang(host: str, port: int) -> list[str]:
        over.wait(60)
        return []

    began = time.monotonic()
    with pytest.raises(Unreachable, match=r"not resolved within 0\.3 s"):
        HttpPost([], timeout=0.3, resolve=hang).send(
            "https://hook.example.org/", headers={}, body=b"{}"
        )
    assert time.monotonic() - began < 30
    over.set()


@fault(
    "The name leads to a private address meanwhile",
    does="not asked; says which setting would allow it",
)
def test_an_address_that_became_private_is_not_asked(
    stage: Stage, made: Made, listener: Listener, settings: Any
) -> None:
    settings.NOVAWEB_WEBHOOK_NETWORKS = []
    (row,) = waiting(stage, made.webhook)
    served(stage, made)

    assert (states([row]), listener.got) == (["waiting"], [])
    assert "NOVAWEB_WEBHOOK_NETWORKS" in said(row)


@fault(
    "NOVAWEB_WEBHOOK_NETWORKS has a blank, or what is no network",
    does="blanks do not matter; else told by manage.py check, and nothing is posted",
)
def test_a_network_that_is_none_is_named() -> None:
    there = parse("https://hook.example.org/")

    assert admit(there, [" 10.0.0.0/8 "], resolve=lambda *_: ["10.0.0.1"])
    with pytest.raises(Refused, match=r"10\.0\.0\.0/33"):
        admit(there, ["10.0.0.0/33"], resolve=lambda *_: ["10.0.0.1"])


@fault(
    "Nobody listens at the receiver's address",
    does="says so, tries again after 5 s, 1 min, 10 min, 1 h, 6 h and 1 day, then gives"
    " up and tells operators",
)
def test_nobody_listens(stage: Stage, made: Made) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    Webhook.objects.update(url=f"http://127.0.0.1:{port}/")
    (row,) = waiting(stage, made.webhook)
    for pause in (timedelta(0), *delivery.PAUSES):
        stage.later(seconds=pause.total_seconds())
        assert served(stage, made) == 1

    assert states([row]) == ["given up"]
    assert "cannot be reached" in said(row)
    assert AuditEntry.objects.filter(verb="delivery.given_up").count() == 1
