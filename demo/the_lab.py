"""The real OpenStack beneath the demo: brought up before it, taken down after it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from demo.place import PROJECT
from demo.words import Stopped, say
from lab.hypervisors import keys
from lab.settings import from_environment

CANNOT_RUN_HERE = 3


class Lab:
    """The lab of the environment (NOVAWEB_LAB_*): ours to stop if we started it."""

    def __init__(self) -> None:
        self.settings = from_environment()
        self.ours = False
        self.rising: subprocess.Popen[bytes] | None = None

    def environment(self) -> dict[str, str]:
        """What leads novaweb to the lab; into its hosts too, where they are real."""
        found = {
            "NOVAWEB_CLOUDS": "lab",
            "OS_CLIENT_CONFIG_FILE": str(self.settings.clouds_yaml),
        }
        if self.settings.libvirt:
            found["NOVAWEB_SSH"] = f"lab={keys.config(self.settings)}"
            found["NOVAWEB_NOVA_DB"] = f"lab={self.settings.nova_db_options}"
        return found

    def rise(self) -> None:
        """The lab is on its way up, telling how far it is; ``wait`` waits for it."""
        self.ours = self._run("status", quiet=True) != 0
        if not self.ours:
            say("The lab is up already; it will be left as it is.")
        self.rising = self._start("up")

    def wait(self) -> None:
        """The lab is up and has instances. Raises Stopped with what is in the way."""
        if self.rising is None:
            raise AssertionError("wait() comes after rise()")
        status = self.rising.wait()
        self.rising = None
        if status == CANNOT_RUN_HERE:
            self.ours = False
            raise Stopped(
                "So there is no demo on a real OpenStack here: try `make dev`."
            )
        if status != 0 or self._run("seed") != 0:
            raise Stopped("The lab is not as it should be; the lines above say why.")

    def stop(self) -> None:
        """If we started it, nothing of the lab runs any more."""
        if self.rising is not None and self.rising.poll() is None:
            self.rising.send_signal(signal.SIGINT)
            self.rising.wait()
        if self.ours and self._run("down") != 0:
            say(
                "The lab did not go down; the lines above say why. Try `make lab-down`."
            )
        self.ours = False

    def _start(self, verb: str, *, quiet: bool = False) -> subprocess.Popen[bytes]:
        sink = subprocess.DEVNULL if quiet else None
        return subprocess.Popen(
            [sys.executable, "-m", "lab", verb],
            cwd=PROJECT,
            env=dict(os.environ),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,  # Ctrl-C reaches us alone
        )

    def _run(self, verb: str, *, quiet: bool = False) -> int:
        return self._start(verb, quiet=quiet).wait()
