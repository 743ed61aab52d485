"""How what happens is logged: structured, as plain lines or as JSON."""

from __future__ import annotations

import re
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_BUT_LINES = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]")


def one_line(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Return the event with control characters in its texts escaped.

    What people and hosts send could otherwise end a line, and begin one of their own.
    What went wrong (``exception``) keeps its lines, but each is set in: an error has
    texts of others in it.
    """
    for key, value in event.items():
        if isinstance(value, str):
            signs = _BUT_LINES if key == "exception" else _CONTROLS
            plain = signs.sub(lambda it: ascii(it[0])[1:-1], value)
            event[key] = plain.replace("\n", "\n    ")
    return event


LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
# One list, however often the settings are read in a process: loggers keep the list that
# was there when they were first used.
PROCESSORS: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.filter_by_level,
    structlog.processors.TimeStamper(fmt="iso"),
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.format_exc_info,
    structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
]


def configured(*, form: str, level: str) -> dict[str, Any]:
    """Configure structlog; return LOGGING, for lines of that form on standard error.

    ``form``: plain or json; ``level``: the least that is logged, by its name.
    """
    structlog.configure(
        processors=PROCESSORS,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": _formatter(structlog.processors.JSONRenderer()),
            "plain": _formatter(
                structlog.dev.ConsoleRenderer(  # no variables: secrets
                    colors=False, exception_formatter=structlog.dev.plain_traceback
                )
            ),
        },
        "handlers": {
            "console": {"class": "logging.StreamHandler", "formatter": form},
        },
        # the journal keeps every signature of the audit trail, whatever else it keeps
        "loggers": {"novaweb.signatures": {"level": "INFO"}},
        "root": {"handlers": ["console"], "level": level},
    }


def _formatter(renderer: Any) -> dict[str, Any]:
    """Return what makes lines of our own events and of what libraries log."""
    return {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": [
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.stdlib.add_logger_name,
            structlog.stdlib.add_log_level,
        ],
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,  # of libraries, too
            one_line,
            renderer,
        ],
    }
