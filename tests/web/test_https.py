"""What NOVAWEB_HTTPS turns on, and for whom."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

SETTINGS = Path(__file__).resolve().parents[2] / "novaweb" / "settings.py"
HEADER = "Strict-Transport-Security"


def given(monkeypatch: pytest.MonkeyPatch, **environment: str) -> dict[str, Any]:
    """The settings of a process with that environment."""
    for name, text in environment.items():
        monkeypatch.setenv(name, text)
    return runpy.run_path(str(SETTINGS))


def header(client: Client, settings: Any, made: dict[str, Any]) -> str | None:
    for name in made:
        if name.startswith("SECURE_"):
            setattr(settings, name, made[name])
    answer = client.get("/healthz", secure=True)
    assert answer.status_code == 200
    return answer.headers.get(HEADER)


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, None),
        ({"HTTPS": "true"}, "max-age=31536000"),
        ({"HTTPS": "true", "HSTS_SECONDS": "0"}, None),
        (
            {"HTTPS": "true", "HSTS_SUBDOMAINS": "true", "HSTS_SECONDS": "60"},
            "max-age=60; includeSubDomains",
        ),
        (
            {"HTTPS": "true", "HSTS_SUBDOMAINS": "true", "HSTS_PRELOAD": "true"},
            "max-age=31536000; includeSubDomains; preload",
        ),
    ],
)
def test_browsers_are_told_of_this_host_unless_more_was_asked_for(
    monkeypatch: pytest.MonkeyPatch,
    settings: Any,
    environment: dict[str, str],
    said: str | None,
) -> None:
    names = {f"NOVAWEB_{name}": text for name, text in environment.items()}
    made = given(monkeypatch, **names)
    assert header(Client(), settings, made) == said


def test_a_load_balancer_is_not_sent_to_https(settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    client = Client()
    assert client.get("/healthz").status_code == 200
    assert client.get("/sign-in/").status_code == 301
    assert client.get("/healthz/more").status_code == 301
