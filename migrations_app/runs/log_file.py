"""A run's log as a text file, and its SHA-256."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from migrations_app.models import (
    Line,
)


def log_text(lines: Iterable[Line]) -> Iterator[str]:
    """Yield the lines of a log as its text file has them."""
    for line in lines:
        moment: datetime = line.at.astimezone(UTC)
        yield f"{line.number:5} {moment:%Y-%m-%dT%H:%M:%SZ} {line.text}\n"


def log_sha256(lines: Iterable[Line]) -> str:
    """Return the SHA-256 of the log's text file."""
    found = hashlib.sha256()
    for text in log_text(lines):
        found.update(text.encode("utf-8", "surrogatepass"))
    return found.hexdigest()
