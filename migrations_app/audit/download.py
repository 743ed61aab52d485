"""Streams an export as an HTTP response."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

from asgiref.sync import sync_to_async
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest, StreamingHttpResponse

from migrations_app.audit.export import Export, as_csv, as_lines

# Of each way to write it: media type, and how the file is called.
FORMATS = {
    "jsonl": ("application/x-ndjson", "audit-{}.jsonl"),
    "csv": ("text/csv; charset=utf-8", "audit-{}.csv"),
    "proof": ("application/x-ndjson", "audit-{}-proof.jsonl"),
}
CHUNK = 65536  # characters


def answer(request: HttpRequest, export: Export, how: str) -> StreamingHttpResponse:
    """Return the export as a download. ``how`` is one of FORMATS.

    The number in the file name is that of the last possible entry.
    """
    of_csv = how == "proof"
    parts = as_csv(export) if how == "csv" else as_lines(export, of_csv=of_csv)
    kind, name = FORMATS[how]
    chunks = _chunks(parts)
    response = in_pieces(request, chunks, kind)
    file = name.format(export.until)
    response["Content-Disposition"] = f'attachment; filename="{file}"'
    return response


def in_pieces(
    request: HttpRequest, chunks: Iterator[bytes], kind: str
) -> StreamingHttpResponse:
    """Return an answer that is sent while it is made; ``kind`` is its media type."""
    # an ordinary iterator would be read to its end first, under ASGI
    waits = isinstance(request, ASGIRequest)
    response = StreamingHttpResponse(_sent(chunks) if waits else chunks)
    response["Content-Type"] = kind
    response["X-Accel-Buffering"] = "no"
    return response


def _chunks(parts: Iterator[str]) -> Iterator[bytes]:
    waiting: list[str] = []
    size = 0
    for part in parts:
        waiting.append(part)
        size += len(part)
        if size >= CHUNK:
            yield "".join(waiting).encode()
            waiting, size = [], 0
    yield "".join(waiting).encode()


async def _sent(chunks: Iterator[bytes]) -> AsyncIterator[bytes]:
    def following() -> Any:
        return next(chunks, None)

    while (chunk := await sync_to_async(following)()) is not None:
        yield chunk
