"""What the log tells of an error that nobody foresaw."""

from __future__ import annotations

import logging
import logging.config
import re
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from tests import factories


def formatter_of(style: str) -> Any:
    """Return what makes lines in that style."""
    logging_settings: dict[str, Any] = settings.LOGGING
    return logging.config.DictConfigurator(logging_settings).configure_formatter(
        dict(logging_settings["formatters"][style])
    )


def told(style: str) -> str:
    """Return the record of an error in a function that knows a password."""
    formatter = formatter_of(style)
    password = "never-to-be-told"
    try:
        raise KeyError(f"nobody has {len(password)} of them")
    except KeyError as error:
        failure = (KeyError, error, error.__traceback__)
    record = logging.LogRecord(
        "django.request", logging.ERROR, __file__, 1, "It failed.", (), failure
    )
    return str(formatter.format(record))


def test_it_says_where_it_went_wrong() -> None:
    assert "nobody has 16 of them" in told("plain")
    assert "test_logging.py" in told("plain")


def test_it_prints_no_variable_of_what_went_wrong() -> None:
    assert "error = KeyError" not in told("plain")
    # the line that made it is source, which anybody may read; its value is not repeated
    assert "never-to-be-told" not in told("plain")
    assert "never-to-be-told" not in told("json")


@pytest.mark.parametrize("style", ["plain", "json"])
@pytest.mark.parametrize("sign", ["\n", "\r", "\x1b[31m", "\x85", "\u2028"])
def test_nobody_writes_a_line_of_their_own_into_the_log(style: str, sign: str) -> None:
    text = f"/nowhere{sign}2026-01-01 [info] rita approved"
    record = logging.LogRecord(
        "django.request", logging.WARNING, __file__, 1, "Not Found: %s", (text,), None
    )
    line = formatter_of(style).format(record)
    assert sign not in line
    assert "/nowhere\\" in line


@pytest.mark.parametrize("style", ["plain", "json"])
@pytest.mark.parametrize("sign", ["\n", "\r", "\x1b[31m", "\x85", "\u2028"])
def test_nor_by_the_text_of_an_error(style: str, sign: str) -> None:
    try:
        raise ValueError(f"no host is called x{sign}2026-01-01 [info] rita approved")
    except ValueError as error:
        failure = (ValueError, error, error.__traceback__)
    record = logging.LogRecord(
        "django.request", logging.ERROR, __file__, 1, "It failed.", (), failure
    )
    line = formatter_of(style).format(record)
    assert "rita approved" in line
    assert not any(each.startswith("2026-01-01") for each in line.splitlines())
    assert sign == "\n" or sign not in line


@pytest.mark.parametrize("style", ["plain", "json"])
def test_a_line_of_a_library_has_a_time_and_a_level(style: str) -> None:
    record = logging.LogRecord("uvicorn", logging.WARNING, "", 1, "Slow.", (), None)
    line = formatter_of(style).format(record)
    assert "Slow." in line
    assert "warning" in line
    assert "uvicorn" in line
    assert re.search(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", line)


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/audit/", "/api/audit/"])
def test_a_refusal_is_logged_with_who_and_what(
    path: str, caplog: pytest.LogCaptureFixture
) -> None:
    rita = factories.person("rita", "requester")
    client = Client()
    client.force_login(rita)
    with caplog.at_level(logging.INFO):
        assert client.get(path).status_code == 403
    lines = [formatter_of("json").format(each) for each in caplog.records]
    (line,) = [line for line in lines if "request_finished" in line]
    assert '"code": 403' in line
    assert f'"user_id": {rita.pk}' in line
    assert f"GET {path}" in line
    assert '"ip": "127.0.0.1"' in line
