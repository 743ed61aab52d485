"""What the tests of the REST interface have in common: people, and how they ask."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from knox.models import AuthToken

from migrations_app.models import TokenScope
from tests import factories
from tests.cast import Cast
from tests.stage import Stage

REASON = "The host is to be emptied."


class Answer:
    """What came back, as a client sees it."""

    def __init__(self, response: Any) -> None:
        self.status: int = response.status_code
        self.headers = response.headers
        self.media_type = response.headers.get("Content-Type", "").split(";")[0]
        self.json: Any = json.loads(response.content) if response.content else None

    @property
    def detail(self) -> str:
        """The sentence of a problem; fails when there is none."""
        assert self.media_type == "application/problem+json", self.json
        assert self.json["status"] == self.status
        assert {"type", "title", "detail"} <= set(self.json)
        return str(self.json["detail"])


class Person:
    """Somebody with a token, who asks as a program does."""

    def __init__(
        self,
        user: User | None = None,
        *,
        life: timedelta | None = None,
        scope: str = "decide",
    ):
        self.user = user
        self.headers = {}
        if user is not None:
            life = life or timedelta(hours=1)
            row, token = AuthToken.objects.create(user, expiry=life)
            TokenScope.objects.create(token=row, scope=scope)
            self.headers = {"Authorization": f"Bearer {token}"}

    def get(self, path: str, **parameters: Any) -> Answer:
        return self._ask("GET", path, query=parameters)

    def post(self, path: str, body: Any = None, **fields: Any) -> Answer:
        """Send the fields, or ``body``: bytes as they are, all else as JSON."""
        sent = fields if body is None else body
        data = sent if isinstance(sent, bytes) else json.dumps(sent).encode()
        return self._ask("POST", path, data=data)

    def delete(self, path: str) -> Answer:
        return self._ask("DELETE", path)

    def _ask(
        self,
        method: str,
        path: str,
        *,
        data: bytes = b"",
        query: dict[str, Any] | None = None,
    ) -> Answer:
        client = Client(headers=self.headers)
        answer = client.generic(
            method,
            f"/api/{path}",
            data,
            content_type="application/json",
            query_params=query,
        )
        return Answer(answer)


@pytest.fixture
def requester(db: None) -> Person:
    return Person(factories.person("rita", "requester"))


@pytest.fixture
def approver(db: None) -> Person:
    return Person(factories.person("anna", "approver"))


@pytest.fixture
def operator(db: None) -> Person:
    return Person(factories.person("otto", "operator"))


@pytest.fixture
def auditor(db: None) -> Person:
    return Person(factories.person("aude", "auditor"))


@pytest.fixture
def stranger(db: None) -> Person:
    """Somebody who is signed in and has no role."""
    return Person(factories.person("noel"))


@pytest.fixture
def nobody(db: None) -> Person:
    """Somebody who is not signed in."""
    return Person()


@pytest.fixture
def rita(cast: Cast) -> Person:
    """The cast's requester."""
    return Person(cast.requester)


@pytest.fixture
def anna(cast: Cast) -> Person:
    """The cast's approver."""
    return Person(cast.approver)


def ask(person: Person, stage: Stage, **fields: Any) -> Answer:
    """Have the person ask for the stage's instance to be moved."""
    said = {
        "instance": stage.server,
        "procedure": "live",
        "target": stage.target,
        "reason": REASON,
        **fields,
    }
    return person.post("requests/", said)
