"""Checks recurrence rules: the supported part of RFC 5545.

A window recurs daily or less often, and its first start matches the rule. The
unsupported parts (times of day, weeks of the year) would make it recur more often than
intended, or never. dateutil looks for what never comes day by day until the year 9999:
whether the first start matches is asked of a year near that, with the same calendar.
"""

from __future__ import annotations

import re
from calendar import isleap
from datetime import date, datetime
from typing import cast

from dateutil.rrule import rrule, rrulestr

from migrations_app.errors import Unfit
from migrations_app.requests.windows.calendar.window import clock
from migrations_app.wording import whole_number

SEEN = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
PARTS = frozenset(
    {
        "FREQ",
        "INTERVAL",
        "COUNT",
        "UNTIL",
        "BYDAY",
        "BYMONTHDAY",
        "BYMONTH",
        "BYSETPOS",
        "WKST",
    }
)
MOST = 1000  # of INTERVAL and COUNT
LONGEST = 400  # characters
# Within a century the calendar repeats itself, weekdays too, after so many years.
CYCLE = 28
LAST = range(9998 - 2 * CYCLE, 9998 - CYCLE)
_CLOCK = ("BYHOUR", "BYMINUTE", "BYSECOND")
_INSTEAD = " Make a window of its own for each time of day."
_UNTIL = re.compile(r"(\d{8})(?:T(\d{6})(Z?))?")
_NUMBERS = re.compile(r"[+-]?\d{1,3}(,[+-]?\d{1,3}){0,60}")
_DAYS = re.compile(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)")


def clean(text: str, *, starts: datetime, time_zone: str) -> str:
    """Return the RRULE in plain form: UNTIL in local time of ``time_zone``.

    Raises Unfit with the error. An empty text means no recurrence.
    """
    text = text.strip().upper().removeprefix("RRULE:")
    if not text:
        return ""
    if len(text) > LONGEST:
        raise Unfit(f"A recurrence has at most {LONGEST} characters.")
    parts: dict[str, str] = {}
    for each in text.split(";"):
        name, equals, value = each.strip().partition("=")
        if not equals or not value or name in parts:
            raise Unfit(
                f"“{each[:60]}” is no part of a recurrence; it looks like"
                " FREQ=WEEKLY;BYDAY=SA."
            )
        parts[name] = value
    _allow(parts)
    if "UNTIL" in parts:
        parts["UNTIL"] = _until(parts["UNTIL"], starts, time_zone)
    rule = ";".join(f"{name}={value}" for name, value in parts.items())
    _fits(rule, starts)
    return rule


def endless(rule: str) -> bool:
    """Return whether the recurrence has no last occurrence."""
    return bool(rule) and "COUNT=" not in rule and "UNTIL=" not in rule


def starts_of(rule: str, first: datetime) -> rrule:
    """Return all starts of the recurrence, in local time."""
    return cast(rrule, rrulestr(rule, dtstart=first))


def _allow(parts: dict[str, str]) -> None:
    frequency = parts.get("FREQ", "")
    if frequency not in SEEN:
        raise Unfit(
            "A window recurs DAILY, WEEKLY, MONTHLY or YEARLY: begin with FREQ=, such"
            " as FREQ=WEEKLY;BYDAY=SA."
        )
    if unknown := sorted(set(parts) - PARTS):
        raise Unfit(
            f"A window’s recurrence cannot have {unknown[0][:30]}; it may have"
            f" {', '.join(sorted(PARTS))}.{_INSTEAD if unknown[0] in _CLOCK else ''}"
        )
    if "COUNT" in parts and "UNTIL" in parts:
        raise Unfit("Give COUNT or UNTIL, not both.")
    for name in ("INTERVAL", "COUNT"):
        if whole_number(parts.get(name, "1"), least=1, most=MOST) is None:
            raise Unfit(f"{name} is a whole number from 1 to {MOST}.")
    for name, most in (("BYMONTHDAY", 31), ("BYMONTH", 12), ("BYSETPOS", 366)):
        value = parts.get(name, "1")
        numbers = value.split(",") if _NUMBERS.fullmatch(value) else ["0"]
        if any(not 1 <= abs(int(each)) <= most for each in numbers):
            raise Unfit(f"{name} is one or more numbers up to {most}, by commas.")
    days = parts["BYDAY"].split(",") if "BYDAY" in parts else []
    matches = [_DAYS.fullmatch(each) for each in days]
    if len(days) > 40 or not all(matches):
        raise Unfit("BYDAY is one or more of MO, TU, WE, TH, FR, SA and SU, by commas.")
    if frequency in SEEN[:2] and any(match and match[1] for match in matches):
        raise Unfit("Only what recurs MONTHLY or YEARLY has a first or last day.")
    if not _DAYS.fullmatch(parts.get("WKST", "MO")):
        raise Unfit("WKST is one of MO, TU, WE, TH, FR, SA and SU.")


def _until(text: str, starts: datetime, time_zone: str) -> str:
    match = _UNTIL.fullmatch(text)
    if match is None:
        raise Unfit("UNTIL is a day or a time, such as 20271231 or 20271231T220000Z.")
    try:
        at = datetime.strptime(match[1] + (match[2] or "235959"), "%Y%m%d%H%M%S")
        if match[3]:
            at = clock(datetime.fromisoformat(f"{at.isoformat()}+00:00"), time_zone)
    except (ValueError, OverflowError):
        raise Unfit(f"UNTIL={text} is not an existing date.") from None
    if at < starts:
        raise Unfit("Its recurrence ends before it first starts.")
    return at.strftime("%Y%m%dT%H%M%S")


def _fits(rule: str, starts: datetime) -> None:
    """Raise Unfit unless the first start matches the recurrence."""
    endless_rule = re.sub(r";(COUNT|UNTIL)=[^;]*", "", rule)
    years = _like(starts.year) - starts.year
    try:
        late = starts.replace(year=starts.year + years)
        first = next(iter(starts_of(endless_rule, late)), None)
    except (ValueError, TypeError, OverflowError) as error:
        raise Unfit(f"This recurrence is not valid: {error}.") from error
    if first is None:
        raise Unfit(
            f"This recurrence has no occurrence: no day of {CYCLE} years meets all of"
            " its conditions."
        )
    if first != late:
        day = f"{first:%A} {first.year - years}-{first:%m-%d}"
        raise Unfit(
            f"The first start, {starts:%A %Y-%m-%d}, does not match the recurrence; the"
            f" next date that matches is {day}. Change one of the two."
        )


def _like(year: int) -> int:
    """Return a year of ``LAST`` with that year's calendar, and those after it, too.

    A last year of a century that is no leap year is alone in what comes after it.
    """
    begins, leap = date(year, 1, 1).weekday(), isleap(year)
    alike = [
        it for it in LAST if date(it, 1, 1).weekday() == begins and isleap(it) == leap
    ]
    return next((it for it in alike if it % 4 == year % 4), alike[0])
