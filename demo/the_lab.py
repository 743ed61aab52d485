"""The real OpenStack beneath the demo: brought up before it, taken down after it."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
from typing import TextIO

from demo.place import PROJECT
from demo.words import Stopped, say
from lab import machine
from lab.hypervisors import keys
from lab.progress import CannotRunHere
from lab.settings import from_environment

LAB_OF_ITS_OWN = (
    "NOVAWEB_LAB_NAME=lab2 NOVAWEB_LAB_ADDRESS=127.0.0.22 "
    "make demo ARGS='--folder .demo-lab2'"
)


class Lab:
    """The lab of the environment (NOVAWEB_LAB_*): ours to stop if we started it."""

    def __init__(self) -> None:
        self.settings = from_environment()
        self.ours = False
        self.at_work: subprocess.Popen[bytes] | None = None
        self.held: TextIO | None = None

    def environment(self) -> dict[str, str]:
        """What leads novaweb to the lab; into its hosts too, where they are real."""
        found = {
            "NOVAWEB_CLOUDS": "lab",
            "OS_CLIENT_CONFIG_FILE": str(self.settings.clouds_yaml),
            "OS_CLIENT_SECURE_FILE": str(self.settings.secure_yaml),
        }
        if self.settings.libvirt:
            found["NOVAWEB_SSH"] = f"lab={keys.config(self.settings)}"
            found["NOVAWEB_NOVA_DB"] = f"lab={self.settings.nova_db_options}"
        return found

    def rise(self) -> None:
        """The lab is on its way up, telling how far it is; ``wait`` waits for it.

        Raises Stopped if there can be none here, or if another demo has it.
        """
        try:
            machine.check()
        except CannotRunHere as reason:
            raise Stopped(
                f"{reason}\n"
                "So there is no demo on a real OpenStack here: try `make dev`."
            ) from None
        self._hold()
        self.ours = self._run("status", quiet=True) != 0
        if not self.ours:
            say("The lab is up already; it will be left as it is.")
        self.at_work = self._start("up")

    def wait(self) -> None:
        """The lab is up, and is given its instances; ``seeded`` waits for those.

        Raises Stopped with what is in the way.
        """
        self._done()
        self.at_work = self._start("seed")

    def seeded(self) -> None:
        """The lab has all of its instances. Raises Stopped."""
        self._done()

    def _done(self) -> None:
        """What was started last has ended well. Raises Stopped."""
        if self.at_work is None:
            raise AssertionError("nothing was started yet")
        if self.at_work.wait() != 0:
            raise Stopped("The lab is not as it should be; the lines above say why.")

    def stop(self) -> None:
        """If we started it, nothing of the lab runs any more."""
        if self.at_work is not None and self.at_work.poll() is None:
            # first: what still makes instances must not lose its cloud in the middle
            self.at_work.send_signal(signal.SIGINT)
            self.at_work.wait()
        if self.ours and self._run("down") != 0:
            say(
                "The lab did not go down; the lines above say why. Try `make lab-down`."
            )
        self.ours = False
        if self.held:
            self.held.close()

    def _hold(self) -> None:
        """Be the only demo on this lab until we end, however we do."""
        self.settings.root.mkdir(parents=True, exist_ok=True)
        lock = (self.settings.root / "demo.lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise Stopped(
                f"Another demo runs on the lab {self.settings.name!r} below "
                f"{self.settings.prefix}, and the first to end would take it down: "
                f"stop that one (Ctrl-C where it runs), or give this one a lab of its "
                f"own: {LAB_OF_ITS_OWN}"
            ) from None
        self.held = lock

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
