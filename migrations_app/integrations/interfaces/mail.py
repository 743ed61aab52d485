"""Interface of the way to the mail server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class MailReply:
    """What the server said of one message to one recipient: SMTP's code, and words."""

    code: int
    text: str


class Mail(Protocol):
    """The way to the mail server: one connection for several messages."""

    def send(
        self, message: bytes, *, sender: str, to: str, international: bool = False
    ) -> MailReply:
        """Send the message to one recipient and return what the server says of it.

        ``international``: the address or a header has letters beyond ASCII, for which
        the server must offer SMTPUTF8 (RFC 6531). Raises Blocked where it does not,
        Unreachable for all that is no answer about this message: no connection, no TLS,
        no sign-in, a sender that is refused. The next message gets a new connection
        then.
        """
        ...

    def close(self) -> None:
        """End the connection, if there is one."""
        ...
