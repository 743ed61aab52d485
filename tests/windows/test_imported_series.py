"""Calendar files about windows that were imported before, and the lines of previews."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import User

from migrations_app.models import Window
from migrations_app.requests.windows import actions as window_actions
from migrations_app.requests.windows import calendar_files
from migrations_app.requests.windows.calendar_files import EventDefaults, Planned
from tests import factories
from tests.web.conftest import browser_of
from tests.windows.calendar.files import HEAD, TAIL, event

pytestmark = pytest.mark.django_db
SERIES = (
    "DTSTART;TZID=Europe/Berlin:20300105T220000",
    "DTEND;TZID=Europe/Berlin:20300106T060000",
    "RRULE:FREQ=WEEKLY",
)
ONE = "RECURRENCE-ID:20300112T210000Z"
MOVED = ("DTSTART;TZID=Europe/Berlin:20300113T220000", "DURATION:PT4H")
SCOPE = EventDefaults(kind="freeze", time_zone="UTC")


@pytest.fixture
def operator() -> User:
    return factories.person("otto", "operator")


def cancelled(*lines: str) -> bytes:
    """Return a file of one event with METHOD:CANCEL."""
    return event(*lines).replace(b"BEGIN:VEVENT", b"METHOD:CANCEL\r\nBEGIN:VEVENT")


def taken(text: bytes, by: User) -> list[Planned]:
    """Import the file; return the outcome, which the preview has foretold."""
    shown = calendar_files.preview(text, SCOPE, by=by)
    done = calendar_files.take_in(text, SCOPE, by=by)
    assert [each.what for each in done] == [each.what for each in shown]
    return done


def test_a_time_that_is_cancelled_later_is_taken_from_its_window(
    operator: User,
) -> None:
    taken(event(*SERIES), operator)
    (done,) = taken(cancelled(ONE, "DTSTART:20300112T210000Z"), operator)
    assert done.what == "changed"
    assert done.remarks == ("It takes 2030-01-12 22:00 of “Window” out.",)
    assert Window.objects.get().exceptions == ["2030-01-12T22:00:00"]
    (again,) = taken(cancelled(ONE, "DTSTART:20300112T210000Z"), operator)
    assert again.what == "same"
    assert Window.objects.get().version == 2


def test_a_time_that_is_moved_later_is_taken_from_its_window_and_is_one_of_its_own(
    operator: User,
) -> None:
    taken(event(*SERIES), operator)
    (done,) = taken(event(ONE, *MOVED), operator)
    assert done.what == "new"
    series, own = Window.objects.order_by("id")
    assert series.exceptions == ["2030-01-12T22:00:00"]
    assert (own.uid, own.starts) == ("a@test#20300112T220000", "2030-01-13T22:00:00")
    (again,) = taken(event(ONE, *MOVED), operator)
    assert again.what == "same"
    # and cancelled at last
    (gone,) = taken(cancelled(ONE, *MOVED), operator)
    assert gone.what == "retired"
    own.refresh_from_db()
    assert not own.active


def test_all_later_times_leave_their_window(operator: User) -> None:
    taken(event(*SERIES), operator)
    later = "RECURRENCE-ID;RANGE=THISANDFUTURE:20300119T210000Z"
    start = "DTSTART;TZID=Europe/Berlin:20300119T230000"
    (done,) = taken(event(later, start, "DURATION:PT4H"), operator)
    series, own = Window.objects.order_by("id")
    assert done.what == "new"
    assert series.recurrence == "FREQ=WEEKLY;UNTIL=20300119T215959"
    assert (own.starts, own.recurrence) == ("2030-01-19T23:00:00", "FREQ=WEEKLY")


def test_a_time_of_a_series_that_nobody_knows_is_told(operator: User) -> None:
    (gone,) = taken(cancelled(ONE, *MOVED), operator)
    assert gone.what == "left-out"
    assert "neither in the file nor among the windows" in gone.why
    (alone,) = taken(event(ONE, *MOVED), operator)
    assert alone.what == "new"
    assert "only this time is taken" in alone.remarks[0]


def test_a_time_that_its_window_does_not_have_changes_nothing(operator: User) -> None:
    taken(event(*SERIES), operator)
    wrong = ONE.replace("0112", "0113")
    for text in (event(wrong, *MOVED), cancelled(wrong, *MOVED)):
        (done,) = taken(text, operator)
        assert "which that window does not have" in done.why
    row = Window.objects.get()
    window_actions.retire(row.pk, by=operator, note="Over.")
    (done,) = taken(event(ONE, *MOVED), operator)
    assert "retired in novaweb" in done.why


def test_a_moved_time_that_a_file_no_longer_has_stays_and_is_told(
    operator: User,
) -> None:
    taken(event(*SERIES), operator)
    taken(event(ONE, *MOVED), operator)
    (done,) = taken(event(*SERIES), operator)
    told = " ".join(done.remarks)
    assert "does not have these single times of it any more" in told
    assert Window.objects.filter(active=True).count() == 2


def test_both_are_changed_or_neither(
    operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken(event(*SERIES), operator)

    def broken(*_: Any, **__: Any) -> Window:
        raise RuntimeError("no room")

    monkeypatch.setattr(window_actions, "create", broken)
    (done,) = calendar_files.take_in(event(ONE, *MOVED), SCOPE, by=operator)
    assert done.what == "left-out"
    assert "could not be saved (RuntimeError)" in done.why
    assert Window.objects.get().exceptions == []


def test_one_event_that_cannot_be_saved_stops_no_other(
    operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = window_actions.create

    def picky(wish: window_actions.Wish, *, by: User) -> Window:
        if wish.name == "Bad":
            raise RuntimeError("a fault of ours")
        return create(wish, by=by)

    monkeypatch.setattr(window_actions, "create", picky)
    both = event(*SERIES, summary="Bad").decode().removesuffix(TAIL)
    both += event(*SERIES, uid="b@test", summary="Good").decode().removeprefix(HEAD)
    done = calendar_files.take_in(both.encode(), SCOPE, by=operator)
    assert [each.what for each in done] == ["left-out", "new"]
    assert Window.objects.get().name == "Good"


def test_the_preview_has_a_line_for_each_event_with_what_people_should_know() -> None:
    lines = [
        event("DTSTART:20300105T220000", "DURATION:PT1H", summary="Floats"),
        event("DTSTART:20300105T220000Z", uid="b@test", summary="Endless"),
        event(*SERIES, uid="c@test", summary="Weekly"),
        event(ONE, *MOVED, "STATUS:CANCELLED", uid="c@test", summary="Skipped"),
        event(*SERIES, uid="d@test", summary="Für Köln"),
    ]
    body = "".join(
        each.decode().removeprefix(HEAD).removesuffix(TAIL) for each in lines
    )
    browser = browser_of("otto", "operator")
    sent = {
        "kind": "freeze",
        "time_zone": "Europe/Berlin",
        "text": f"{HEAD}{body}{TAIL}",
    }
    page = browser.post("/windows/import/", sent).content.decode()
    assert "3 new, 1 merged, 1 left out" in page
    assert "Its times have no zone: they are read in Europe/Berlin." in page
    assert "It has no end, so it has no duration." in page
    assert "It is cancelled, and so left out: 2030-01-12 22:00 of “Weekly”." in page
    assert not Window.objects.exists()
