"""Bodies are bounded around the application: it never sees what is too long."""

from __future__ import annotations

import asyncio
import itertools
import json
import tracemalloc
from collections.abc import Callable, Iterable, MutableMapping
from pathlib import Path
from typing import Any

import pytest

from novaweb.request_bodies import LARGEST, LARGEST_CALENDAR, bounded, bounded_wsgi

CALENDAR = "/api/windows/import/"


class Sent:
    """One request over ASGI: what came of it, and how much of its body was read."""

    def __init__(
        self, parts: Iterable[bytes], *, length: str | None = None, path: str = "/x/"
    ) -> None:
        self.parts = list(parts)
        self.read = 0
        self.seen: bytes | None = None
        self.answer: list[MutableMapping[str, Any]] = []
        headers = [] if length is None else [(b"content-length", length.encode())]
        scope = {"type": "http", "path": path, "headers": headers}
        serve = bounded(self._application)

        async def served() -> None:
            await serve(scope, self._receive, self._send)

        asyncio.run(served())

    async def _application(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        assert (await receive())["type"] == "http.disconnect"
        self.seen = body

    async def _receive(self) -> dict[str, Any]:
        if not self.parts:
            return {"type": "http.disconnect"}
        part = self.parts.pop(0)
        self.read += len(part)
        more = bool(self.parts)
        return {"type": "http.request", "body": part, "more_body": more}

    async def _send(self, message: MutableMapping[str, Any]) -> None:
        self.answer.append(message)

    @property
    def refused(self) -> bool:
        return bool(self.answer) and self.answer[0]["status"] == 413


def test_what_fits_arrives_as_it_was_sent() -> None:
    for parts in ([b""], [b"a", b"b"], [b"x" * LARGEST]):
        assert Sent(parts, length=str(sum(map(len, parts)))).seen == b"".join(parts)
        assert Sent(parts).seen == b"".join(parts)


def test_what_comes_in_small_pieces_costs_no_more_than_in_one() -> None:
    tracemalloc.start()
    try:
        sent = Sent(itertools.repeat(b"x", LARGEST // 64))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sent.seen == b"x" * (LARGEST // 64)
    assert most < LARGEST


@pytest.mark.parametrize(
    "length", [str(LARGEST + 1), "9" * 25, "9" * 5000, f"000{LARGEST + 1}"]
)
def test_what_says_that_it_is_too_long_is_not_read(length: str) -> None:
    sent = Sent([b"x"], length=length)
    assert sent.refused
    assert (sent.read, sent.seen) == (0, None)


def test_what_turns_out_to_be_too_long_is_read_no_further() -> None:
    parts = [b"x" * (LARGEST // 2)] * 9
    for length in (None, "5", "x", "٣"):
        sent = Sent(parts, length=length)
        assert sent.refused
        assert sent.seen is None
        assert sent.read <= LARGEST * 3 // 2


def test_calendar_files_have_less() -> None:
    assert Sent([b"x" * (LARGEST_CALENDAR + 1)], path=CALENDAR).refused
    assert not Sent([b"x" * LARGEST_CALENDAR], path=CALENDAR).refused


def test_the_refusal_is_a_sentence_and_a_problem_of_the_api() -> None:
    page = Sent([], length="9" * 9)
    assert page.answer[1]["body"].startswith(b"This request is larger than 1024 KiB")
    api = Sent([], length="9" * 9, path=CALENDAR)
    problem = json.loads(api.answer[1]["body"])
    assert (problem["status"], problem["type"]) == (413, "urn:novaweb:too-large")
    assert "600 KiB" in problem["detail"]


def test_who_goes_away_while_sending_is_the_application_s_affair() -> None:
    assert Sent([]).answer == []


def test_a_wsgi_server_refuses_by_the_length() -> None:
    called = []

    def application(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        called.append(environ["CONTENT_LENGTH"])
        return []

    said: list[str] = []
    serve = bounded_wsgi(application)
    for length in (str(LARGEST + 1), "9" * 5000):
        serve(
            {"PATH_INFO": "/x/", "CONTENT_LENGTH": length},
            lambda *it: said.append(it[0]),
        )
    serve({"PATH_INFO": "/x/", "CONTENT_LENGTH": "5"}, lambda *it: None)
    assert said == ["413 Content Too Large"] * 2
    assert called == ["5"]


def test_both_entry_points_are_bounded() -> None:
    entries = Path(__file__).parents[2] / "novaweb"
    for name, line in (
        ("asgi.py", "application = bounded(get_asgi_application())"),
        ("wsgi.py", "application = bounded_wsgi(get_wsgi_application())"),
    ):
        assert line in (entries / name).read_text(encoding="utf-8").splitlines()
