"""The posting itself: one connection, to an address looked at before, no redirects."""

from __future__ import annotations

import http.client
import socket
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress

from migrations_app.errors import Refused, Unfit, Unreachable
from migrations_app.integrations import tls
from migrations_app.integrations.adapters.webhook.address import (
    Address,
    Resolve,
    admit,
    parse,
    resolve,
)
from migrations_app.integrations.deadline import Deadline
from migrations_app.integrations.interfaces.http_post import Reply

KEPT = 500  # characters of an answer
_SWITCHING = 101


class HttpPost:
    """Posts over HTTP/1.1; an answer is there within ``timeout`` seconds, or never."""

    def __init__(
        self,
        networks: Sequence[str],
        *,
        timeout: float = 15.0,
        resolve: Resolve = resolve,
        context: ssl.SSLContext | None = None,
        crl: str = "",
    ) -> None:
        self.networks = tuple(networks)
        self.timeout = timeout
        self._resolve = resolve
        self._context, self._crl = context, crl

    def send(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Reply:
        """See interfaces/http_post.py. The name is resolved once, and that is asked."""
        try:
            address = parse(url)
        except Unfit as error:
            raise Refused(error.sentence) from error
        with Deadline(self.timeout) as deadline:
            ips = self._admitted(address, deadline)
            sock: socket.socket | None = None
            try:
                sock = self._connect(ips, address.port, deadline)
                if address.secure:
                    sock = self._secure(sock, address)
                return self._talk(sock, address, headers, body, deadline)
            except ssl.SSLCertVerificationError as error:
                raise Unreachable(
                    f"The certificate of {address.name} is not to be trusted:"
                    f" {error.verify_message}"
                ) from error
            except (OSError, http.client.HTTPException) as error:
                why = str(error) or type(error).__name__
                if deadline.passed.is_set():
                    why = f"no whole answer within {self.timeout:g} s"
                elif sock is None:
                    raise Unreachable(
                        f"{address.name} cannot be reached: {why}."
                    ) from error
                raise Unreachable(f"{address.name} did not answer: {why}.") from error
            finally:
                if sock is not None:
                    sock.close()

    def _admitted(self, address: Address, deadline: Deadline) -> list[str]:
        """Return the addresses to ask; looking up the name is a part of the time."""
        try:
            return deadline.within(
                lambda: admit(address, self.networks, resolve=self._resolve)
            )
        except TimeoutError as error:
            raise Unreachable(
                f"The name {address.host} was not resolved within {self.timeout:g} s."
            ) from error

    def _connect(
        self, ips: Sequence[str], port: int, deadline: Deadline
    ) -> socket.socket:
        last: OSError | None = None
        for ip in ips[:3]:
            try:
                limit = min(self.timeout / 3, deadline.left())
                sock = socket.create_connection((ip, port), timeout=limit)
            except OSError as error:
                last = error
            else:
                deadline.watch(sock)
                return sock
        raise last or OSError("no address")

    def _secure(self, sock: socket.socket, address: Address) -> socket.socket:
        if self._context is None:
            self._context = tls.context(self._crl)
        return self._context.wrap_socket(sock, server_hostname=address.host)

    def _talk(
        self,
        sock: socket.socket,
        address: Address,
        headers: Mapping[str, str],
        body: bytes,
        deadline: Deadline,
    ) -> Reply:
        line = http.client.HTTPConnection(address.host, address.port)
        line.sock = sock
        line.putrequest("POST", address.path, skip_host=True, skip_accept_encoding=True)
        for name, value in {
            "Host": address.name,
            "Content-Length": str(len(body)),
            "Connection": "close",
            **headers,
        }.items():
            line.putheader(name, value)
        line.endheaders(body)
        with _last_of(line.getresponse()) as answer:
            # http.client takes the end of the connection for that of the headers
            deadline.left()
            raw = b""
            # what came before the rest was cut off is worth keeping
            with suppress(OSError, http.client.HTTPException):
                raw = answer.read(4 * KEPT)
            text = raw.decode("utf-8", "replace")
            wait = answer.getheader("Retry-After") or ""
            return Reply(answer.status, text[:KEPT], retry_after=wait[:KEPT])


def _last_of(answer: http.client.HTTPResponse) -> http.client.HTTPResponse:
    """Return the answer, which may follow others that only say that it comes.

    http.client passes over 100 alone (3.11 to 3.13, ``HTTPResponse.begin``), and takes
    another 1xx, such as 103, for the answer. 101 is one: nothing follows it in HTTP.
    """
    while 100 <= answer.status < 200 and answer.status != _SWITCHING:
        # without headers it has not begun, and reads on
        answer.headers = answer.msg = None  # type: ignore[assignment]
        answer.begin()
    return answer
