"""Each signature is handed to a second place, which a person with our file has not.

That is the log of the process, which systemd keeps in its journal, and syslog, where it
is set up: on this machine or, better, on another one.
"""

from __future__ import annotations

import logging
from logging.handlers import SysLogHandler

import structlog
from django.conf import settings

from migrations_app.errors import Unfit

# logs.py has it tell of signatures whatever else is told.
log = structlog.get_logger("novaweb.signatures")


class _Handler(SysLogHandler):
    ident = "novaweb-audit: "

    def handleError(self, record: logging.LogRecord) -> None:
        """Raise what has happened, instead of printing it."""
        raise


def address() -> str | tuple[str, int] | None:
    """Return where syslog listens: a path, or host and port. Raises Unfit."""
    text = settings.NOVAWEB_AUDIT_SYSLOG
    if not text or text.startswith("/"):
        return text or None
    host, _, port = text.rpartition(":")
    if host and port.isascii() and port.isdecimal() and 0 < int(port[:6]) < 65536:
        return host.strip("[]"), int(port)
    raise Unfit(
        f"NOVAWEB_AUDIT_SYSLOG is “{text}”: write the path of a socket (/dev/log) or"
        " host:port."
    )


def hand_on(line: str) -> None:
    """Hand the text of a signature on. Raises Unfit where syslog does not take it.

    UDP says nothing of what did not arrive.
    """
    log.info("audit signature", line=line)
    if (where := address()) is None:
        return
    handler = None
    try:
        handler = _Handler(where, facility=SysLogHandler.LOG_AUTHPRIV)
        record = logging.makeLogRecord({"msg": line, "levelno": logging.INFO})
        record.levelname = "INFO"
        handler.emit(record)
    except OSError as error:
        raise Unfit(
            f"The signature could not be handed to syslog ({where}): {error}."
        ) from error
    finally:
        if handler is not None:
            handler.close()
