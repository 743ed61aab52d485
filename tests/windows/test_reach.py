"""What a window matches is said, and one that matches nothing is refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from migrations_app.models import Window
from migrations_app.requests.windows import calendar_files
from migrations_app.requests.windows.calendar_files import EventDefaults
from tests import factories
from tests.api.conftest import Person
from tests.web.conftest import browser_of
from tests.windows.calendar.files import event

pytestmark = pytest.mark.django_db
FREEZE = {
    "name": "Freeze",
    "kind": "freeze",
    "starts": "2037-01-05T22:00",
    "ends": "2037-01-06T06:00",
    "time_zone": "UTC",
    "reason": "The year’s end.",
}
NOTHING = [
    ({"hosts": "compute-30, compute-3O"}, "No host is called “compute-3O”."),
    ({"hosts": "compute-*"}, "No host is called “compute-*”."),
    ({"zones": "OS2"}, "No availability zone is called “OS2”."),
    (
        {"hosts": "compute-30", "zones": "OS1, OS9"},
        "No host of the zone “OS9” is in what else the window names.",
    ),
    (
        {"hosts": "compute-30, compute-90", "zones": "OS1"},
        "The host “compute-90” is not in what else the window names.",
    ),
    (
        {"starts": "2020-01-05T22:00", "ends": "2020-01-06T06:00"},
        "Its last time was over at 2020-01-06 06:00 UTC: nothing falls into it.",
    ),
    (
        {
            "starts": "2020-01-05T22:00",
            "ends": "2020-01-06T06:00",
            "recurrence": "FREQ=DAILY;COUNT=3",
        },
        "Its last time was over at 2020-01-08 06:00 UTC: nothing falls into it.",
    ),
]


@pytest.fixture(autouse=True)
def hosts() -> None:
    factories.hypervisor("compute-30", zone="OS1")
    factories.hypervisor("compute-31", zone="OS1")
    factories.hypervisor("compute-90", zone="OS9")


@pytest.fixture
def browser() -> Client:
    return browser_of("otto", "operator")


@pytest.fixture
def person() -> Person:
    return Person(factories.person("olga", "operator"))


def as_sent(fields: dict[str, str]) -> dict[str, Any]:
    """Return typed fields as the API takes them."""
    lists = ("hosts", "zones")
    return {
        name: value.split(", ") if name in lists else value
        for name, value in {**FREEZE, **fields}.items()
    }


@pytest.mark.parametrize(("fields", "sentence"), NOTHING)
def test_the_form_refuses_what_matches_nothing_unless_told_so(
    browser: Client, fields: dict[str, str], sentence: str
) -> None:
    typed = {**FREEZE, **fields}
    asked = browser.post("/windows/new/", typed)
    assert asked.status_code == 422
    assert sentence in asked.content.decode()
    assert 'name="unmatched"' in asked.content.decode()
    assert not Window.objects.exists()
    agreed = browser.post("/windows/new/", {**typed, "unmatched": "on"})
    assert agreed.status_code == 302
    assert Window.objects.count() == 1


@pytest.mark.parametrize(("fields", "sentence"), NOTHING)
def test_the_api_refuses_what_matches_nothing_unless_told_so(
    person: Person, fields: dict[str, str], sentence: str
) -> None:
    sent = as_sent(fields)
    refused = person.post("windows/", sent)
    assert (refused.status, refused.detail) == (422, sentence)
    assert person.post("windows/", {**sent, "unmatched": True}).status == 201


def test_a_change_to_what_matches_nothing_is_refused_unless_told_so(
    browser: Client, person: Person
) -> None:
    made = person.post("windows/", as_sent({"hosts": "compute-30"}))
    path = f"windows/{made.json['id']}/change/"
    typed = {**FREEZE, "hosts": "compute-3O", "version": "1"}
    asked = browser.post(f"/{path}", typed)
    assert asked.status_code == 422
    assert "No host is called “compute-3O”." in asked.content.decode()
    sent = {**as_sent({"hosts": "compute-3O"}), "version": 1}
    assert person.post(path, sent).status == 422
    assert Window.objects.get().hosts == ["compute-30"]
    assert browser.post(f"/{path}", {**typed, "unmatched": "on"}).status_code == 302
    told = {**sent, "version": 2, "unmatched": True}
    assert person.post(path, told).status == 200


def test_it_says_how_many_hosts_and_open_requests_it_matches(
    browser: Client, person: Person
) -> None:
    factories.request(source="compute-30")
    factories.request(source="compute-31", target="compute-90")
    factories.request(source="compute-90", target="compute-30", state="completed")
    made = browser.post("/windows/new/", {**FREEZE, "zones": "OS1"}, follow=True)
    assert "It matches 2 hosts and 2 open requests now." in made.content.decode()
    number = Window.objects.get().pk
    shown = person.get(f"windows/{number}/").json
    assert shown["matches"] == {"hosts": 2, "open_requests": 2}
    typed = {**FREEZE, "hosts": "compute-90", "version": "1"}
    saved = browser.post(f"/windows/{number}/change/", typed, follow=True)
    assert "It matches 1 host and 1 open request now." in saved.content.decode()


def test_a_window_of_everything_needs_no_host(person: Person) -> None:
    made = person.post("windows/", FREEZE)
    assert (made.status, made.json["matches"]["hosts"]) == (201, 3)


def imported(by: User, *lines: str, **scope: Any) -> tuple[str, str, tuple[str, ...]]:
    """Import a file of one event; return what was done, why, and the remarks."""
    defaults = EventDefaults(kind="freeze", time_zone="UTC", **scope)
    text = event(*lines)
    (shown,) = calendar_files.preview(text, defaults, by=by)
    (done,) = calendar_files.take_in(text, defaults, by=by)
    assert (done.what, done.why) == (shown.what, shown.why)
    return done.what, done.why, done.remarks


TIME = ("DTSTART:20370105T220000Z", "DTEND:20370106T060000Z")
PAST = ("DTSTART:20200105T220000Z", "DTEND:20200106T060000Z")


def test_an_event_that_matches_nothing_is_left_out_unless_told_so() -> None:
    otto = factories.person("otto", "operator")
    typo = {"hosts": ("compute-3O",)}
    left_out = ("left-out", "No host is called “compute-3O”.", ())
    assert imported(otto, *TIME, **typo) == left_out
    what, why, _ = imported(otto, *PAST)
    assert (what, "was over at 2020-01-06 06:00 UTC" in why) == ("left-out", True)
    assert not Window.objects.exists()
    what, _, remarks = imported(otto, *TIME, **typo, unmatched=True)
    assert what == "new"
    assert remarks[-1] == "No host is called “compute-3O”."
    assert imported(otto, *TIME, **typo)[0] == "same"


def test_the_preview_says_what_each_event_matches_and_asks_for_agreement(
    browser: Client,
) -> None:
    sent = {"kind": "freeze", "time_zone": "UTC", "zones": "OS1"}
    text = event(*TIME).decode()
    shown = browser.post("/windows/import/", {**sent, "text": text})
    assert "It matches 2 hosts and 0 open requests now." in shown.content.decode()
    assert 'name="unmatched"' not in shown.content.decode()
    typo = {**sent, "zones": "OS7", "text": text}
    asked = browser.post("/windows/import/", typo).content.decode()
    assert "No availability zone is called “OS7”." in asked
    assert 'name="unmatched"' in asked
    sure = {**typo, "confirm": "yes"}
    browser.post("/windows/import/", sure)
    assert not Window.objects.exists()
    browser.post("/windows/import/", {**sure, "unmatched": "on"})
    assert Window.objects.get().zones == ["OS7"]


def test_the_api_imports_what_matches_nothing_when_told_so(person: Person) -> None:
    sent = {"kind": "freeze", "text": event(*TIME).decode(), "hosts": ["x"]}
    (left,) = person.post("windows/import/", {**sent, "confirm": True}).json
    assert (left["what"], left["why"]) == ("left-out", "No host is called “x”.")
    told = {**sent, "confirm": True, "unmatched": True}
    (new,) = person.post("windows/import/", told).json
    assert new["what"] == "new"


def test_what_a_calendar_ends_does_not_stay_in_force() -> None:
    otto = factories.person("otto", "operator")
    begins = timezone.now() - timedelta(days=9)
    until = begins + timedelta(days=3)
    lines = (f"DTSTART:{begins:%Y%m%dT%H%M}00Z", "DURATION:PT1H")
    assert imported(otto, *lines, "RRULE:FREQ=DAILY")[0] == "new"
    ended = f"RRULE:FREQ=DAILY;UNTIL={until:%Y%m%dT%H%M}00Z"
    what, _, remarks = imported(otto, *lines, ended)
    assert (what, "nothing falls into it" in remarks[-1]) == ("changed", True)
    over_at = Window.objects.get().over_at
    assert over_at is not None
    assert over_at < timezone.now()


def test_an_import_that_would_make_a_freeze_match_nothing_leaves_it() -> None:
    otto = factories.person("otto", "operator")
    assert imported(otto, *TIME, hosts=("compute-30",))[0] == "new"
    what, why, _ = imported(otto, *TIME, hosts=("compute-3O",))
    assert (what, why) == ("left-out", "No host is called “compute-3O”.")
    assert Window.objects.get().hosts == ["compute-30"]


def test_an_event_that_is_moved_goes_along_though_its_host_is_gone() -> None:
    otto = factories.person("otto", "operator")
    gone = {"hosts": ("compute-77",)}
    assert imported(otto, *TIME, **gone, unmatched=True)[0] == "new"
    moved = ("DTSTART:20370107T220000Z", "DTEND:20370108T060000Z")
    assert imported(otto, *moved, **gone)[0] == "changed"
    assert Window.objects.get().starts == "2037-01-07T22:00:00"
