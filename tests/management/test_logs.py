"""Lines of the log, where the settings are read more than once in a process."""

from __future__ import annotations

import structlog
from structlog.testing import capture_logs

from novaweb import logs


def test_a_logger_that_was_used_before_follows_what_is_configured_later() -> None:
    log = structlog.get_logger("novaweb.tests")
    log.info("before")
    logs.configured(form="plain", level="INFO")
    with capture_logs() as lines:
        log.info("after")
    assert [line["event"] for line in lines] == ["after"]
