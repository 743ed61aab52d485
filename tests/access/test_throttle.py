"""Nobody asks for what is dear at will, and nobody is held up for another."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from migrations_app.access import throttle
from migrations_app.errors import TooMany
from tests.cast import Cast
from tests.stage import Stage


def test_a_person_asks_so_often_in_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "time", lambda: now)
    for _ in range(throttle.MOST["export"]):
        throttle.admit(7, "export")
    with pytest.raises(TooMany, match="wait 60 s") as refused:
        throttle.admit(7, "export")
    assert (refused.value.status, refused.value.wait) == (429, 60)
    throttle.admit(8, "export")
    throttle.admit(7, "what-if")
    now += throttle.SPAN
    throttle.admit(7, "export")


@pytest.mark.django_db
def test_pages_and_api_say_when_to_ask_again(
    stage: Stage, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "MOST", dict.fromkeys(throttle.MOST, 1))
    client = Client()
    client.force_login(cast.auditor)
    for path, ask in (
        ("/what-if/", client.get),
        ("/audit/export/", client.post),
        ("/api/audit/export/", client.post),
    ):
        monkeypatch.setattr(throttle, "MOST", dict.fromkeys(throttle.MOST, 1))
        answers = [ask(path) for _ in range(3)]
        assert answers[-1].status_code == 429, path
        assert 1 <= int(answers[-1]["Retry-After"]) <= 60
        assert "within a minute" in answers[-1].content.decode()


@pytest.mark.django_db
def test_the_schema_is_made_once(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = client.get("/api/schema/?x=1")
    assert first.status_code == 200

    def again(*_: Any, **__: Any) -> Any:
        raise AssertionError("it was made again")

    monkeypatch.setattr(SchemaGenerator, "get_schema", again)
    assert client.get("/api/schema/?x=2").json() == first.json()
