"""Series in calendar files, their single times, and what one bad event spoils."""

from __future__ import annotations

import time
from datetime import datetime

import pytest

from migrations_app.errors import Unfit
from migrations_app.requests.windows.calendar import ics, recurrence
from migrations_app.requests.windows.calendar.ics_read import Read
from tests.windows.calendar.files import HEAD, TAIL, event

START = "DTSTART;TZID=Europe/Berlin:20260103T220000"
END = "DTEND;TZID=Europe/Berlin:20260104T060000"
WEEKLY = (START, END, "RRULE:FREQ=WEEKLY;COUNT=5")
LATER = "RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Berlin:20260117T220000"


def read(*events: bytes, head: str = "") -> list[Read]:
    """Return the events of one file."""
    body = "".join(
        each.decode().removeprefix(HEAD).removesuffix(TAIL) for each in events
    )
    return ics.read(f"{HEAD}{head}{body}{TAIL}".encode(), time_zone="Europe/Berlin")


def moved(day: int, hour: int = 22) -> tuple[str, str]:
    """Return the lines of a start on that day of January, of eight hours."""
    return f"DTSTART;TZID=Europe/Berlin:202601{day:02}T{hour:02}0000", "DURATION:PT8H"


def test_all_later_times_may_begin_at_another_hour() -> None:
    left_out = "EXDATE;TZID=Europe/Berlin:20260110T220000,20260124T220000"
    series, later = read(event(*WEEKLY, left_out), event(LATER, *moved(17, 23)))
    assert series.recurrence == "FREQ=WEEKLY;UNTIL=20260117T215959"
    assert series.exceptions == (datetime(2026, 1, 10, 22),)
    assert (later.uid, later.starts) == (
        "a@test#20260117T220000+",
        datetime(2026, 1, 17, 23),
    )
    assert later.recurrence == "FREQ=WEEKLY;COUNT=3"
    assert later.exceptions == (datetime(2026, 1, 24, 23),)


def test_all_later_times_that_are_cancelled_end_the_series() -> None:
    series, later = read(event(*WEEKLY), event(LATER, *moved(17), "STATUS:CANCELLED"))
    assert series.recurrence == "FREQ=WEEKLY;UNTIL=20260117T215959"
    assert "and all later ones" in later.part


def test_later_times_on_other_days_are_left_out_and_the_series_stays() -> None:
    series, later = read(event(*WEEKLY), event(LATER, *moved(18)))
    assert series.recurrence == "FREQ=WEEKLY;COUNT=5"
    assert "export the whole series again" in later.trouble


@pytest.mark.parametrize(
    "original",
    [
        "RECURRENCE-ID;TZID=Europe/Berlin:20260117T220000",
        "RECURRENCE-ID;TZID=W. Europe Standard Time:20260117T220000",
        "RECURRENCE-ID:20260117T210000Z",
        "RECURRENCE-ID;VALUE=DATE:20260117",
        "RECURRENCE-ID:20260117T220000",
    ],
)
def test_a_moved_time_has_one_uid_however_its_file_writes_it(original: str) -> None:
    series, one = read(event(*WEEKLY), event(original, *moved(18)))
    assert one.uid == "a@test#20260117T220000"
    assert series.exceptions == (datetime(2026, 1, 17, 22),)
    assert one.remarks == ("It stands for 2026-01-17 22:00 of “Window”.",)


def test_a_time_that_the_series_does_not_have_says_so() -> None:
    wrong = "RECURRENCE-ID;TZID=Europe/Berlin:20260118T220000"
    series, one, gone = read(
        event(*WEEKLY),
        event(wrong, *moved(18)),
        event(wrong.replace("18T22", "19T22"), *moved(19), "STATUS:CANCELLED"),
    )
    assert series.exceptions == ()
    assert "which that series does not have" in one.remarks[0]
    assert "which that series does not have" in gone.trouble


def test_an_extra_date_may_be_moved_or_cancelled_too() -> None:
    dates = "RDATE;TZID=Europe/Berlin:20260120T220000,20260121T220000"
    original = "RECURRENCE-ID;TZID=Europe/Berlin:202601{}T220000"
    first, one, gone = read(
        event(START, END, dates),
        event(original.format(20), *moved(22)),
        event(original.format(21), *moved(21), "STATUS:CANCELLED"),
    )
    assert first.trouble == ""
    assert (one.uid, one.starts) == (
        "a@test#20260120T220000",
        datetime(2026, 1, 22, 22),
    )
    assert gone.part != ""


def test_of_two_events_with_one_uid_the_newer_is_taken() -> None:
    old, new = read(
        event(START, END, "SEQUENCE:1", summary="Old"),
        event(START, END, "SEQUENCE:2", summary="New"),
    )
    assert old.trouble == "A newer version of it is in the file."
    assert (new.name, new.trouble) == ("New", "")
    first, second = read(event(START, END), event(START, END))
    assert first.trouble == ""
    assert second.trouble == "Another event of the file has the same UID."


@pytest.mark.parametrize("method", ["REPLY", "COUNTER", "REFRESH", "ADD"])
def test_what_is_no_event_is_left_out(method: str) -> None:
    (got,) = read(event(START, END), head=f"METHOD:{method}\r\n")
    assert f"METHOD:{method}" in got.trouble


