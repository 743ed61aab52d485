"""A limit to what is listened to of a mail server."""

from __future__ import annotations

from typing import IO, Any

MOST = 1024 * 1024  # bytes that a server may say on one connection


class Bounded:
    """A file of which no more than MOST bytes are read: replies may have many lines."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._left = MOST

    def readline(self, size: int = -1) -> bytes:
        """Return the next line. Raises OSError when there were too many."""
        line = self._file.readline(size)
        self._left -= len(line)
        if self._left < 0:
            raise OSError(f"it said more than {MOST} bytes")
        return line

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)
