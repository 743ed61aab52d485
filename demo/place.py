"""Where an installation lives: its folder, its environment, its ports."""

from __future__ import annotations

import atexit
import fcntl
import os
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from demo.words import Stopped

PROJECT = Path(__file__).resolve().parent.parent
FAVOURITE_PORT = 8000


@dataclass(frozen=True, kw_only=True)
class Place:
    """One installation. ``redis_url`` is None where it brings a Valkey of its own."""

    folder: Path
    pretend: bool
    port: int
    redis_url: str | None
    cloud: Mapping[str, str]  # the settings that lead to it

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def valkey_socket(self) -> Path:
        """Where our own Valkey listens: nobody else may enter the folder."""
        return self.folder / "valkey.sock"

    def log(self, name: str) -> Path:
        return self.folder / "log" / f"{name}.log"

    def environment(self) -> dict[str, str]:
        """The environment of every program of this installation."""
        own = {
            "NOVAWEB_STATE_DIR": str(self.folder),
            "NOVAWEB_DATABASE_URL": f"sqlite:///{self.folder / 'novaweb.sqlite3'}",
            "NOVAWEB_REDIS_URL": self.redis_url or f"unix://{self.valkey_socket}",
            "NOVAWEB_DEBUG": str(self.pretend).lower(),
            "NOVAWEB_URL": self.address,
            # of what is started here; the demo itself asks before a worker is there
            "NOVAWEB_HOSTS_ENTERED_BY": "worker",
            # the demo's own listener (ear.py) is there
            "NOVAWEB_WEBHOOK_NETWORKS": "127.0.0.0/8",
            "PYTHONUNBUFFERED": "1",
            # Of libraries, which would look in the user's home: stevedore keeps there
            # what it knows of packages, requests looks for passwords.
            "XDG_CACHE_HOME": str(self.folder / "cache"),
            "NETRC": str(self.folder / "netrc"),
        }
        # Only the name of the file: a secret is no part of an environment.
        own["NOVAWEB_SECRET_KEY_FILE"] = str(self.folder / "secret_key")
        return {**os.environ, **self.cloud, **own}


def make(folder: Path, *, pretend: bool, cloud: Mapping[str, str], port: int) -> Place:
    """The folder is there, with a secret key of its own, and the ports are free."""
    (folder / "log").mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    # Linux takes no longer names of sockets (sun_path of sys/un.h)
    if len(os.fsencode(folder / "valkey.sock")) > 107:
        raise Stopped(f"{folder} has too long a path: choose another ARGS=--folder.")
    key = folder / "secret_key"
    if not key.exists():
        key.touch(mode=0o600)
        key.write_text(secrets.token_urlsafe(48), encoding="ascii")
    return Place(
        folder=folder,
        pretend=pretend,
        port=wished(port) if port else free_port(FAVOURITE_PORT),
        redis_url=os.environ.get("NOVAWEB_REDIS_URL") or None,
        cloud=cloud,
    )


def free_port(favourite: int = 0) -> int:
    """The favourite if it is free, else any that is; no other demo takes it from us."""
    for port in (favourite, *[0] * 20):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            found = int(probe.getsockname()[1])
        if claim(found):
            return found
    raise Stopped("No port is free on 127.0.0.1.")


def wished(port: int) -> int:
    """This very port, which is free. Raises Stopped if it is not, or is none."""
    if not 0 < port < 65536:
        raise Stopped(f"--port {port} is no port: 1 to 65535, or none for a free one.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise not_free(port, error.strerror or "it cannot be had") from None
    if not claim(port):
        raise not_free(port, "another demo has it")
    return port


def not_free(port: int, why: str) -> Stopped:
    return Stopped(
        f"Port {port} of 127.0.0.1 cannot be used ({why}): choose another --port, or "
        "leave it out for a free one."
    )


def claim(port: int) -> bool:
    """Take a port before anybody listens there: two demos may start at one moment."""
    token = socket.socket(socket.AF_UNIX)
    try:
        # A name without a file: it is free again when this process ends.
        token.bind(f"\0novaweb-port-{port}")
    except OSError:
        token.close()
        return False
    atexit.register(token.close)
    return True


def alone(folder: Path) -> TextIO:
    """Hold this folder: two installations in one would run each other's moves.

    Raises Stopped if another demo holds it, or if it is somebody's who is no demo: it
    is closed to others, and `--fresh` empties it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "lock").exists() and any(folder.iterdir()):
        raise Stopped(
            f"{folder} holds files that are no demo's: give it one that is empty or "
            "not there yet, ARGS='--folder DIR'."
        )
    lock = (folder / "lock").open("w", encoding="ascii")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise Stopped(
            f"Another `make demo` or `make dev` runs in {folder}: stop it first "
            "(Ctrl-C where it runs), or give this one a folder: ARGS='--folder DIR' "
            "(a second `make demo` needs a lab of its own, too: NOVAWEB_LAB_NAME=lab2 "
            "NOVAWEB_LAB_ADDRESS=127.0.0.22)."
        ) from None
    return lock
