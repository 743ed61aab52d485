"""The talk with the mail server: bounded, verified, one recipient a message."""

from __future__ import annotations

import smtplib
import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from typing import Any

from migrations_app.errors import Blocked, Unreachable
from migrations_app.integrations import tls
from migrations_app.integrations.adapters.smtp.address import MailServer
from migrations_app.integrations.adapters.smtp.bounded import Bounded
from migrations_app.integrations.deadline import Deadline
from migrations_app.integrations.interfaces.mail import MailReply

KEPT = 500  # characters of an answer


class SmtpMail:
    """Sends by SMTP; each message is over within ``timeout`` seconds."""

    def __init__(
        self, server: MailServer, *, timeout: float = 30.0, crl: str = ""
    ) -> None:
        self.server = server
        self.crl = crl
        self.timeout = timeout
        self._line: _Line | None = None

    def send(
        self, message: bytes, *, sender: str, to: str, international: bool = False
    ) -> MailReply:
        """See interfaces/mail.py."""
        with Deadline(self.timeout) as deadline:
            kept = self._kept(deadline)
            try:
                if kept is not None:
                    with suppress(_Over):
                        return self._talk(kept, message, sender, to, international)
                    self.drop()
                line = self._connected(deadline)
                return self._talk(line, message, sender, to, international)
            except (smtplib.SMTPException, OSError, ValueError) as error:
                self.drop()
                raise Unreachable(self._why(error, deadline)[:KEPT]) from error

    def _talk(
        self, line: _Line, message: bytes, sender: str, to: str, international: bool
    ) -> MailReply:
        """Hand the message over and return what the server says of it.

        Raises _Over where the connection is over, and the server cannot have it.
        """
        if international and not line.has_extn("smtputf8"):
            raise Blocked(
                f"The mail server {self.server.host} does not offer SMTPUTF8, so it"
                f" takes no address like {to}: only the domain of an address may have"
                " letters beyond ASCII there."
            )
        options = ("SMTPUTF8", "BODY=8BITMIME") if international else ()
        line.handed_over = False
        said: bytes | str
        try:
            line.sendmail(sender, [to], message, mail_options=options)
        except smtplib.SMTPRecipientsRefused as error:
            code, said = next(iter(error.recipients.values()))
        except smtplib.SMTPDataError as error:
            code, said = error.smtp_code, error.smtp_error
        except smtplib.SMTPSenderRefused as error:
            if error.smtp_code != 421:
                raise
            words = f"{error.smtp_code} {_text(error.smtp_error)}"
            raise _Over(words, error.smtp_code) from error
        except smtplib.SMTPServerDisconnected as error:
            if line.handed_over:
                raise
            raise _Over(str(error)) from error
        else:
            return MailReply(250, "The mail server accepted it.")
        if code == 421 or not 400 <= code <= 599:
            raise _Over(f"{code} {_text(said)}", code)
        return MailReply(code, _text(said)[:KEPT])

    def close(self) -> None:
        """End the connection politely, if there is one, within a few seconds."""
        if self._line is None or self._line.sock is None:
            return
        with Deadline(min(5.0, self.timeout)) as deadline:
            with suppress(smtplib.SMTPException, OSError):
                deadline.watch(self._line.sock)
                self._line.quit()
            self.drop()

    def drop(self) -> None:
        """Hang up: the next message gets a new connection."""
        if self._line is not None:
            self._line.close()
            self._line = None

    def _kept(self, deadline: Deadline) -> _Line | None:
        """Return the connection of the last message, if it is good still."""
        if self._line is not None and self._line.sock is not None:
            with suppress(smtplib.SMTPException, OSError):
                deadline.watch(self._line.sock)
                # whatever the last message left half said is forgotten by it
                if self._line.rset()[0] == 250:
                    return self._line
        self.drop()
        return None

    def _connected(self, deadline: Deadline) -> _Line:
        self._line = line = _Line(self.server, deadline, self.crl)
        line.begin()
        return line

    def _why(self, error: Exception, deadline: Deadline) -> str:
        """Return the sentence about a talk that failed."""
        name = f"The mail server {self.server.host}:{self.server.port}"
        if isinstance(error, Refusal):
            return f"{name} {error}"
        if isinstance(error, ssl.SSLCertVerificationError):
            return (
                f"The certificate of the mail server {self.server.host} is not to be"
                f" trusted: {error.verify_message}"
            )
        if isinstance(error, smtplib.SMTPSenderRefused):
            said = f"{error.smtp_code} {_text(error.smtp_error)}"
            return f"{name} does not take mail from {error.sender}: {said}"
        if isinstance(error, smtplib.SMTPResponseException) and error.smtp_code > 0:
            return f"{name} refuses: {error.smtp_code} {_text(error.smtp_error)}"
        if isinstance(error, _Over) and error.code == 421:
            return f"{name} ends the connection: {error}"
        why = str(error) or type(error).__name__
        if isinstance(error, smtplib.SMTPResponseException):
            # no code: it speaks something else; smtplib has cut off where codes are
            why = f"it said “…{_text(error.smtp_error)}”"
        if deadline.passed.is_set():
            why = f"it took longer than {self.timeout:g} s"
        if isinstance(error, ssl.SSLError) and self.server.tls == "implicit":
            why += "; if it begins without TLS, write smtp+tls:// (STARTTLS)"
        if self.server.port == 465 and self.server.tls != "implicit":
            why += "; at port 465 TLS begins at once: write smtp+ssl://"
        return f"{name} did not answer as a mail server does: {why}."


