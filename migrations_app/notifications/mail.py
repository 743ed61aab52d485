"""E-mails: plain text, one recipient each, one thread per request."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime
from email.charset import QP, Charset
from email.header import Header
from email.mime.text import MIMEText
from email.policy import Compat32
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from migrations_app.errors import Blocked, Unfit, Unreachable
from migrations_app.integrations import connect
from migrations_app.integrations.interfaces.mail import Mail, MailReply
from migrations_app.models import Delivery

# every server takes it, and no line is too long (RFC 5322, 2.1.1)
_UTF8 = Charset("utf-8")
_UTF8.body_encoding = QP


def configured() -> bool:
    """Return whether a mail server is configured."""
    return bool(settings.NOVAWEB_EMAIL_URL)


def site() -> str:
    """Return the host name of this site, for message ids: ASCII, the same for ever."""
    name = "localhost"
    with suppress(ValueError):  # told by checks.py
        name = urlsplit(settings.NOVAWEB_URL).hostname or name
    try:
        name = connect.mailbox(f"x@{name}").partition("@")[2]
    except Unfit:
        name = re.sub(r"[^A-Za-z0-9.-]", "-", name).strip("-.") or "localhost"
    return name


def why_no_address(text: str) -> str:
    """Return the sentence about an address that takes no e-mail; empty if it does."""
    try:
        connect.mailbox(text.strip())
    except Unfit as error:
        return error.sentence
    return ""


class _Policy(Compat32):
    """Headers as they are given: nothing is decoded, and no identifier is encoded.

    The newer policies of Python's email package encode an identifier that is longer
    than a line as a word of RFC 2047, so that no program finds the thread any more,
    and before 3.11.10 decode such words in a subject, with the newlines in them
    (CVE-2024-6923).
    """

    def header_store_parse(self, name: str, value: Any) -> tuple[str, Any]:
        """Return both. Raises ValueError for a value of several lines."""
        if re.search(r"[\r\n\0]", str(value)):
            raise ValueError(f"The header {name} has several lines.")
        return super().header_store_parse(name, value)

    def fold_binary(self, name: str, value: Any) -> bytes:
        """Return the line; an address with letters beyond ASCII stays as it is."""
        if isinstance(value, str) and not value.isascii():
            return f"{name}: {value}{self.linesep}".encode()
        return super().fold_binary(name, value)


_POLICY = _Policy(linesep="\r\n", max_line_length=78)


def message(delivery: Delivery, *, sender: str, to: str, at: datetime) -> bytes:
    """Return the message; only its date differs between attempts."""
    name = site()
    made = MIMEText(delivery.body, "plain", _UTF8, policy=_POLICY)  # type: ignore[arg-type]
    plain = delivery.subject.isascii() and "=?" not in delivery.subject
    subject = Header(
        delivery.subject, "us-ascii" if plain else "utf-8", header_name="Subject"
    )
    headers: dict[str, str | Header] = {
        "From": sender,
        "To": to,
        "Subject": subject,
        "Date": format_datetime(at.astimezone(UTC)),
        "Message-ID": f"<{delivery.token}@{name}>",
        "List-Id": f"novaweb <notices.{name}>",
        # so that no holiday notice is sent back (RFC 3834, and what Exchange reads)
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "X-Novaweb-Event": delivery.event,
    }
    if delivery.request_number:
        thread = f"<request-{delivery.request_number}@{name}>"
        headers |= {"In-Reply-To": thread, "References": thread}
    for header, value in headers.items():
        made[header] = value  # type: ignore[assignment]
    return made.as_bytes()


class Session:
    """Messages one after the other, over one connection while it is good.

    A new one is made after every trouble with the server; close it at the end.
    """

    def __init__(self) -> None:
        self._server: Mail | None = None

    def send(self, delivery: Delivery, *, at: datetime) -> MailReply:
        """Send the message and return what the server says of it.

        Raises Blocked if it never can be sent, Unreachable if there is trouble with the
        server or the settings.
        """
        if not configured():
            raise Unreachable("No mail server is configured: set NOVAWEB_EMAIL_URL.")
        try:
            to = connect.mailbox(delivery.to.strip())
        except Unfit as error:
            raise Blocked(error.sentence) from error
        try:
            sender = connect.mailbox(settings.NOVAWEB_EMAIL_FROM)
            self._server = self._server or connect.mail()
        except Unfit as error:
            # nothing is wrong with this message: it can go when that is corrected
            raise Unreachable(error.sentence) from error
        return self._server.send(
            message(delivery, sender=sender, to=to, at=at),
            sender=sender,
            to=to,
            international=not (to + sender).isascii(),
        )

    def close(self) -> None:
        """End the connection, if there is one."""
        if self._server is not None:
            self._server.close()
