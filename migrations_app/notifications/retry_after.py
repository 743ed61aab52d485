"""For how long a receiver asks to be left alone (RFC 9110, section 10.2.3)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

# Who asks for more is asked again by then: it may be a mistake, and people wait.
LONGEST = timedelta(hours=1)
_SECONDS = re.compile(r"[0-9]+")


def wait(header: str, *, now: datetime) -> timedelta | None:
    """Return the span that the header means, at most LONGEST.

    None for what means none: no header, neither seconds nor a date, a time that is
    over.
    """
    text = header.strip()
    if _SECONDS.fullmatch(text):
        digits = text.lstrip("0") or "0"
        # nobody means such a number, and timedelta does not take it
        span = timedelta(seconds=int(digits)) if len(digits) < 9 else LONGEST
    else:
        try:
            until = parsedate_to_datetime(text)
            # -0000 is UTC of which no zone is known
            span = (until if until.tzinfo else until.replace(tzinfo=UTC)) - now
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
    return min(span, LONGEST) if span > timedelta(0) else None
