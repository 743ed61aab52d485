"""When windows are: recurrences, time zones, and the nights in which clocks change."""

from __future__ import annotations

import calendar
import time
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from migrations_app.errors import Unfit
from migrations_app.requests.windows.calendar import occurrences, recurrence
from migrations_app.requests.windows.calendar.window import (
    WindowKind,
    WindowRule,
    clock,
    moment,
)


def at(text: str) -> datetime:
    """Return the moment of that text, in UTC unless it says otherwise."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def rule(starts: str, ends: str, recurrence: str = "", **more: Any) -> WindowRule:
    """Return a freeze in Berlin, checked as one that a person makes."""
    values: dict[str, Any] = {
        "kind": WindowKind.FREEZE,
        "name": "Year's end",
        "time_zone": "Europe/Berlin",
        **more,
    }
    begin, end = datetime.fromisoformat(starts), datetime.fromisoformat(ends)
    return occurrences.checked(
        WindowRule(starts=begin, ends=end, recurrence=recurrence, **values)
    )


def days(made: WindowRule, since: str, until: str) -> list[str]:
    """Return the days on which it starts, by its own clock."""
    found = occurrences.between(made, at(since), at(until))
    return [f"{each.start:%m-%d}" for each in found]


@pytest.mark.parametrize(
    "zone, wall, utc",
    [
        # 02:30 comes twice: the first
        ("Europe/Berlin", "2026-10-25T02:30", "2026-10-25T00:30"),
        ("Europe/Berlin", "2026-10-25T03:00", "2026-10-25T02:00"),
        # 02:30 does not come: as long after the change as it would have been
        ("Europe/Berlin", "2026-03-29T02:30", "2026-03-29T01:30"),
        ("America/New_York", "2026-11-01T01:30", "2026-11-01T05:30"),
        ("America/New_York", "2026-03-08T02:30", "2026-03-08T07:30"),
        # by half an hour, and in October into summer
        ("Australia/Lord_Howe", "2026-04-05T01:45", "2026-04-04T14:45"),
        ("Australia/Lord_Howe", "2026-10-04T02:15", "2026-10-03T15:45"),
        ("UTC", "2026-10-25T02:30", "2026-10-25T02:30"),
    ],
)
def test_a_clock_s_time_is_one_moment(zone: str, wall: str, utc: str) -> None:
    assert moment(datetime.fromisoformat(wall), zone) == at(utc)


def test_a_skipped_time_shows_as_the_time_that_comes_instead() -> None:
    shown = clock(
        moment(datetime(2026, 3, 29, 2, 30), "Europe/Berlin"), "Europe/Berlin"
    )
    assert shown == datetime(2026, 3, 29, 3, 30)


@pytest.mark.parametrize(
    "zone, starts, ends, hours",
    [
        ("Europe/Berlin", "2026-10-24T22:00", "2026-10-25T06:00", 9),
        ("Europe/Berlin", "2026-03-28T22:00", "2026-03-29T06:00", 7),
        ("Europe/Berlin", "2026-10-25T02:30", "2026-10-25T03:00", 1.5),
        # the whole of it is skipped: it keeps its length, after the change
        ("Europe/Berlin", "2026-03-29T02:10", "2026-03-29T02:50", 2 / 3),
        # what is left of it would end before it begins
        ("Europe/Berlin", "2026-03-29T02:30", "2026-03-29T03:15", 0.75),
        ("Australia/Lord_Howe", "2026-04-04T22:00", "2026-04-05T06:00", 8.5),
        ("America/New_York", "2026-10-31T22:00", "2026-11-01T06:00", 9),
    ],
)
def test_it_lasts_until_its_end_by_the_clock(
    zone: str, starts: str, ends: str, hours: float
) -> None:
    made = rule(starts, ends, time_zone=zone)
    (found,) = occurrences.between(made, at("2026-01-01"), at("2027-01-01"))
    assert found.ends - found.begins == timedelta(hours=hours)


def test_it_starts_at_the_same_clock_s_time_in_summer_and_in_winter() -> None:
    made = rule("2026-10-24T22:00", "2026-10-25T02:00", "FREQ=DAILY;COUNT=3")
    found = occurrences.between(made, at("2026-10-01"), at("2026-11-01"))
    assert [each.begins for each in found] == [
        at("2026-10-24T20:00"),
        at("2026-10-25T21:00"),
        at("2026-10-26T21:00"),
    ]


@pytest.mark.parametrize(
    "starts, recurrence, expected",
    [
        ("2026-01-03", "FREQ=WEEKLY;BYDAY=SA", "01-03 01-10 01-17 01-24 01-31"),
        (
            "2026-01-03",
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=SA,SU",
            "01-03 01-04 01-17 01-18 01-31",
        ),
        ("2026-01-10", "RRULE:FREQ=MONTHLY;BYDAY=2SA", "01-10"),
        ("2026-01-31", "FREQ=MONTHLY;BYMONTHDAY=-1", "01-31"),
        ("2025-01-30", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2", "01-29"),
        ("2026-01-05", "freq=daily;until=20260107", "01-05 01-06 01-07"),
        # until the very start, in the time that calendars give it
        ("2026-01-05", "FREQ=DAILY;UNTIL=20260106T210000Z", "01-05 01-06"),
        ("2026-01-05", "FREQ=DAILY;UNTIL=20260106T205959Z", "01-05"),
        ("2020-01-20", "FREQ=YEARLY", "01-20"),
        ("2024-02-29", "FREQ=YEARLY", ""),
    ],
)
def test_it_recurs(starts: str, recurrence: str, expected: str) -> None:
    made = rule(f"{starts}T22:00", f"{starts}T23:00", recurrence)
    assert days(made, "2026-01-01", "2026-02-01") == expected.split()


def test_what_is_left_out_does_not_come() -> None:
    made = rule(
        "2026-01-03T22:00",
        "2026-01-03T23:00",
        "FREQ=DAILY;COUNT=3",
        exceptions=(datetime(2026, 1, 4, 22), datetime(2026, 1, 5, 22)),
    )
    assert days(made, "2026-01-01", "2026-02-01") == ["01-03"]
    assert occurrences.over_at(made) == at("2026-01-03T22:00")


@pytest.mark.parametrize(
    "recurrence, over",
    [
        ("", "2026-01-03T22:00"),
        ("FREQ=WEEKLY", None),
        ("FREQ=WEEKLY;COUNT=2", "2026-01-10T22:00"),
        ("FREQ=WEEKLY;UNTIL=20260110", "2026-01-10T22:00"),
        ("FREQ=WEEKLY;UNTIL=20260110T205959Z", "2026-01-03T22:00"),
    ],
)
def test_it_is_over_with_its_last_time(recurrence: str, over: str | None) -> None:
    made = rule("2026-01-03T22:00", "2026-01-03T23:00", recurrence)
    assert occurrences.over_at(made) == (at(over) if over else None)


def test_it_is_seen_while_it_goes_on_across_the_end_of_a_month() -> None:
    made = rule("2026-01-28T22:00", "2026-02-04T06:00", "FREQ=MONTHLY;BYMONTHDAY=28")
    assert days(made, "2026-02-03", "2026-02-04") == ["01-28"]
    assert days(made, "2026-02-04T05:00", "2026-02-05") == []


@pytest.mark.parametrize(
    "recurrence, words",
    [
        ("FREQ=SECONDLY", "DAILY, WEEKLY"),
        ("FREQ=MINUTELY;INTERVAL=5", "DAILY, WEEKLY"),
        ("FREQ=HOURLY", "DAILY, WEEKLY"),
        ("FREQ=DAILY;BYHOUR=0,1,2;BYMINUTE=0,1", "cannot have BYHOUR"),
        ("FREQ=DAILY;BYHOUR=0,1", "a window of its own for each time of day"),
        ("FREQ=DAILY;X-OURS=1", "cannot have X-OURS; .* UNTIL, WKST\\.$"),
        ("FREQ=DAILY;BYSECOND=0", "cannot have BYSECOND"),
        ("FREQ=YEARLY;BYWEEKNO=1", "cannot have BYWEEKNO"),
        ("FREQ=DAILY;COUNT=1000000", "COUNT is a whole number"),
        ("FREQ=DAILY;COUNT=0", "COUNT is a whole number"),
        ("FREQ=DAILY;INTERVAL=-1", "INTERVAL is a whole number"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20300101", "not both"),
        ("FREQ=DAILY;UNTIL=20200101", "ends before it first starts"),
        ("FREQ=DAILY;UNTIL=20260231", "not an existing date"),
        ("FREQ=DAILY;UNTIL=tomorrow", "UNTIL is a day"),
        ("FREQ=WEEKLY;BYDAY=XX", "BYDAY is one or more"),
        ("FREQ=WEEKLY;BYDAY=2SA", "first or last day"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY is one or more"),
        ("FREQ=YEARLY;BYMONTH=13", "BYMONTH is one or more"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "has no occurrence"),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "has no occurrence"),
        ("FREQ=WEEKLY;BYDAY=SU", "the next date that matches is Sunday 2026-01-04"),
        ("FREQ=WEEKLY;FREQ=DAILY", "no part of a recurrence"),
        ("every Saturday", "no part of a recurrence"),
        ("FREQ=WEEKLY;" * 60, "at most 400"),
    ],
)
def test_it_refuses_a_recurrence_that_makes_no_sense(
    recurrence: str, words: str
) -> None:
    begun = time.monotonic()
    with pytest.raises(Unfit, match=words):
        rule("2026-01-03T22:00", "2026-01-03T23:00", recurrence)
    assert time.monotonic() - begun < 10, "dateutil looks until the year 9999"


@pytest.mark.parametrize(
    "starts, ends, more, words",
    [
        ("2026-01-03T22:00", "2026-01-03T22:00", {}, "ends before it begins"),
        ("2026-01-03T22:00", "2027-02-01T22:00", {}, "at most 366 days"),
        ("1999-01-03T22:00", "1999-01-03T23:00", {}, "2000 and 2100"),
        ("2026-01-03T22:00", "2100-01-03T23:00", {}, "2000 and 2100"),
        ("2026-01-03", "2026-01-04", {"time_zone": "Mars/Olympus"}, "Mars/Olympus"),
        ("2026-01-03", "2026-01-04", {"time_zone": "../../etc/passwd"}, "no time zone"),
        ("2026-01-03", "2026-01-04", {"time_zone": ""}, "no time zone"),
        ("2026-01-01", "2026-02-05", {"recurrence": "FREQ=YEARLY"}, "at most 31 days"),
        (
            "2026-01-03",
            "2026-01-04",
            {
                "recurrence": "FREQ=DAILY;COUNT=2",
                "exceptions": (datetime(2026, 1, 3), datetime(2026, 1, 4)),
            },
            "leave no occurrence",
        ),
        (
            "2026-01-03",
            "2026-01-04",
            {"exceptions": (datetime(2026, 1, 3),) * 501},
            "at most 500",
        ),
    ],
)
def test_it_refuses_what_cannot_be(
    starts: str, ends: str, more: dict[str, Any], words: str
) -> None:
    with pytest.raises(Unfit, match=words):
        rule(starts, ends, **more)


def test_what_overlaps_or_touches_is_one_span() -> None:
    first = rule("2026-01-03T10:00", "2026-01-03T12:00", time_zone="UTC")
    second = rule("2026-01-03T12:00", "2026-01-03T13:00", time_zone="UTC")
    third = rule("2026-01-03T15:00", "2026-01-03T16:00", time_zone="UTC")
    found = occurrences.all_between(
        [third, second, first], at("2026-01-01"), at("2026-02-01")
    )
    assert occurrences.merged(found) == [
        (at("2026-01-03T10:00"), at("2026-01-03T13:00")),
        (at("2026-01-03T15:00"), at("2026-01-03T16:00")),
    ]


def test_a_daily_rule_of_many_years_costs_little_when_asked_again() -> None:
    made = rule("2001-01-01T22:00", "2001-01-02T06:00", "FREQ=DAILY")
    occurrences.between(made, at("2026-01-01"), at("2026-01-31"))
    begun = time.perf_counter()
    for _ in range(20):
        assert len(occurrences.between(made, at("2026-01-01"), at("2026-01-31"))) == 31
    assert time.perf_counter() - begun < 1


def test_what_never_comes_is_not_searched_for() -> None:
    begun = time.process_time()
    for rule in (
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;BYMONTH=4;BYMONTHDAY=31;BYDAY=MO",
        "FREQ=WEEKLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;BYSETPOS=2",
        "FREQ=YEARLY;BYDAY=1MO;BYMONTHDAY=20;BYMONTH=1",
    ) * 2:
        with pytest.raises(Unfit, match="has no occurrence"):
            recurrence.clean(rule, starts=datetime(2026, 1, 3), time_zone="UTC")
    assert time.process_time() - begun < 3


@pytest.mark.parametrize("year", [1601, 2000, 2026, 2028, 2099, 2100, 9999])
def test_a_year_is_looked_at_in_one_of_the_same_calendar(year: int) -> None:
    like = recurrence._like(year)
    assert like in recurrence.LAST
    assert calendar.isleap(like) == calendar.isleap(year)
    assert date(like, 1, 1).weekday() == date(year, 1, 1).weekday()


def test_a_leap_day_that_comes_later_is_named() -> None:
    with pytest.raises(Unfit, match="matches is Tuesday 2028-02-29"):
        recurrence.clean(
            "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29",
            starts=datetime(2026, 2, 28),
            time_zone="UTC",
        )
