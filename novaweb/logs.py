"""How what happens is logged: structured, as plain lines or as JSON."""

from __future__ import annotations

from typing import Any

import structlog


def configured(*, form: str, level: str) -> dict[str, Any]:
    """Configure structlog; return LOGGING, for lines of that form on standard error.

    ``form``: plain or json; ``level``: the least that is logged, by its name.
    """
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.filter_by_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.stdlib.add_logger_name,
            structlog.stdlib.add_log_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.processors.format_exc_info,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processor": structlog.processors.JSONRenderer(),
            },
            "plain": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processor": structlog.dev.ConsoleRenderer(  # no variables: secrets
                    colors=False, exception_formatter=structlog.dev.plain_traceback
                ),
            },
        },
        "handlers": {
            "console": {"class": "logging.StreamHandler", "formatter": form},
        },
        # the journal keeps every signature of the audit trail, whatever else it keeps
        "loggers": {"novaweb.signatures": {"level": "INFO"}},
        "root": {"handlers": ["console"], "level": level},
    }