@pytest.mark.parametrize(
    "lines",
    [
        ["X-NOVAWEB-SCOPES:" + "[" * 60_000],
        ["X-NOVAWEB-SCOPES:[]"],
        ["EXDATE:yesterday"],
        ["RDATE;VALUE=PERIOD:20260120T220000Z/tomorrow"],
        ["RRULE:FREQ=DAILY;UNTIL=never"],
        ["RRULE:FREQ=DAILY;COUNT=x"],
        ["RECURRENCE-ID:never"],
        ["RRULE:FREQ=DAILY;X-OURS=1"],
    ],
)
def test_one_bad_event_stops_no_other(lines: list[str]) -> None:
    bad, good = read(event(START, END, *lines), event(START, END, uid="b@test"))
    assert bad.trouble != ""
    assert good.trouble == ""


def test_what_is_cancelled_is_found_though_its_times_cannot_be_read() -> None:
    (got,) = read(
        event("DTSTART;TZID=Moon/Base:20260103T220000"), head="METHOD:CANCEL\r\n"
    )
    assert (got.cancelled, got.trouble) == (True, "")


@pytest.mark.parametrize(
    ("start", "zone"),
    [
        ("DTSTART;TZID=America/New_York:20260103T220000", "America/New_York"),
        ("DTSTART;TZID=Pacific/Auckland:20260103T220000", "Pacific/Auckland"),
        ("DTSTART:20260103T220000Z", "UTC"),
    ],
)
def test_a_day_as_the_end_of_a_recurrence_counts_to_its_last_minute(
    start: str, zone: str
) -> None:
    lines = (start, "DURATION:PT1H", "RRULE:FREQ=DAILY;UNTIL=20260105")
    (got,) = read(event(*lines))
    assert got.time_zone == zone
    starts = list(recurrence.starts_of(got.recurrence, got.starts))
    assert starts == [datetime(2026, 1, day, 22) for day in (3, 4, 5)]
    assert "all of it counts" in got.remarks[0]


def test_nobody_sees_signs_that_nobody_can_see() -> None:
    (got,) = read(event(START, END, summary="a\x00b\x1bc"))
    assert got.name == "abc"


@pytest.mark.parametrize("byte", [b"\n", b"\r", b"\r\n", b"\r\n \r\n"])
def test_empty_lines_take_no_time(byte: bytes) -> None:
    text = HEAD.encode() + byte * 80_000 + TAIL.encode()
    begun = time.thread_time()
    assert ics.read(text, time_zone="UTC") == []
    assert time.thread_time() - begun < 60


def test_a_file_that_is_cut_off_is_refused() -> None:
    with pytest.raises(Unfit, match="not a calendar file"):
        ics.read(event(START, END).replace(TAIL.encode(), b""), time_zone="UTC")


@pytest.mark.parametrize(
    "until, last",
    [
        # midnight in Berlin, in UTC, and the last second of the day in UTC
        ("20261226T230000Z", "20261227"),
        ("20261227T000000Z", "20261227"),
        ("20261227T235959Z", "20261227"),
        ("20261227", "20261227"),
        ("20261227T000000", "20261227"),
        # New York’s midnight: none of these, so rounded
        ("20261227T050000Z", "20261227"),
    ],
)
def test_the_end_of_whole_days_is_a_day(until: str, last: str) -> None:
    lines = ("DTSTART;VALUE=DATE:20261224", f"RRULE:FREQ=DAILY;UNTIL={until}")
    (got,) = read(event(*lines))
    assert got.recurrence == f"FREQ=DAILY;UNTIL={last}T235959"
    assert bool(got.remarks) == (until == "20261227T050000Z")


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("TZID=Europe/Berlin:20260110T000000", "2026-01-10"),
        ("VALUE=DATE:20260111", "2026-01-11 22:00"),
        ("TZID=Europe/Berlin:20260110T220000,20260117T210000", "2026-01-17 21:00"),
        ("VALUE=DATE:20260110", ""),
        # as a calendar program leaves them when it splits a series
        ("TZID=Europe/Berlin:20251227T220000,20260207T220000,20260208T000000", ""),
    ],
)
def test_an_exception_that_takes_nothing_out_is_told(given: str, shown: str) -> None:
    (got,) = read(event(*WEEKLY, f"EXDATE;{given}"))
    words = "none of its own, so nothing is left out there:"
    assert got.remarks == (
        (f"It has exceptions at times that are {words} {shown}.",) if shown else ()
    )


def test_an_exception_of_an_extra_time_is_one() -> None:
    extra = "TZID=Europe/Berlin:20260114T220000"
    (got,) = read(event(*WEEKLY, f"RDATE;{extra}", f"EXDATE;{extra}"))
    assert got.remarks == ()


def test_of_an_end_and_a_duration_the_end_counts_and_it_is_told() -> None:
    (got,) = read(event(START, END, "DURATION:PT1H"))
    assert got.ends == datetime(2026, 1, 4, 6)
    assert got.remarks == (
        "It has an end and a duration, which no event may have: the end counts.",
    )
