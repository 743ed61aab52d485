"""The pages of windows and freezes, and the API beside them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from migrations_app.models import Window
from tests import factories
from tests.api.conftest import Person
from tests.web.conftest import browser_of
from tests.windows.calendar.files import GOOGLE, event

pytestmark = pytest.mark.django_db
# the same days of the week, years from now
LATER = GOOGLE.replace("2027", "2038").replace("2026", "2037")
TYPED = {
    "name": "Saturday <night>",
    "kind": "maintenance",
    "starts": "2030-01-05T22:00",
    "ends": "2030-01-06T06:00",
    "time_zone": "Europe/Berlin",
    "recurrence": "FREQ=WEEKLY;BYDAY=SA",
    "exceptions": "2030-01-12T22:00",
    "zones": "OS1, OS2",
    "reason": "Hosts may be touched.",
}


@pytest.fixture
def operator() -> Client:
    factories.hypervisor("store-01", zone="OS1")
    factories.hypervisor("store-02", zone="OS2")
    return browser_of("otto", "operator")


def frozen_now(**fields: Any) -> dict[str, Any]:
    """Return what the API takes for a freeze that began an hour ago."""
    now = timezone.now().replace(tzinfo=None, second=0, microsecond=0)
    return {
        "name": "Freeze",
        "kind": "freeze",
        "starts": (now - timedelta(hours=1)).isoformat(),
        "ends": (now + timedelta(hours=5)).isoformat(),
        "time_zone": "UTC",
        "reason": "The year’s end.",
        **fields,
    }


def test_a_window_is_made_changed_and_retired_on_the_pages(operator: Client) -> None:
    made = operator.post("/windows/new/", TYPED)
    row = Window.objects.get()
    assert made.headers["Location"] == f"/windows/{row.pk}/"
    assert (row.zones, row.exceptions) == (["OS1", "OS2"], ["2030-01-12T22:00:00"])
    page = operator.get(f"/windows/{row.pk}/").content.decode()
    assert "Saturday &lt;night&gt;" in page
    assert "every week on SA, 22:00–06:00 Europe/Berlin" in page
    form = operator.get(f"/windows/{row.pk}/change/").content.decode()
    assert 'value="2030-01-05T22:00"' in form
    changed = {**TYPED, "ends": "2030-01-06T05:00", "version": "1"}
    assert operator.post(f"/windows/{row.pk}/change/", changed).status_code == 302
    late = operator.post(f"/windows/{row.pk}/change/", changed)
    assert late.status_code == 409
    assert "The window was changed" in late.content.decode()
    assert operator.post(f"/windows/{row.pk}/retire/", {"note": ""}).status_code == 422
    operator.post(f"/windows/{row.pk}/retire/", {"note": "Over."})
    row.refresh_from_db()
    assert not row.active
    assert "Saturday" not in operator.get("/windows/").content.decode()
    assert "Saturday" in operator.get("/windows/?retired=1").content.decode()


@pytest.mark.parametrize(
    "field, value, words",
    [
        ("starts", "yesterday", "is no time"),
        ("starts", "2030-01-05T22:00+01:00", "most 19 characters"),
        ("ends", "2030-01-05T21:00", "ends before it begins"),
        ("recurrence", "FREQ=SECONDLY", "DAILY, WEEKLY"),
        ("time_zone", "Mars/Olympus", "no time zone"),
        ("exceptions", "x", "is no time"),
        ("reason", "", "required"),
    ],
)
def test_the_form_says_what_makes_no_sense_and_keeps_what_was_typed(
    operator: Client, field: str, value: str, words: str
) -> None:
    answer = operator.post("/windows/new/", {**TYPED, field: value})
    assert answer.status_code == 422
    text = answer.content.decode()
    assert words in text
    assert "Hosts may be touched." in text or field == "reason"
    assert not Window.objects.exists()


def test_a_calendar_file_is_shown_before_it_is_taken_in(operator: Client) -> None:
    sent = {"kind": "maintenance", "time_zone": "Europe/Berlin", "zones": "OS1"}
    file = SimpleUploadedFile("a.ics", LATER.encode(), content_type="text/calendar")
    shown = operator.post("/windows/import/", {**sent, "file": file})
    assert "3 new" in shown.content.decode()
    assert not Window.objects.exists()
    sure = {**sent, "text": LATER, "confirm": "yes"}
    operator.post("/windows/import/", sure)
    assert sorted(Window.objects.values_list("kind", flat=True)) == [
        "freeze",
        "maintenance",
        "maintenance",
    ]
    assert set(Window.objects.values_list("reason", flat=True)) >= {
        "Hosts of OS1 may be\ntouched."
    }
    again = operator.post("/windows/import/", sure)
    assert "3 same" in again.content.decode()
    given = operator.get("/windows/novaweb.ics")
    assert given.headers["Content-Type"].startswith("text/calendar")
    back = operator.post(
        "/windows/import/", {**sent, "zones": "", "text": given.content.decode()}
    )
    assert "3 same" in back.content.decode()


@pytest.mark.parametrize(
    "text, words",
    [
        (b"", "Choose a calendar file first"),
        (b"hello", "not a calendar file"),
        (b"x" * (600 * 1024), "larger than"),
    ],
)
def test_a_bad_file_is_a_sentence(operator: Client, text: bytes, words: str) -> None:
    sent: dict[str, Any] = {"kind": "freeze", "time_zone": "UTC"}
    if text:
        sent["file"] = SimpleUploadedFile("a.ics", text)
    answer = operator.post("/windows/import/", sent)
    assert answer.status_code == 422
    assert words in answer.content.decode()


def test_a_cancelled_event_retires_what_was_taken_in(operator: Client) -> None:
    lines = ("DTSTART:20300105T220000Z", "DTEND:20300105T230000Z")
    sent = {"kind": "freeze", "time_zone": "UTC", "confirm": "yes"}
    operator.post("/windows/import/", {**sent, "text": event(*lines).decode()})
    assert Window.objects.get().active
    cancelled = event(*lines, "STATUS:CANCELLED").decode()
    operator.post("/windows/import/", {**sent, "text": cancelled})
    assert not Window.objects.get().active
    again = operator.post("/windows/import/", {**sent, "text": event(*lines).decode()})
    assert "The window was retired in novaweb" in again.content.decode()


def test_freezes_are_seen_where_people_look() -> None:
    person = Person(factories.person("olga", "operator"))
    made = person.post("windows/", frozen_now())
    assert made.status == 201
    assert made.json["next"][0]["begins"] < made.json["next"][0]["ends"]
    factories.hypervisor("compute-30")
    request = factories.request()
    browser = browser_of("rita", "requester")
    for page in ("/windows/", "/hypervisors/compute-30/", f"/requests/{request.pk}/"):
        assert f"/windows/{made.json['id']}/" in browser.get(page).content.decode(), (
            page
        )
    calendar = browser.get("/windows/").content.decode()
    assert 'aria-label="Freeze: 1 time"' in calendar
    assert '<rect class="strip-freeze" x="0.0"' in calendar
    shown = person.get(f"requests/{request.pk}/").json
    assert [each["kind"] for each in shown["conflicts"]] == ["freeze"]
    (found,) = person.get("windows/occurrences/", host="compute-30").json
    assert found["window"] == made.json["id"]
    assert person.get("windows/occurrences/", kind="maintenance").json == []


def test_the_api_takes_and_gives_what_the_pages_do() -> None:
    person = Person(factories.person("anna", "approver"))
    made = person.post("windows/", frozen_now()).json
    path = f"windows/{made['id']}/"
    changed = person.post(f"{path}change/", frozen_now(name="Other"), version=1)
    assert changed.status == 400, "a body and fields: the body counts, without version"
    changed = person.post(f"{path}change/", {**frozen_now(name="Other"), "version": 1})
    assert (changed.status, changed.json["version"]) == (200, 2)
    assert person.post(f"{path}retire/", {"note": "Over."}).json["active"] is False
    assert person.post("windows/", frozen_now(hots=["a"])).status == 400
    bad = person.post("windows/", frozen_now(recurrence="FREQ=HOURLY"))
    assert (bad.status, "DAILY" in bad.detail) == (422, True)
    sent = {"text": LATER, "kind": "freeze"}
    planned = person.post("windows/import/", sent).json
    assert [each["what"] for each in planned] == ["new"] * 3
    assert person.get("windows/", active="true").json["count"] == 0
    assert person.get("windows/", active="false").json["count"] == 1


def test_a_page_asks_as_often_for_thirty_windows_as_for_three(
    operator: Client, django_assert_max_num_queries: Any
) -> None:
    person = Person(factories.person("olga", "operator"))
    for number in range(30):
        person.post("windows/", frozen_now(name=f"Freeze {number}"))
    with django_assert_max_num_queries(20):
        assert operator.get("/windows/").status_code == 200


def test_what_is_different_is_marked_in_words_too() -> None:
    lines = [
        {"kind": "added", "what": "step", "text": "Look <twice>."},
        {"kind": "removed", "what": "command", "step": "Copy.", "text": "rsync -a"},
        {"kind": "changed", "what": "fact", "name": "row", "before": "a", "after": "b"},
    ]
    request = factories.request(differences=lines)
    page = browser_of("rita", "requester").get(f"/requests/{request.pk}/")
    text = page.content.decode()
    for words in ("Look &lt;twice&gt;.", "added:", "removed:", "was: ", "is now: "):
        assert words in text
    person = Person(factories.person("olga", "operator"))
    assert person.get(f"requests/{request.pk}/").json["differences"] == lines
