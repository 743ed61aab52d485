"""The posting itself: one connection, to an address looked at before, no redirects."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress

from migrations_app.errors import Refused, Unfit, Unreachable
from migrations_app.integrations.adapters.webhook.address import (
    Address,
    Resolve,
    admit,
    parse,
    resolve,
)
from migrations_app.integrations.interfaces.http_post import Reply

KEPT = 500  # characters of an answer


class HttpPost:
    """Posts over HTTP/1.1; an answer is there within ``timeout`` seconds, or never."""

    def __init__(
        self,
        networks: Sequence[str],
        *,
        timeout: float = 10.0,
        resolve: Resolve = resolve,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.networks = tuple(networks)
        self.timeout = timeout
        self._resolve = resolve
        self._tls = tls

    def send(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Reply:
        """See interfaces/http_post.py. The name is resolved once, and that is asked."""
        try:
            address = parse(url)
        except Unfit as error:
            raise Refused(error.sentence) from error
        ips = admit(address, self.networks, resolve=self._resolve)
        try:
            connected = self._connect(ips, address.port)
        except OSError as error:
            raise Unreachable(f"{address.name} cannot be reached: {error}.") from error
        with _Deadline(connected, self.timeout) as deadline:
            try:
                if address.secure:
                    self._secure(deadline, address)
                return self._talk(deadline.sock, address, headers, body)
            except ssl.SSLCertVerificationError as error:
                raise Unreachable(
                    f"The certificate of {address.name} is not to be trusted:"
                    f" {error.verify_message}"
                ) from error
            except (OSError, http.client.HTTPException) as error:
                why = str(error) or type(error).__name__
                if deadline.passed.is_set():
                    why = f"no whole answer within {self.timeout:g} s"
                raise Unreachable(f"{address.name} did not answer: {why}.") from error

    def _connect(self, ips: Sequence[str], port: int) -> socket.socket:
        last: OSError | None = None
        for ip in ips[:3]:
            try:
                return socket.create_connection((ip, port), timeout=self.timeout / 3)
            except OSError as error:
                last = error
        raise last or OSError("no address")

    def _secure(self, deadline: _Deadline, address: Address) -> None:
        if self._tls is None:
            self._tls = ssl.create_default_context()
            self._tls.minimum_version = ssl.TLSVersion.TLSv1_2
        # the deadline must know the new socket before anything is said on it
        wrapped = self._tls.wrap_socket(
            deadline.sock, server_hostname=address.host, do_handshake_on_connect=False
        )
        deadline.sock = wrapped
        wrapped.do_handshake()

    def _talk(
        self,
        sock: socket.socket,
        address: Address,
        headers: Mapping[str, str],
        body: bytes,
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
        with line.getresponse() as answer:
            raw = b""
            # what came before the rest was cut off is worth keeping
            with suppress(OSError, http.client.HTTPException):
                raw = answer.read(4 * KEPT)
            text = raw.decode("utf-8", "replace").replace("\x00", "�")
            return Reply(answer.status, text[:KEPT])


class _Deadline:
    """Closes a connection when its time is over.

    A socket's own timeout starts again with every byte; this one does not.
    """

    def __init__(self, sock: socket.socket, seconds: float) -> None:
        # a little later than the deadline, which says why
        sock.settimeout(seconds + 1)
        self.sock = sock
        self.passed = threading.Event()
        self._timer = threading.Timer(seconds, self._hang_up)
        self._timer.daemon = True

    def __enter__(self) -> _Deadline:
        self._timer.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._timer.cancel()
        self.sock.close()

    def _hang_up(self) -> None:
        self.passed.set()
        with suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
