"""The text file of a run's log: the one writer of the bytes whose hash is the proof.

The audit trail keeps the SHA-256 of this file, when the run ends and when the log is
removed. With the file anybody can prove that the log was not changed; a single byte
written otherwise here would make every proof of the past look false.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import UTC
from typing import Any

from migrations_app.models import Line


def log_text(lines: Iterable[Line]) -> Iterator[str]:
    """Yield the lines as the file has them: number, time in UTC by the second, text."""
    for line in lines:
        at = line.at.astimezone(UTC)
        yield f"{line.number:5} {at:%Y-%m-%dT%H:%M:%SZ} {line.text}\n"


def log_bytes(lines: Iterable[Line]) -> Iterator[bytes]:
    """Yield the bytes of the lines in the file: UTF-8."""
    for text in log_text(lines):
        # a lone surrogate, which UTF-8 has no bytes for, must not end a run in an error
        yield text.encode("utf-8", "surrogatepass")


def log_sha256(lines: Iterable[Line]) -> str:
    """Return the SHA-256 of the file, 64 hexadecimal digits."""
    found = hashlib.sha256()
    for part in log_bytes(lines):
        found.update(part)
    return found.hexdigest()


def log_proof(run_id: int) -> dict[str, Any]:
    """Return what the audit entry of a run's end says of its log.

    {"log_sha256": of its file, "log_lines": how many lines it has}.
    """
    lines = Line.objects.filter(run_id=run_id).order_by("number")
    digest = log_sha256(lines.iterator())
    return {"log_sha256": digest, "log_lines": lines.count()}
