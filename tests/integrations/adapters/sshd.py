"""A real sshd on loopback, for the account that runs the tests."""

from __future__ import annotations

import getpass
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest

from lab.processes import children
from tests.free_port import free_port

PROGRAM = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
# A sudo that asks nobody, for tests that are not run by root.
SUDO = '#!/bin/sh\nshift\nexec "$@"\n'


def make_key(path: Path, *, kind: str = "ed25519", passphrase: str = "") -> Path:
    """Make a key pair at the path and return the path of its public half."""
    size = {"rsa": ["-b", "2048"]}.get(kind, [])
    words = ["ssh-keygen", "-q", "-t", kind, *size, "-N", passphrase, "-C", "", "-f"]
    subprocess.run([*words, str(path)], check=True)
    return path.with_name(path.name + ".pub")


def kill(pid: int) -> None:
    """End the process, if it has not ended by itself in the meantime."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


class Sshd:
    """Listens on ``port`` of 127.0.0.1 and takes ``key``; ``known`` says its own.

    ``kinds`` are what its own keys are beside ED25519.
    """

    def __init__(self, folder: Path, *kinds: str) -> None:
        if PROGRAM is None:
            pytest.skip("there is no sshd here: apt-get install openssh-server")
        self.folder = folder
        self.port = free_port()
        self.key = folder / "key"
        self.process: subprocess.Popen[bytes] | None = None
        public = make_key(self.key)
        (folder / "authorized_keys").write_bytes(public.read_bytes())
        self.public = {
            kind: make_key(folder / f"host_{kind}", kind=kind).read_text("utf-8")
            for kind in ("ed25519", *kinds)
        }
        self.known = folder / "known_hosts"
        self.know("ed25519")
        tools = folder / "bin"
        tools.mkdir()
        (tools / "sudo").write_text(SUDO, encoding="ascii")
        (tools / "sudo").chmod(0o755)

    def know(self, kind: str, port: int = 0, name: str = "127.0.0.1") -> None:
        """Write the known_hosts: this one key of ours, at our port or another."""
        line = f"[{name}]:{port or self.port} {self.public[kind]}"
        self.known.write_text(line, encoding="ascii")

    def start(self, *options: str) -> None:
        """It answers; ``options`` are further lines of its configuration."""
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        config = self.folder / "sshd_config"
        lines = [
            f"Port {self.port}",
            "ListenAddress 127.0.0.1",
            *(f"HostKey {self.folder}/host_{kind}" for kind in self.public),
            f"AuthorizedKeysFile {self.folder}/authorized_keys",
            f"PidFile {self.folder}/pid",
            f"SetEnv PATH={self.folder}/bin:/usr/bin:/bin",
            "StrictModes no",
            "UsePAM no",
            "PasswordAuthentication no",
            "PermitRootLogin prohibit-password",
            *options,
        ]
        config.write_text("\n".join(lines) + "\n", encoding="ascii")
        log = (self.folder / "sshd.log").open("ab")
        with log:
            self.process = subprocess.Popen(
                [str(PROGRAM), "-D", "-e", "-f", config], stderr=log
            )
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                log_text = (self.folder / "sshd.log").read_text("utf-8")
                assert self.process.poll() is None, log_text
                assert time.monotonic() < deadline, log_text
                time.sleep(0.02)

    def stop(self) -> None:
        """It listens no more; its sessions, and what they left running, are gone."""
        if self.process is None:
            return
        # a session ends when it likes: also between the look and the signal
        for child in self._children(self.process.pid):
            kill(child)
        self.process.kill()
        self.process.wait()
        self.process = None
        for process in self._left():
            kill(process)

    def _left(self) -> list[int]:
        """What runs for a session whose connection was cut: sshd ends nothing then."""
        ours = re.compile(rb"(^|\0)SSH_CONNECTION=[^\0]* %d\0" % self.port)
        found = []
        for path in Path("/proc").glob("[0-9]*/environ"):
            with suppress(OSError):
                if ours.search(path.read_bytes()):
                    found.append(int(path.parent.name))
        return found

    def _children(self, pid: int) -> list[int]:
        found = children(pid)
        return found + [below for one in found for below in self._children(one)]

    def config(self, *lines: str, port: int = 0, host: str = "compute-40") -> Path:
        """Write the client's configuration; its own lines come first, so they win."""
        path = self.folder / "config"
        common = [
            "HostName 127.0.0.1",
            f"Port {port or self.port}",
            f"User {getpass.getuser()}",
            f"IdentityFile {self.key}",
            f"UserKnownHostsFile {self.known}",
        ]
        text = "\n  ".join([f"Host {host}", *lines, *common])
        path.write_text(text + "\n", encoding="utf-8")
        return path
