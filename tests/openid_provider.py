"""An OpenID provider on a port of its own: oidc-provider-mock, a program of its own."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.free_port import free_port

PATIENCE = 120.0  # seconds until it answers, on a busy machine
_DIRECT = urllib.request.ProxyHandler({})


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: the browser does."""

    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


class Provider:
    """What a test does at the provider."""

    def __init__(self, port: int) -> None:
        self.issuer = f"http://localhost:{port}"

    def know(self, subject: str, **claims: Any) -> None:
        """Let it tell this of that person from now on."""
        self._send("PUT", f"/users/{subject}", json.dumps(claims).encode())

    def let_in(self, url: str, subject: str) -> str:
        """Sign in there as that person; return where the browser is sent then."""
        return self._form(url, {"sub": subject})

    def deny(self, url: str) -> str:
        """Refuse there; return where the browser is sent then."""
        return self._form(url, {"action": "deny"})

    def _form(self, url: str, fields: dict[str, str]) -> str:
        request = urllib.request.Request(  # noqa: S310 - the test's own address
            url, data=urllib.parse.urlencode(fields).encode(), method="POST"
        )
        try:
            with urllib.request.build_opener(_DIRECT, _Stay).open(request):
                raise AssertionError("the provider leads nowhere")
        except urllib.error.HTTPError as answer:
            assert answer.code == 302, answer.read()
            return str(answer.headers["Location"])

    def _send(self, method: str, path: str, body: bytes | None = None) -> None:
        request = urllib.request.Request(  # noqa: S310 - the test's own address
            self.issuer + path,
            data=body,
            method=method,
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.build_opener(_DIRECT).open(request, timeout=60):
            pass

    def answers(self) -> bool:
        """Return whether it is there."""
        try:
            self._send("GET", "/.well-known/openid-configuration")
        except OSError:
            return False
        return True


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Provider]:
    """Run one that insists on a nonce; it has ended afterwards."""
    port = free_port()
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port)]
    # it is reached without TLS, which it would refuse otherwise
    environment = {**os.environ, "AUTHLIB_INSECURE_TRANSPORT": "1"}
    log = folder / "provider.log"
    with log.open("ab") as sink:
        process = subprocess.Popen(
            [*command, "--require-nonce", "true"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
        )
    try:
        provider = Provider(port)
        deadline = time.monotonic() + PATIENCE
        while not provider.answers():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        yield provider
    finally:
        process.kill()
        process.wait()
