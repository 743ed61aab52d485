"""A mail server on loopback, aiosmtpd's, that answers as it is told."""

from __future__ import annotations

import asyncio
import email
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import Message
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message that the server took, and how it came."""

    sender: str
    to: str
    raw: bytes
    encrypted: bool
    signed_in: bool
    connection: int
    utf8: bool

    @property
    def message(self) -> Message:
        """The message as a reader of mail takes it."""
        return email.message_from_bytes(self.raw)


@dataclass
class MailServer:
    """What the server offers and answers, and what it got.

    ``replies`` has the answer to RCPT for an address, ``taken`` that to a whole
    message; none: it takes it. ``most`` is how many messages one connection may bring;
    with ``sign_in`` it may bring none without a name and password.
    """

    port: int = 0
    replies: dict[str, str] = field(default_factory=dict)
    taken: dict[str, str] = field(default_factory=dict)
    sign_in: bool = False
    most: int = 1000
    password: bytes = b"right password"
    got: list[Arrived] = field(default_factory=list)
    connections: int = 0

    def to(self, address: str) -> list[Arrived]:
        """Return what arrived for that address."""
        return [each for each in self.got if each.to == address]


class _Talk(SMTP):
    """aiosmtpd's own, with a number for each connection."""

    def __init__(self, there: MailServer, **given: Any) -> None:
        there.connections += 1
        self.number = there.connections
        self.brought = 0
        super().__init__(_Handler(there), **given)


class _Handler:
    def __init__(self, there: MailServer) -> None:
        self.there = there

    async def handle_MAIL(
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if server.brought >= self.there.most:
            return "421 4.7.0 Enough of this connection"
        if self.there.sign_in and not session.authenticated:
            return "530 5.7.0 Authentication required"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        if answer := self.there.replies.get(address):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        (to,) = envelope.rcpt_tos
        if answer := self.there.taken.get(to):
            return answer
        server.brought += 1
        self.there.got.append(
            Arrived(
                envelope.mail_from,
                to,
                bytes(envelope.original_content),
                server.transport.get_extra_info("cipher") is not None,
                session.authenticated,
                server.number,
                "SMTPUTF8" in envelope.mail_options,
            )
        )
        return "250 OK"


@contextmanager
def serving(
    *,
    certificate: Path | None = None,
    implicit: bool = False,
    sign_in: bool = False,
    utf8: bool = True,
) -> Iterator[MailServer]:
    """A mail server in a thread of its own, which has ended afterwards.

    With a certificate it offers STARTTLS, or, if ``implicit``, speaks TLS at once; with
    ``sign_in`` it takes nothing without AUTH.
    """
    there = MailServer(sign_in=sign_in)
    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    talks: list[_Talk] = []
    ready, over = threading.Event(), threading.Event()
    loop = asyncio.new_event_loop()

    def authenticate(*given: Any) -> AuthResult:
        return AuthResult(success=given[-1].password == there.password, handled=False)

    def talk() -> _Talk:
        made = _Talk(
            there,
            loop=loop,
            hostname="mail.example.org",
            enable_SMTPUTF8=utf8,
            tls_context=None if implicit else context,
            authenticator=authenticate,
            auth_require_tls=not sign_in,
        )
        talks.append(made)
        return made

    async def serve() -> None:
        server = await loop.create_server(
            talk, "127.0.0.1", 0, ssl=context if implicit else None
        )
        there.port = server.sockets[0].getsockname()[1]
        ready.set()
        while not over.is_set():
            await asyncio.sleep(0.02)
        server.close()
        for each in talks:
            if isinstance(each.transport, asyncio.WriteTransport):
                # Python 3.11.2 fails so at one of TLS that has ended by itself
                with suppress(AttributeError):
                    each.transport.abort()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0.05)

    def run() -> None:
        try:
            loop.run_until_complete(serve())
        finally:
            loop.close()

    thread = threading.Thread(target=run, name="mail server")
    thread.start()
    try:
        assert ready.wait(60)
        yield there
    finally:
        over.set()
        thread.join()
