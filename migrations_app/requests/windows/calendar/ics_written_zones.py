"""Writes the VTIMEZONE of a zone (RFC 5545, 3.6.5).

icalendar 7.3 (cal/timezone.py, from_tzinfo) gives each onset by the clocks after the
change, where the RFC has them before it, and ends with the last year that it was asked
for: a program that goes by that alone is off by the change for an hour, and later for
each summer.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard, vRecur

from migrations_app.requests.windows.calendar.clock_changes import Change, changes_of
from migrations_app.requests.windows.calendar.window import zone

LAST = 2100  # windows end before
_DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_FEW = 3  # fewer changes alike are listed, not made a rule


@lru_cache(maxsize=128)
def explained(name: str, first: int) -> Timezone:
    """Return how the clocks of that zone go, from that year on.

    Changes that come each year by one rule are written as that rule, with its first
    and, if it has ended, its last year; rules in force have no end.
    """
    zoned = Timezone()
    zoned.add("TZID", name)
    changes = changes_of(name, first, LAST)
    begin = datetime(first, 1, 1, tzinfo=UTC).astimezone(zone(name))
    offset = begin.utcoffset() or timedelta(0)
    before = Change(
        at=datetime(first, 1, 1),
        before=offset,
        after=offset,
        name=begin.tzname() or "",
        summer=(begin.dst() or timedelta(0)) > timedelta(0),
    )
    zoned.add_component(_rule([before]))
    alike: dict[tuple[object, ...], list[Change]] = defaultdict(list)
    for each in changes:
        onset = each.at + each.before
        key = (each.before, each.after, each.name, each.summer, onset.month)
        alike[*key, onset.weekday(), onset.time()].append(each)
    rules = [run for group in alike.values() for run in _runs(group)]
    single: dict[tuple[object, ...], list[Change]] = defaultdict(list)
    for run in sorted(rules, key=lambda run: run[0].at):
        if len(run) >= _FEW:
            zoned.add_component(_rule(run))
        else:
            one = run[0]
            single[one.before, one.after, one.name, one.summer] += run
    for listed in single.values():
        zoned.add_component(_rule(listed, listed=True))
    return zoned


def _runs(changes: Sequence[Change]) -> Iterator[list[Change]]:
    """Yield changes of years in a row that come in the same week of their month."""
    run: list[Change] = []
    for each in changes:
        days = [(it.at + it.before).day for it in (*run, each)]
        follows = run and each.at.year == run[-1].at.year + 1
        if run and (not follows or max(days) - min(days) > 6):
            yield run
            run = []
        run.append(each)
    if run:
        yield run


def _rule(
    run: Sequence[Change], *, listed: bool = False
) -> TimezoneStandard | TimezoneDaylight:
    first, last = run[0], run[-1]
    rule = TimezoneDaylight() if first.summer else TimezoneStandard()
    onsets = [each.at + each.before for each in run]
    rule.add("DTSTART", onsets[0])
    rule.TZOFFSETFROM, rule.TZOFFSETTO = first.before, first.after
    rule.add("TZNAME", first.name)
    if listed and len(run) > 1:
        rule.add("RDATE", onsets[1:])
    elif len(run) > 1:
        days = [each.day for each in onsets]
        month = onsets[0].month
        text = f"FREQ=YEARLY;BYMONTH={month};{_days(onsets[0], min(days), max(days))}"
        if last.at.year < LAST - 1:
            text += f";UNTIL={last.at:%Y%m%dT%H%M%SZ}"
        rule.add("RRULE", vRecur.from_ical(text))
    return rule


def _days(onset: datetime, low: int, high: int) -> str:
    """Return the rule's days: the n-th or the last such weekday, or seven dates."""
    day = _DAYS[onset.weekday()]
    length = 29 if onset.month == 2 else 30 if onset.month in (4, 6, 9, 11) else 31
    if low > length - 7:
        return f"BYDAY=-1{day}"
    for number in range(1, 5):
        if 7 * number - 6 <= low and high <= 7 * number:
            return f"BYDAY={number}{day}"
    dates = ",".join(str(each) for each in range(low, low + 7))
    return f"BYDAY={day};BYMONTHDAY={dates}"
