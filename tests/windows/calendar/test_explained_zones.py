"""Calendar files that explain the zone of their times themselves."""

from __future__ import annotations

from datetime import datetime

import pytest

from migrations_app.errors import Unfit
from migrations_app.requests.windows.calendar.window import moment
from tests.windows.calendar.files import HEAD, TAIL, event
from tests.windows.calendar.test_files import read


def explained(*rules: str, offset: str = "+0000") -> str:
    """Return a file whose one event is in a zone that it explains itself."""
    change = f"DTSTART:19700101T000000\nTZOFFSETFROM:{offset}\nTZOFFSETTO:{offset}\n"
    changes = "".join(
        f"BEGIN:STANDARD\n{change}{rule}\nEND:STANDARD\n".replace("\n\n", "\n")
        for rule in rules
    )
    zone = f"BEGIN:VTIMEZONE\nTZID:Ours\n{changes}END:VTIMEZONE\n"
    times = [
        "DTSTART;TZID=Ours:20260103T220000",
        "DTEND;TZID=Ours:20260104T060000",
    ]
    return event(*times).decode().replace("BEGIN:VEVENT", f"{zone}BEGIN:VEVENT")


def test_what_a_file_says_of_a_zone_holds_for_that_file_alone() -> None:
    read(explained("", offset="-0700"), time_zone="UTC")
    (got,) = read(explained(""), time_zone="UTC")
    assert (got.starts, got.ends) == (
        datetime(2026, 1, 3, 22),
        datetime(2026, 1, 4, 6),
    )


@pytest.mark.parametrize(
    "rule",
    [
        "RRULE:FREQ=DAILY",
        "rrule:freq=monthly",
        "RRULE;X=1:FREQ=YEARLY",
        "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=28;BYDAY=1SU",
        "RRULE:FREQ=YEARLY;BYMONTH=1;BYHOUR=1,2,3",
        "RRULE:FREQ=YEARLY;BYMONTH=1;UNTIL=99991231",
        "RRULE:FREQ=YEARLY;BYMO\n NTH=1;BYDAY=MO,TU",
    ],
)
def test_a_zone_whose_clocks_change_often_or_never_is_not_reckoned(rule: str) -> None:
    other = event("DTSTART:20260103T220000Z", "DURATION:PT2H", uid="b@test").decode()
    both = explained(rule).replace(TAIL, "") + other.replace(HEAD, "")
    left_out, taken = read(both)
    assert "changes its clocks otherwise" in left_out.trouble
    assert (taken.trouble, taken.starts) == ("", datetime(2026, 1, 3, 22))


def test_zones_have_so_many_rules() -> None:
    rule = "RRULE:FREQ=YEARLY;BYMONTH=3;BYMONTHDAY=25,26,27,28,29,30,31;BYDAY=SU"
    assert read(explained(rule), time_zone="UTC")
    with pytest.raises(Unfit, match="more than 200 rules"):
        read(explained(*[""] * 201))


@pytest.mark.parametrize(("day", "begins"), [("0214", 21), ("0711", 20), ("1205", 21)])
def test_before_the_first_change_of_a_file_the_zone_that_it_names_holds(
    day: str, begins: int
) -> None:
    """Some programs explain the next two changes and those after them alone."""
    zone = """BEGIN:VTIMEZONE
TZID:Europe/Berlin
BEGIN:STANDARD
DTSTART:20261025T030000
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:20270328T020000
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
END:VTIMEZONE
"""
    start = f"DTSTART;TZID=Europe/Berlin:2026{day}T220000"
    text = event(start, "DURATION:PT8H", "RRULE:FREQ=WEEKLY").decode()
    (got,) = read(text.replace("BEGIN:VEVENT", f"{zone}BEGIN:VEVENT"))
    assert (got.trouble, got.remarks, got.time_zone) == ("", (), "Europe/Berlin")
    assert moment(got.starts, got.time_zone).hour == begins
