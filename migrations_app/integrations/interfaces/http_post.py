"""Interface of the HTTP client for webhooks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Reply:
    """What a webhook answered: the HTTP status, and the beginning of its text.

    ``retry_after`` is that header as it came; empty: there was none.
    """

    status: int
    text: str
    retry_after: str = ""


class Post(Protocol):
    """The way to a webhook."""

    def send(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Reply:
        """Post the body there and return the answer, whatever its status.

        Raises Refused for an address that may not be asked, Unreachable when nobody
        answers in time or the certificate is not that host's.
        """
        ...
