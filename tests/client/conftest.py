"""The commands `openstack move …` in this process, on the API of this process."""

from __future__ import annotations

import argparse
import io
import json
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
from cliff.command import Command
from django.contrib.auth.models import User
from django.test import Client
from flit_core import buildapi
from requests.adapters import BaseAdapter

from novaweb_client.api import Api
from tests.api.conftest import Person

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = "https://novaweb.example.org"


class Wire(BaseAdapter):
    """Hands the requests of a session to Django, as a web server would.

    What is in ``troubles`` happens first: an error, or a status that a proxy answers.
    What is in ``losses`` happens to answers: they are on their way then.
    """

    def __init__(self) -> None:
        super().__init__()
        self.troubles: list[Exception | int] = []
        self.losses: list[Exception] = []
        self.asked: list[str] = []

    def send(
        self, request: requests.PreparedRequest, *args: Any, **kwargs: Any
    ) -> requests.Response:
        assert request.url is not None
        self.asked.append(f"{request.method} {request.url.removeprefix(ADDRESS)}")
        if self.troubles:
            trouble = self.troubles.pop(0)
            if isinstance(trouble, Exception):
                raise trouble
            return made(status=trouble, body=b"<h1>Bad gateway</h1>")
        body = request.body or b""
        answer = Client().generic(
            str(request.method),
            request.url.removeprefix(ADDRESS),
            body.encode() if isinstance(body, str) else body,
            headers={
                name: str(request.headers[name])
                for name in ("Authorization", "Idempotency-Key")
                if name in request.headers
            },
            content_type="application/json",
        )
        if self.losses:
            raise self.losses.pop(0)
        content = (
            b"".join(answer) if getattr(answer, "streaming", False) else answer.content
        )
        return made(status=answer.status_code, body=content, headers=answer.headers)

    def close(self) -> None:
        """Do nothing: nothing is open."""


def made(
    *, status: int = 200, body: bytes = b"", headers: Mapping[str, str] | None = None
) -> requests.Response:
    """Return an answer as requests gives one."""
    answer = requests.Response()
    answer.status_code = status
    answer.headers.update(headers or {})
    answer.raw = io.BytesIO(body)
    return answer


class Done:
    """What a command left: its exit status, and what it wrote."""

    def __init__(self, status: int, stdout: str, stderr: str) -> None:
        self.status = status
        self.stdout = stdout
        self.stderr = stderr

    @property
    def json(self) -> Any:
        """What -f json wrote."""
        return json.loads(self.stdout)


class Keyboard(io.StringIO):
    """A terminal at which somebody types."""

    def isatty(self) -> bool:
        return True


class Terminal:
    """Where somebody with a token enters commands."""

    def __init__(self, user: User | None, wire: Wire, *, scope: str = "decide") -> None:
        token = Person(user, scope=scope).headers["Authorization"].split()[1]
        session = requests.Session()
        session.mount("https://", wire)
        self.wire = wire
        self.api = Api(ADDRESS, token=token, session=session)

    def run(
        self, command: type[Command], *words: str, types: str | None = None
    ) -> Done:
        """Run the command; ``types``: what is typed, None: nobody is there."""
        stdout, stderr = io.StringIO(), io.StringIO()
        app = SimpleNamespace(
            client_manager=SimpleNamespace(move=self.api),
            stdin=io.StringIO() if types is None else Keyboard(types),
            stdout=stdout,
            stderr=stderr,
        )
        ready = command(app, argparse.Namespace())  # type: ignore[arg-type]
        status = ready.run(ready.get_parser("openstack move").parse_args(list(words)))
        return Done(status, stdout.getvalue(), stderr.getvalue())


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what `pip install ./client` would install."""
    folder = tmp_path_factory.mktemp("client")
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(ROOT / "client")
        name = buildapi.build_wheel(str(folder))
    with zipfile.ZipFile(folder / name) as wheel:
        wheel.extractall(folder / "site")
    return folder / "site"


@pytest.fixture
def wire() -> Wire:
    """The way to the API."""
    return Wire()


At = Callable[[User], Terminal]


@pytest.fixture
def at(wire: Wire) -> At:
    """Sit down at a terminal as this person."""
    return lambda user: Terminal(user, wire)
