"""Calculates the occurrences of a window, and its first and last moment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import chain, islice

from migrations_app.errors import Unfit
from migrations_app.requests.windows.calendar import recurrence
from migrations_app.requests.windows.calendar.window import (
    Occurrence,
    WindowKind,
    WindowRule,
    occurrence,
    zone,
)

EARLIEST, LATEST = datetime(2000, 1, 1), datetime(2100, 1, 1)
LONGEST_ONCE = timedelta(days=366)
LONGEST_RECURRING = timedelta(days=31)
MOST_EXCEPTIONS = 500
# More than any zone is away from UTC, and than clocks are ever changed by.
SLACK = timedelta(days=1)


def checked(rule: WindowRule) -> WindowRule:
    """Return the rule with its recurrence in plain form. Raises Unfit."""
    zone(rule.time_zone)
    for each in (rule.starts, rule.ends):
        if not EARLIEST <= each < LATEST:
            raise Unfit("A window lies between the years 2000 and 2100.")
    if rule.ends <= rule.starts:
        raise Unfit("The window ends before it begins.")
    longest = LONGEST_RECURRING if rule.recurrence.strip() else LONGEST_ONCE
    if rule.length > longest:
        words = "each time " if rule.recurrence.strip() else ""
        raise Unfit(f"A window lasts {words}at most {longest.days} days.")
    if len(rule.exceptions) > MOST_EXCEPTIONS:
        raise Unfit(
            f"A window has at most {MOST_EXCEPTIONS} exceptions: end it and create a"
            " new one."
        )
    plain = recurrence.clean(
        rule.recurrence, starts=rule.starts, time_zone=rule.time_zone
    )
    left_out = tuple(sorted(set(rule.exceptions))) if plain else ()
    rule = replace(rule, recurrence=plain, exceptions=left_out)
    if last(rule) is None and not recurrence.endless(plain):
        raise Unfit("The exceptions leave no occurrence of this window.")
    return rule


def last(rule: WindowRule) -> Occurrence | None:
    """Return the last occurrence; None if it is endless or has no occurrence."""
    if not rule.recurrence:
        return occurrence(rule, rule.starts)
    if recurrence.endless(rule.recurrence):
        return None
    starts = recurrence.starts_of(rule.recurrence, rule.starts)
    # COUNT is bounded, and UNTIL lies before LATEST for all that can come
    left_out = set(rule.exceptions)
    kept = [start for start in _until(starts, LATEST) if start not in left_out]
    return occurrence(rule, kept[-1]) if kept else None


def over_at(rule: WindowRule) -> datetime | None:
    """Return the end of the last occurrence, in UTC; None if endless."""
    found = last(rule)
    return found.ends if found else None


def between(rule: WindowRule, begin: datetime, end: datetime) -> list[Occurrence]:
    """Return the occurrences that overlap [begin, end), in order."""
    months = chain.from_iterable(_of_month(rule, m) for m in _months(rule, begin, end))
    return [each for each in months if each.begins < end and each.ends > begin]


def all_between(
    rules: Iterable[WindowRule], begin: datetime, end: datetime
) -> list[Occurrence]:
    """Return the occurrences of all the rules, ordered by their begin."""
    found = chain.from_iterable(between(rule, begin, end) for rule in rules)
    return sorted(found, key=lambda each: (each.begins, each.ends, each.rule.name))


def merged(
    occurrences: Iterable[Occurrence], *, kind: WindowKind | None = None
) -> list[tuple[datetime, datetime]]:
    """Return the covered times as spans that do not touch each other."""
    spans: list[tuple[datetime, datetime]] = []
    wanted = (o for o in occurrences if kind is None or o.rule.kind is kind)
    for each in sorted(wanted, key=lambda each: each.begins):
        if spans and each.begins <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], each.ends))
        else:
            spans.append((each.begins, each.ends))
    return spans


def _months(rule: WindowRule, begin: datetime, end: datetime) -> list[tuple[int, int]]:
    """Return the months, in local time, in which such occurrences may start."""
    if not rule.recurrence:
        return [(rule.starts.year, rule.starts.month)]
    first = (begin.astimezone(UTC) - rule.length - SLACK).replace(tzinfo=None)
    until = (end.astimezone(UTC) + SLACK).replace(tzinfo=None)
    first, until = max(first, rule.starts), min(until, LATEST)
    count = (until.year - first.year) * 12 + until.month - first.month + 1
    numbers = range(first.month - 1, first.month - 1 + count)
    return [(first.year + n // 12, n % 12 + 1) for n in numbers]


@lru_cache(maxsize=2048)
def _of_month(rule: WindowRule, month: tuple[int, int]) -> tuple[Occurrence, ...]:
    """Return the starts in that month, in local time; cached."""
    if not rule.recurrence:
        return (occurrence(rule, rule.starts),)
    begin = datetime(*month, 1)
    end = (begin + timedelta(days=32)).replace(day=1)
    found = recurrence.starts_of(rule.recurrence, rule.starts)
    starts = found.xafter(begin, inc=True)
    return tuple(
        occurrence(rule, start)
        for start in islice(_until(starts, end), 31)
        if start not in rule.exceptions
    )


def _until(starts: Iterable[datetime], end: datetime) -> Iterable[datetime]:
    for each in starts:
        if each >= end:
            return
        yield each
