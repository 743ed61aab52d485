"""Time zones of calendar files: by name, as a file explains them, as we write them."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from dateutil.tz import tzical

from migrations_app.requests.windows.calendar import (
    ics,
    ics_lines,
    ics_timezones,
    ics_writing,
    ics_written_zones,
)
from migrations_app.requests.windows.calendar.clock_changes import Explained, changes_of
from migrations_app.requests.windows.calendar.ics_writing import Written
from migrations_app.requests.windows.calendar.window import (
    WindowKind,
    WindowRule,
    clock,
)
from tests.windows.calendar.files import HEAD, TAIL, event

OLD_LAW = """BEGIN:VTIMEZONE
TZID:Eastern Standard Time
BEGIN:STANDARD
DTSTART:16010101T020000
TZOFFSETFROM:-0400
TZOFFSETTO:-0500
RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:16010101T020000
TZOFFSETFROM:-0500
TZOFFSETTO:-0400
RRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=4
END:DAYLIGHT
END:VTIMEZONE
"""


def file(zone: str, *lines: str) -> bytes:
    """Return a file with that VTIMEZONE and one event of these lines."""
    return event(*lines).replace(b"BEGIN:VEVENT", zone.encode() + b"BEGIN:VEVENT")


@pytest.mark.parametrize(
    "said, name",
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("europe/BERLIN", "Europe/Berlin"),
        ('"Europe/Berlin"', "Europe/Berlin"),
        (
            "/mozilla.org/20070129_1/America/Argentina/Ushuaia",
            "America/Argentina/Ushuaia",
        ),
        ("/softwarestudio.org/Tzfile/Asia/Kolkata", "Asia/Kolkata"),
        ("tzone://Microsoft/Utc", "UTC"),
        ("TZONE://MICROSOFT/UTC", "UTC"),
        ("W. Europe Standard Time", "Europe/Berlin"),
        ("w. europe standard  time", "Europe/Berlin"),
        ("UTC", "UTC"),
        ("Z", "UTC"),
        ("Coordinated Universal Time", "UTC"),
        ("(UTC) Coordinated Universal Time", "UTC"),
        ("GMT Standard Time", "Europe/London"),
        ("Eastern Standard Time (Mexico)", "America/Cancun"),
        # whether such a sign means east or west is not the same everywhere
        ("GMT+0200", ""),
        ("UTC-05:00", ""),
        ("tzone://Microsoft/Custom", ""),
        ("Customized Time Zone", ""),
        ("Moon/Base", ""),
        # the island is not meant
        ("Our/Cuba", ""),
        ("localtime", ""),
        ("", ""),
    ],
)
def test_a_zone_is_known_by_its_name_in_any_letters(said: str, name: str) -> None:
    assert ics_timezones.name(said) == name


@pytest.mark.parametrize(
    "name",
    [
        "Europe/Berlin",
        "Europe/Dublin",
        "Europe/Moscow",
        "America/New_York",
        "America/Nuuk",
        "Australia/Lord_Howe",
        "Asia/Kolkata",
        "Asia/Jerusalem",
        "Africa/Casablanca",
        "Africa/Cairo",
        "Pacific/Apia",
    ],
)
def test_a_zone_that_is_written_and_read_goes_as_it_did(name: str) -> None:
    text = ics_written_zones.explained(name, 2004).to_ical().decode()
    (calendar,) = ics_lines.calendars(f"{HEAD}{text}{TAIL}")
    (zone,) = calendar.walk("VTIMEZONE")
    assert sum(len(each.parts) for each in calendar.walk("VTIMEZONE")) < 40
    read = ics_timezones.explained(name, zone, (name,))
    minute = timedelta(minutes=1)
    for change in changes_of(name, 2005, 2060):
        for at in (change.at - minute, change.at, change.at + 90 * minute):
            moment = at.replace(tzinfo=UTC)
            assert read.clock(moment) == clock(moment, name)
    assert [it for it in read.differences(name) if it[0].year >= 2004] == []


@pytest.mark.parametrize(
    "name", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"]
)
def test_a_program_that_goes_by_the_file_alone_has_the_right_clocks(name: str) -> None:
    made = WindowRule(
        kind=WindowKind.FREEZE,
        name="Freeze",
        time_zone=name,
        starts=datetime(2026, 3, 7, 22),
        ends=datetime(2026, 3, 8, 6),
    )
    text = ics_writing.write(
        [Written(made, "a@novaweb", 1, datetime(2026, 1, 1, tzinfo=UTC))]
    )
    zone = text.decode().replace("\r\n ", "").replace("\r\n", "\n")
    zone = zone[zone.index("BEGIN:VTIMEZONE") : zone.index("BEGIN:VEVENT")]
    theirs = tzical(io.StringIO(zone)).get(name)
    assert theirs is not None
    for change in changes_of(name, 2026, 2059):
        for minutes in (-1, 0, 30, 90):
            at = (change.at + timedelta(minutes=minutes)).replace(tzinfo=UTC)
            # what comes twice is shown alike, but known to dateutil once
            assert at.astimezone(theirs).replace(tzinfo=None) == at.astimezone(
                ZoneInfo(name)
            ).replace(tzinfo=None), at


def test_the_same_windows_give_the_same_file_and_a_change_a_higher_sequence() -> None:
    made = WindowRule(
        kind=WindowKind.FREEZE,
        name="Freeze",
        time_zone="Europe/Berlin",
        starts=datetime(2026, 3, 7, 22),
        ends=datetime(2026, 3, 8, 6),
    )
    at = datetime(2026, 1, 1, 8, tzinfo=UTC)
    first, second = Written(made, "a@novaweb", 1, at), Written(made, "b@novaweb", 3, at)
    text = ics_writing.write([first, second])
    assert text == ics_writing.write([second, first])
    assert b"SEQUENCE:0" in text
    assert b"SEQUENCE:2" in text
    assert text.count(b"DTSTAMP:20260101T080000Z") == 2


def test_what_a_file_explains_holds_before_the_zone_s_name() -> None:
    # between the old law's summer time and today's
    times = (
        "DTSTART;TZID=Eastern Standard Time:20260320T220000",
        "DTEND;TZID=Eastern Standard Time:20260321T060000",
    )
    (one,) = ics.read(file(OLD_LAW, *times), time_zone="UTC")
    begins = one.starts.replace(tzinfo=ZoneInfo(one.time_zone)).astimezone(UTC)
    assert begins == datetime(2026, 3, 21, 3, tzinfo=UTC)
    assert "otherwise than America/New_York" in one.remarks[0]
    (series,) = ics.read(file(OLD_LAW, *times, "RRULE:FREQ=WEEKLY"), time_zone="UTC")
    assert "no known zone go like that" in series.trouble
    # in summer both laws agree
    late = [each.replace("202603", "202606") for each in times]
    (summer,) = ics.read(
        file(OLD_LAW, *late, "RRULE:FREQ=WEEKLY;COUNT=4"), time_zone="UTC"
    )
    assert (summer.time_zone, summer.remarks) == ("America/New_York", ())


@pytest.mark.parametrize("more", ["", ";BYDAY=-1SU"])
def test_a_rule_may_begin_on_a_leap_day(more: str) -> None:
    text = (
        "BEGIN:VTIMEZONE\nTZID:Office\nBEGIN:STANDARD\nDTSTART:19800229T000000\n"
        "TZOFFSETFROM:+0500\nTZOFFSETTO:+0500\n"
        f"RRULE:FREQ=YEARLY;BYMONTH=2{more}\nEND:STANDARD\nEND:VTIMEZONE\n"
    )
    times = ("DTSTART;TZID=Office:20370105T220000", "DURATION:PT8H")
    (got,) = ics.read(file(text, *times), time_zone="UTC")
    assert (got.time_zone, got.trouble) == ("Asia/Karachi", "")


def test_a_zone_that_cannot_be_read_goes_by_its_name_with_a_remark() -> None:
    broken = OLD_LAW.replace("DTSTART:16010101T020000\n", "", 1)
    times = ["DTSTART;TZID=Eastern Standard Time:20260320T220000", "DURATION:PT1H"]
    (got,) = ics.read(file(broken, *times), time_zone="UTC")
    assert (got.time_zone, got.starts) == (
        "America/New_York",
        datetime(2026, 3, 20, 22),
    )
    assert "cannot be used, so it is America/New_York by its name" in got.remarks[0]
    unnamed = broken.replace("Eastern Standard Time", "Ours")
    times = [each.replace("Eastern Standard Time", "Ours") for each in times]
    (got,) = ics.read(file(unnamed, *times), time_zone="UTC")
    assert "“Ours”, cannot be read" in got.trouble


def test_a_skipped_and_an_ambiguous_time_are_read_as_by_a_name() -> None:
    text = ics_written_zones.explained("Europe/Berlin", 2020).to_ical().decode()
    (calendar,) = ics_lines.calendars(f"{HEAD}{text}{TAIL}")
    (zone,) = calendar.walk("VTIMEZONE")
    read: Explained = ics_timezones.explained("x", zone, ())
    assert read.moment(datetime(2026, 3, 29, 2, 30)) == datetime(
        2026, 3, 29, 1, 30, tzinfo=UTC
    )
    assert read.moment(datetime(2026, 10, 25, 2, 30)) == datetime(
        2026, 10, 25, 0, 30, tzinfo=UTC
    )


def test_an_end_within_the_hour_that_comes_twice_is_kept_to_the_minute() -> None:
    lines = (
        "DTSTART;TZID=Europe/Berlin:20261024T220000",
        "DTEND:20261025T013000Z",
    )
    (got,) = ics.read(event(*lines), time_zone="UTC")
    assert (got.time_zone, got.ends) == ("UTC", datetime(2026, 10, 25, 1, 30))
    assert "kept in UTC" in got.remarks[0]


def test_a_time_in_utc_is_in_utc_though_it_names_a_zone() -> None:
    times = ("DTSTART;TZID=Europe/Berlin:20260103T220000Z", "DURATION:PT2H")
    (got,) = ics.read(event(*times, "RRULE:FREQ=WEEKLY"), time_zone="UTC")
    assert (got.time_zone, got.starts) == ("Europe/Berlin", datetime(2026, 1, 3, 23))
    assert "UTC holds for the start" in got.remarks[0]


def test_days_are_those_of_the_calendar_s_zone_as_the_file_explains_it() -> None:
    zone = OLD_LAW.replace("Eastern Standard Time", "UTC")
    head = "X-WR-TIMEZONE:UTC\r\n"
    (got,) = ics.read(
        file(head + zone, "DTSTART;VALUE=DATE:20260701"), time_zone="Asia/Tokyo"
    )
    assert (got.time_zone, got.starts) == ("America/New_York", datetime(2026, 7, 1))