class Refusal(smtplib.SMTPException):
    """We do not go on with this server: the end of a sentence that begins with it."""


class _Over(smtplib.SMTPException):
    """The server ends the connection, as many do after a number of messages.

    ``code`` is 421 if it said so.
    """

    def __init__(self, words: str, code: int = 0) -> None:
        super().__init__(words)
        self.code = code


def _text(said: bytes | str) -> str:
    return said if isinstance(said, str) else said.decode("utf-8", "replace")


@cache
def _own_name() -> str:
    """Return the name of this machine for EHLO, or an address if it has none.

    The resolver is asked, which may take longer than a mail server does: so once, and
    not for long.
    """
    name = ""
    with Deadline(2.0) as deadline, suppress(OSError):
        name = deadline.within(socket.getfqdn)
    return name if "." in name else "[127.0.0.1]"


def _accepted(reply: tuple[int, bytes]) -> tuple[int, bytes]:
    """Return the reply, as 250 if it says yes.

    The first digit decides (RFC 5321, 4.2.1); smtplib takes every code but 250, and 251
    of a recipient, for a refusal, so that a message that was taken would come again.
    """
    code, said = reply
    return (250, said) if 200 <= code <= 299 else reply


class _Line(smtplib.SMTP):
    """smtplib's, with one deadline for all, and a limit to what is listened to."""

    def __init__(self, server: MailServer, deadline: Deadline, crl: str) -> None:
        super().__init__(local_hostname=_own_name())
        self.server = server
        self.handed_over = False  # whether the message may have arrived
        self._deadline = deadline
        self._context = tls.context(crl)

    def begin(self) -> None:
        """Connect, encrypt and sign in, as the settings have it."""
        self._host = self.server.host  # which starttls looks for in the certificate
        code, said = self.connect(self.server.host, self.server.port)
        if code != 220:
            self.close()
            raise smtplib.SMTPConnectError(code, said)
        self.ehlo_or_helo_if_needed()
        if self.server.tls == "starttls":
            if not self.has_extn("starttls"):
                raise Refusal(
                    "offers no STARTTLS, which NOVAWEB_EMAIL_URL asks for: nothing is"
                    " sent without encryption."
                )
            self.starttls(context=self._context)
            self.ehlo_or_helo_if_needed()
        if not self.server.user:
            return
        if not self.has_extn("auth"):
            raise Refusal(
                "offers no sign-in, though NOVAWEB_EMAIL_URL has a name and password."
            )
        try:
            self.login(self.server.user, self.server.password)
        except smtplib.SMTPAuthenticationError as error:
            # 454 says that it cannot look them up now (RFC 4954, 6)
            verb = "does not accept" if error.smtp_code >= 500 else "cannot check now"
            raise Refusal(
                f"{verb} name and password of NOVAWEB_EMAIL_URL:"
                f" {error.smtp_code} {_text(error.smtp_error)}"
            ) from error
        except (smtplib.SMTPNotSupportedError, smtplib.SMTPServerDisconnected):
            raise
        except smtplib.SMTPException as error:
            # smtplib's own, when it knows none of the ways that are offered
            raise Refusal(
                f"offers no sign-in that novaweb knows ({error}): PLAIN, LOGIN or"
                " CRAM-MD5 are."
            ) from error

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        """Called by ``connect``; smtplib's own class for TLS overrides it, too."""
        found = self._deadline.within(
            lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        )
        last: OSError = OSError("it has no address")
        for family, kind, protocol, _, address in found[:3]:
            sock = socket.socket(family, kind, protocol)
            try:
                self._deadline.watch(sock)
                sock.settimeout(self._deadline.left() / 2)
                sock.connect(address)
                sock.settimeout(self._deadline.left() + 1)
                if self.server.tls == "implicit":
                    return self._context.wrap_socket(sock, server_hostname=host)
            except OSError as error:
                sock.close()
                last = error
            else:
                return sock
        raise last

    def data(self, msg: Any) -> tuple[int, bytes]:
        """Hand the message over; remember that this was begun."""
        self.handed_over = True
        return _accepted(super().data(msg))

    def mail(self, sender: str, options: Sequence[str] = ()) -> tuple[int, bytes]:
        """Name the sender."""
        return _accepted(super().mail(sender, options))

    def rcpt(self, recip: str, options: Sequence[str] = ()) -> tuple[int, bytes]:
        """Name the recipient."""
        return _accepted(super().rcpt(recip, options))

    def getreply(self) -> tuple[int, bytes]:
        """Return the reply. Raises SMTPServerDisconnected from a server without end."""
        if self.file is None and self.sock is not None:
            self.file = Bounded(self.sock.makefile("rb"))
        return super().getreply()
