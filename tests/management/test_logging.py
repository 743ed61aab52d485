"""What the log tells of an error that nobody foresaw."""

from __future__ import annotations

import logging
import logging.config
from typing import Any

from django.conf import settings


def told(style: str) -> str:
    """Return the record of an error in a function that knows a password."""
    logging_settings: dict[str, Any] = settings.LOGGING
    formatter: Any = logging.config.DictConfigurator(
        logging_settings
    ).configure_formatter(dict(logging_settings["formatters"][style]))
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
