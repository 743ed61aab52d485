"""In which zone times are shown, and for how long."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from migrations_app.access import display
from migrations_app.access.display import Display


def test_without_a_row_nothing_was_chosen() -> None:
    assert Display.of((None, None, None, None)) == Display()
    assert Display().zone.key == "UTC"


@pytest.mark.parametrize(
    "name, shown", [("Europe/Berlin", "Europe/Berlin"), ("UTC", ""), ("Mars/Base", "")]
)
def test_a_zone_that_is_not_known_here_is_utc(name: str, shown: str) -> None:
    assert Display.of((name, "iso", 0, "")).zone_name == shown


@pytest.mark.parametrize("name", ["", "Nowhere", "../../etc/passwd", "a" * 5000, "a\0"])
def test_what_names_no_zone_is_none(name: str) -> None:
    assert display.zone(name) is None


def test_the_zone_ends_with_the_page_whatever_it_was_changed_to() -> None:
    before = timezone.get_current_timezone_name()
    with display.times_in():
        display.show_times_in(ZoneInfo("Asia/Tokyo"))
        assert display.shown_zone().key == "Asia/Tokyo"
        assert timezone.get_current_timezone_name() == "Asia/Tokyo"
    assert display.shown_zone().key == "UTC"
    assert timezone.get_current_timezone_name() == before


@pytest.mark.parametrize("year", [1, 9999])
@pytest.mark.parametrize("name", ["America/New_York", "Asia/Tokyo"])
def test_a_moment_at_the_end_of_the_calendar_is_shown_all_the_same(
    year: int, name: str
) -> None:
    month, day, hour = (1, 1, 0) if year == 1 else (12, 31, 23)
    at = datetime(year, month, day, hour, tzinfo=UTC)
    with display.times_in(ZoneInfo(name)):
        shown, zone = display.as_shown(at)
    assert shown == at
    assert zone in (name, "UTC")


@pytest.mark.parametrize("name", ["", "localtime", "Factory", "europe/berlin", "/UTC"])
def test_a_name_that_no_browser_knows_cannot_be_chosen(name: str) -> None:
    assert not display.is_known(name)
    assert display.is_known("Europe/Berlin")
