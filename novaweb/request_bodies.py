"""Bodies of requests are bounded before anybody is known, and before they are read.

Django reads a body whole before its middleware and views see the request, and gives it
no bound that holds for JSON. So this stands around the application: what says that it
is longer, or turns out to be, is answered with 413 and read no further.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from http import HTTPStatus
from typing import Any

LARGEST = 1024 * 1024  # bytes
# A calendar file of ics.LARGEST in a form or in JSON, which writes some bytes as two.
LARGEST_CALENDAR = 600 * 1024
CALENDARS = ("/windows/import/", "/api/windows/import/")

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Any, Any, Any], Awaitable[None]]
Wsgi = Callable[[Any, Any], Iterable[bytes]]


def largest(path: str) -> int:
    """Return how many bytes a body sent to this path may have."""
    return LARGEST_CALENDAR if path.endswith(CALENDARS) else LARGEST


def bounded(application: Asgi) -> Asgi:
    """Return the ASGI application with its requests' bodies bounded."""

    async def serve(
        scope: MutableMapping[str, Any], receive: Receive, send: Send
    ) -> None:
        if scope["type"] != "http":
            await application(scope, receive, send)
            return
        most = largest(scope["path"])
        said = dict(scope["headers"]).get(b"content-length", b"0")
        # in one piece, however small those are in which it comes: each has its cost
        body = bytearray()
        held: list[Message] = []
        more = fits = not _too_long(said.decode("latin-1"), most)
        while more:
            message = await receive()
            body += message.get("body", b"")
            fits = len(body) <= most
            more = fits and message.get("more_body", False)
            if message["type"] != "http.request":
                held = [message]  # who sends has gone away
            elif not more:
                held = [{**message, "body": bytes(body)}]

        async def replay() -> Message:
            return held.pop() if held else await receive()

        if fits:
            await application(scope, replay, send)
            return
        kind, text = _answer(scope["path"], most)
        headers = [(b"content-type", kind), (b"content-length", b"%d" % len(text))]
        # what is still to come is not read: the connection is of no more use
        headers += [(b"connection", b"close"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 413, "headers": headers})
        await send({"type": "http.response.body", "body": text})

    return serve


def bounded_wsgi(application: Wsgi) -> Wsgi:
    """Return the WSGI application with its requests' bodies bounded.

    A body without a length is none there (PEP 3333), and Django reads none.
    """

    def serve(
        environ: dict[str, Any], start_response: Callable[..., Any]
    ) -> Iterable[bytes]:
        path = str(environ.get("PATH_INFO", ""))
        most = largest(path)
        if not _too_long(str(environ.get("CONTENT_LENGTH") or "0"), most):
            return application(environ, start_response)
        kind, body = _answer(path, most)
        headers = [("Content-Type", kind.decode()), ("Content-Length", str(len(body)))]
        headers += [("Connection", "close"), ("Cache-Control", "no-store")]
        start_response("413 Content Too Large", headers)
        return [body]

    return serve


def _too_long(said: str, most: int) -> bool:
    """Tell whether a Content-Length is more than that; a text without digits is not."""
    digits = said.strip().lstrip("0") or "0"
    if not (digits.isascii() and digits.isdecimal()):
        return False  # the server has refused it, or counts itself
    return len(digits) > len(str(most)) or int(digits) > most


def _answer(path: str, most: int) -> tuple[bytes, bytes]:
    sentence = (
        f"This request is larger than {most // 1024} KiB, which is the most that is"
        " taken here: send less, or in parts."
    )
    if "/api/" not in path:
        return b"text/plain; charset=utf-8", f"{sentence}\n".encode()
    problem = {
        "type": "urn:novaweb:too-large",
        "title": HTTPStatus.REQUEST_ENTITY_TOO_LARGE.phrase,
        "status": 413,
        "detail": sentence,
    }
    return b"application/problem+json", json.dumps(problem).encode()
