"""Calendar files of others, and our own there and back."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from migrations_app.errors import Unfit
from migrations_app.requests.windows.calendar import ics, ics_writing, occurrences
from migrations_app.requests.windows.calendar.ics_read import Read
from migrations_app.requests.windows.calendar.ics_writing import Written
from migrations_app.requests.windows.calendar.window import WindowKind, WindowRule
from tests.windows.calendar.files import GOOGLE, HEAD, OUTLOOK, TAIL, event

START = "DTSTART;TZID=Europe/Berlin:20260103T220000"
END = "DTEND;TZID=Europe/Berlin:20260104T060000"


def read(text: str | bytes, *, time_zone: str = "Europe/Berlin") -> list[Read]:
    """Return the events of the file."""
    data = text.encode() if isinstance(text, str) else text
    return ics.read(data, time_zone=time_zone)


def test_it_reads_what_google_writes() -> None:
    series, moved, freeze = read(GOOGLE, time_zone="UTC")
    assert (series.name, series.trouble) == ("Saturday night, zone OS1", "")
    assert series.reason == "Hosts of OS1 may be\ntouched."
    assert series.time_zone == "Europe/Berlin"
    assert series.starts == datetime(2026, 1, 3, 22)
    assert series.ends == datetime(2026, 1, 4, 6)
    assert series.recurrence == "FREQ=WEEKLY;UNTIL=20261231T235959;BYDAY=SA"
    assert series.exceptions == tuple(
        datetime(2026, 1, day, 22) for day in (10, 17, 24)
    )
    # a day lasts from midnight to midnight where the calendar is at home
    assert freeze.time_zone == "Europe/Berlin"
    assert (freeze.starts, freeze.ends) == (
        datetime(2026, 12, 24),
        datetime(2027, 1, 2),
    )
    assert freeze.kind is WindowKind.FREEZE
    # one time of the series, elsewhere: a window of its own
    assert moved.starts == datetime(2026, 1, 25)
    assert moved.recurrence == ""
    assert moved.uid != series.uid


def test_it_reads_what_outlook_writes() -> None:
    patch, own = read(OUTLOOK, time_zone="UTC")
    assert patch.time_zone == "Europe/Berlin"
    assert patch.starts == datetime(2026, 1, 11, 22)
    assert patch.recurrence == "FREQ=MONTHLY;UNTIL=20270110T220000;INTERVAL=1;BYDAY=2SU"
    # a zone that only the file explains: the clocks there go as those of New York do
    assert own.time_zone == "America/New_York"
    assert (own.starts, own.ends) == (
        datetime(2026, 6, 1, 22),
        datetime(2026, 6, 2, 0, 30),
    )


@pytest.mark.parametrize(
    "start, zone, clock",
    [
        ("DTSTART:20260103T220000Z", "UTC", datetime(2026, 1, 3, 22)),
        ("DTSTART:20260103T220000", "Asia/Tokyo", datetime(2026, 1, 3, 22)),
        ("DTSTART;VALUE=DATE:20260103", "Asia/Tokyo", datetime(2026, 1, 3)),
        (
            "DTSTART;TZID=/freeassociation.sourceforge.net/Europe/Berlin:20260103T220000",
            "Europe/Berlin",
            datetime(2026, 1, 3, 22),
        ),
        (
            'DTSTART;TZID="Eastern Standard Time":20260103T220000',
            "America/New_York",
            datetime(2026, 1, 3, 22),
        ),
    ],
)
def test_it_knows_the_zone(start: str, zone: str, clock: datetime) -> None:
    (got,) = read(event(start, "DURATION:PT2H"), time_zone="Asia/Tokyo")
    assert (got.trouble, got.time_zone, got.starts) == ("", zone, clock)


def test_an_end_in_another_zone_is_the_same_moment() -> None:
    (got,) = read(event(START, "DTEND:20260104T010000Z"))
    assert got.ends == datetime(2026, 1, 4, 2)


@pytest.mark.parametrize(
    "lines, words",
    [
        ([START], "It has no end"),
        ([END], "It has no start"),
        ([START, END, "RRULE:FREQ=SECONDLY"], "DAILY, WEEKLY"),
        ([START, END, "RRULE:FREQ=MINUTELY"], "DAILY, WEEKLY"),
        ([START, END, "RRULE:FREQ=DAILY;BYHOUR=1,2,3"], "cannot have BYHOUR"),
        ([START, END, "RRULE:FREQ=WEEKLY;BYDAY=MO"], "does not match the recurrence"),
        (
            [START, END, "RRULE:FREQ=DAILY", "EXRULE:FREQ=WEEKLY;BYDAY=SU"],
            "several recurrence rules",
        ),
        (
            [START, END, "RRULE:FREQ=DAILY;COUNT=3", "RRULE:FREQ=WEEKLY;COUNT=3"],
            "several recurrence rules",
        ),
        ([START, "DURATION:-PT1H"], "Its duration, “-PT1H”, is none"),
        ([START, "DURATION:PT1.5H"], "Its duration, “PT1.5H”, is none"),
        ([START, "DURATION:P0D"], "It has no duration"),
        (["DTSTART;TZID=Moon/Base:20260103T220000", "DURATION:PT1H"], "Moon/Base"),
    ],
)
def test_an_event_that_cannot_be_a_window_says_why(
    lines: list[str], words: str
) -> None:
    (got,) = read(event(*lines))
    assert words in got.trouble


@pytest.mark.parametrize(
    "text, words",
    [
        (b"", "not a calendar file"),
        (b"hello", "not a calendar file"),
        (b"\xff\xfe\x00", "not a calendar file"),
        (b"BEGIN:VEVENT\r\nEND:VEVENT\r\n", "not a calendar file"),
        (HEAD.encode(), "not a calendar file"),
        (b"x" * (ics.LARGEST + 1), "larger than"),
        (
            (HEAD + "BEGIN:VEVENT\r\nEND:VEVENT\r\n" * 301 + TAIL).encode(),
            "more than 300 events",
        ),
        (
            (HEAD + "begin:vevent\r\nend:vevent\r\n" * 301 + TAIL).encode(),
            "more than 300 events",
        ),
        (
            (HEAD + "BEGIN:VEV\r\n ENT\r\nEND:VEVENT\r\n" * 301 + TAIL).encode(),
            "more than 300 events",
        ),
        (
            (HEAD + "begin:vtimezone\r\nend:vtimezone\r\n" * 51 + TAIL).encode(),
            "more than 50 time zones",
        ),
    ],
)
def test_what_is_no_calendar_file_is_refused(text: bytes, words: str) -> None:
    with pytest.raises(Unfit, match=words):
        read(text)


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(lambda data: data.replace(b"\r\n", b"\n"), id="LF"),
        pytest.param(lambda data: data.replace(b"\r\n", b"\r"), id="CR"),
        pytest.param(lambda data: data.replace(b"\r\n", b"\r\r\n"), id="CR CR LF"),
        pytest.param(lambda data: b"\xef\xbb\xbf" + data, id="mark"),
        pytest.param(lambda data: b"\r\n\r\n" + data, id="empty lines"),
        pytest.param(lambda data: data.replace(b"\r\n ", b"\r\n\t"), id="tab"),
        pytest.param(lambda data: data.decode().encode("utf-16"), id="UTF-16"),
        pytest.param(lambda data: data.replace(b":VEVENT", b":vevent "), id="blanks"),
        pytest.param(
            lambda data: data + b"\xef\xbb\xbf" + data.replace(b"a@test", b"b@test"),
            id="one behind another, each with its mark",
        ),
    ],
)
def test_lines_end_as_each_system_ends_them(changed: Any) -> None:
    data = event(START, END, summary="Patches f\r\n ür Köln")
    names = {got.name for got in ics.read(changed(data), time_zone="UTC")}
    assert names == {"Patches für Köln"}


def test_a_recurrence_may_say_what_holds_anyway() -> None:
    (got,) = read(event(START, END, "RRULE:RSCALE=GREGORIAN;FREQ=DAILY;SKIP=OMIT"))
    assert (got.recurrence, got.trouble) == ("FREQ=DAILY", "")


def test_a_file_without_events_holds_nothing() -> None:
    assert read(HEAD + TAIL) == []


def test_a_cancelled_event_is_known_as_such() -> None:
    (got,) = read(event(START, END, "STATUS:CANCELLED"))
    assert got.cancelled


def test_a_cancelled_time_of_a_series_is_left_out_of_it() -> None:
    series = event(START, END, "RRULE:FREQ=WEEKLY").decode()
    one = event(
        "DTSTART;TZID=Europe/Berlin:20260110T220000",
        "DTEND;TZID=Europe/Berlin:20260111T060000",
        "RECURRENCE-ID;TZID=Europe/Berlin:20260110T220000",
        "STATUS:CANCELLED",
    ).decode()
    both = series.replace(TAIL, "") + one.replace(HEAD, "")
    got, cancelled = read(both)
    assert got.exceptions == (datetime(2026, 1, 10, 22),)
    assert cancelled.part == (
        "It is cancelled, and so left out: 2026-01-10 22:00 of “Window”."
    )


def test_many_exceptions_and_long_words_take_no_time() -> None:
    days = [f"{month:02}{day:02}" for month in range(1, 13) for day in range(1, 29)]
    left_out = [f"EXDATE:2026{day}T210000Z" for day in days]
    text = event(START, END, "RRULE:FREQ=DAILY", *left_out, summary="x" * 5000)
    begun = time.thread_time()
    (got,) = read(text)
    assert time.thread_time() - begun < 5
    assert len(got.name) == 100
    assert len(got.exceptions) == 336


def rule() -> WindowRule:
    """Return a window that has everything."""
    made = WindowRule(
        kind=WindowKind.FREEZE,
        name="Year's end; “quiet”, please",
        time_zone="Europe/Berlin",
        starts=datetime(2026, 10, 24, 22),
        ends=datetime(2026, 10, 25, 6),
        recurrence="FREQ=WEEKLY;UNTIL=20261231T235959;BYDAY=SA",
        exceptions=(datetime(2026, 10, 31, 22),),
        clouds=frozenset({"pretend"}),
        zones=frozenset({"OS1", "zone, with a comma"}),
        reason="Nobody is here.\nAsk first.",
    )
    return occurrences.checked(made)


@pytest.mark.parametrize("zone", ["Europe/Berlin", "UTC", "Australia/Lord_Howe"])
def test_what_is_given_out_and_taken_in_is_the_same(zone: str) -> None:
    made = occurrences.checked(replace(rule(), time_zone=zone))
    text = ics_writing.write(
        [Written(made, "a@novaweb", 1, datetime(2026, 1, 1, tzinfo=UTC))]
    )
    (got,) = ics.read(text, time_zone="Asia/Tokyo")
    assert got.trouble == ""
    assert (got.uid, got.name, got.reason) == ("a@novaweb", made.name, made.reason)
    assert (got.time_zone, got.starts, got.ends) == (zone, made.starts, made.ends)
    assert got.recurrence == made.recurrence
    assert got.exceptions == made.exceptions
    assert got.kind is made.kind
    assert {k: frozenset(v) for k, v in got.scopes.items()} == {
        "clouds": made.clouds,
        "zones": made.zones,
        "hosts": made.hosts,
    }


def test_its_own_file_explains_its_zones_and_ends_in_utc() -> None:
    text = ics_writing.write(
        [Written(rule(), "a@novaweb", 1, datetime(2026, 1, 1, tzinfo=UTC))]
    ).decode()
    assert "BEGIN:VTIMEZONE" in text
    assert "DTSTART;TZID=Europe/Berlin:20261024T220000" in text
    assert "UNTIL=20261231T225959Z" in text


def test_a_file_that_takes_too_long_is_read_no_further(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ics, "SECONDS", -1.0)
    with pytest.raises(Unfit, match="takes longer than"):
        read(event(START, END))
