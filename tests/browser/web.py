"""The web server of a test: uvicorn in a process of its own, as in production."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from django.db import connection

from tests.free_port import free_port

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE = 240.0  # seconds until it answers, on a busy machine


class Web:
    """One uvicorn on a port of its own that reads the test's database."""

    def __init__(
        self, folder: Path, *, environment: Mapping[str, str] = os.environ
    ) -> None:
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.log = folder / "web.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.environment = {
            **environment,
            "DJANGO_SETTINGS_MODULE": "novaweb.settings",
            "NOVAWEB_DATABASE_URL": f"sqlite:///{connection.settings_dict['NAME']}",
            "NOVAWEB_DEBUG": "true",
        }

    def start(self) -> None:
        """Start it; it answers afterwards."""
        command = [sys.executable, "-m", "uvicorn", "novaweb.asgi:application"]
        with self.log.open("ab") as sink:
            self.process = subprocess.Popen(
                [*command, "--port", str(self.port), "--no-access-log"],
                env=self.environment,
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
            )
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        deadline = time.monotonic() + PATIENCE
        while True:
            assert self.process.poll() is None, self.log.read_text()
            try:
                with direct.open(f"{self.address}/healthz", timeout=5):
                    return
            except (urllib.error.URLError, OSError):
                assert time.monotonic() < deadline, self.log.read_text()
                time.sleep(0.05)

    def stop(self) -> None:
        """Kill it, as a machine that loses its power would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None
