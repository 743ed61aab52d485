"""The own account: who one is, and how pages show times and lists to one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from migrations_app.models import (
    AuditEntry,
    Delegation,
    Display,
    ExternalIdentity,
)
from tests import factories
from tests.web.conftest import browser_of

pytestmark = pytest.mark.django_db
AT = datetime(2026, 7, 1, 22, 30, 5, tzinfo=UTC)
CHOICES = {"time_zone": "Europe/Berlin", "dates": "iso", "rows": "20", "theme": "dark"}


def text(client: Client, path: str = "/account/", **query: Any) -> str:
    answer = client.get(path, query)
    assert answer.status_code == 200
    return str(answer.content.decode())


def in_zone(client: Client, name: str, zone: str = "Europe/Berlin") -> Client:
    """Let the person of that client have chosen the zone."""
    Display.objects.create(person=User.objects.get(username=name), time_zone=zone)
    return client


def test_it_says_who_one_is_and_leads_to_all_that_is_ones_own(
    approver: Client,
) -> None:
    page = text(approver)
    assert "Your account: anna" in page
    assert "<dd>approver</dd>" in page
    assert "an administrator of novaweb</dd>" in page
    for path in ("password", "second-factor", "sessions"):
        assert f'href="/account/{path}/"' in page
    for path in ("/notices/choices/", "/tokens/", "/delegations/"):
        assert f'href="{path}"' in page
    assert 'href="/account/"' in text(approver, "/")  # below the name


def test_it_says_where_roles_come_from() -> None:
    client = browser_of("olga", "operator")
    source = "https://id.example.org"
    ExternalIdentity.objects.create(
        person=User.objects.get(username="olga"), source=source, subject="1"
    )
    assert f"{source}: your roles follow your groups there" in text(client)


def test_it_names_rights_that_were_delegated_both_ways(approver: Client) -> None:
    anna, bert = User.objects.get(username="anna"), factories.person("bert", "approver")
    now = timezone.now()
    for giver, taker in ((anna, bert), (bert, anna)):
        Delegation.objects.create(
            giver=giver,
            giver_name=giver.username,
            taker=taker,
            taker_name=taker.username,
            reason="Holidays.",
            starts_at=now - timedelta(days=1),
            ends_at=now + timedelta(days=1),
            made_at=now,
        )
    page = text(approver)
    assert "You delegated yours to bert" in page
    assert "bert delegated the right to approve to you." in page


def test_who_has_no_role_yet_has_an_account(db: None) -> None:
    assert "none yet: ask an administrator" in text(browser_of("new"))


def test_choices_are_kept_and_recorded_once(operator: Client) -> None:
    for _ in range(2):
        answer = operator.post("/account/", CHOICES)
        assert (answer.status_code, answer["Location"]) == (302, "/account/")

    row = Display.objects.get(person__username="otto")
    assert (row.time_zone, row.dates, row.rows, row.theme) == (
        *("Europe/Berlin", "iso", 20, "dark"),
    )
    entry = AuditEntry.objects.get(verb="account.display")
    assert entry.before == {"name": "otto", "time_zone": "", "rows": 0, "theme": ""}
    assert entry.after == {
        **{"name": "otto", "time_zone": "Europe/Berlin", "rows": 20, "theme": "dark"}
    }
    page = text(operator)
    assert 'value="Europe/Berlin"' in page
    assert 'data-bs-theme="dark" data-theme="dark" data-zone="Europe/Berlin"' in page


@pytest.mark.parametrize(
    "wrong, says",
    [
        ({"time_zone": "Mars/Base"}, "There is no time zone “Mars/Base” here"),
        ({"rows": "7"}, "not one of the available choices"),
        ({"dates": "never"}, "not one of the available choices"),
        ({"theme": "pink"}, "not one of the available choices"),
    ],
)
def test_what_there_is_not_is_refused_and_nothing_kept(
    operator: Client, wrong: dict[str, str], says: str
) -> None:
    answer = operator.post("/account/", {**CHOICES, **wrong})
    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert not Display.objects.exists()


def test_times_are_shown_in_ones_zone_and_to_others_in_utc(
    operator: Client, approver: Client
) -> None:
    factories.request(asked_at=AT)
    in_zone(operator, "otto")
    assert ">2026-07-02 00:30</time>" in text(operator, "/requests/")
    assert ">2026-07-01 22:30</time>" in text(approver, "/requests/")
    assert timezone.get_current_timezone_name() == "UTC"


@pytest.mark.parametrize(
    "zone, kept", [("Europe/Berlin", "20:30"), ("Asia/Kolkata", "17:00")]
)
def test_typed_times_are_of_ones_zone(approver: Client, zone: str, kept: str) -> None:
    factories.person("bert", "approver")
    in_zone(approver, "anna", zone)
    assert f"From ({zone})" in text(approver, "/delegations/")
    year = timezone.now().year + 1
    sent = {
        "to": "bert",
        "starts_at": f"{year}-07-01T22:30",
        "ends_at": f"{year}-07-02T22:30",
        "reason": "Holidays.",
    }
    assert approver.post("/delegations/", sent).status_code == 302
    assert f"{Delegation.objects.get().starts_at:%H:%M}" == kept


@pytest.mark.parametrize(
    "typed, says",
    [
        ("2026-10-25T02:30", "may be ambiguous or it may not exist"),
        ("2026-03-29T02:30", "may be ambiguous or it may not exist"),
        ("0001-01-01T00:30", "Give a time between the years 1900 and 9000."),
        ("9999-12-31T23:59", "Give a time between the years 1900 and 9000."),
    ],
)
@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
def test_a_time_that_clocks_show_twice_or_never_is_refused(
    approver: Client, typed: str, says: str, zone: str
) -> None:
    if zone == "America/New_York":  # they are changed at other times there
        typed = typed.replace("10-25T02:30", "11-01T01:30").replace("03-29", "03-08")
    factories.person("bert", "approver")
    in_zone(approver, "anna", zone)
    sent = {
        "to": "bert",
        "starts_at": typed,
        "ends_at": "2027-01-01T02:30",
        "reason": "Holidays.",
    }
    answer = approver.post("/delegations/", sent)
    assert answer.status_code == 422
    assert says in answer.content.decode()


def test_without_a_choice_typed_times_are_utc_as_the_label_says_wherever_the_site_is(
    approver: Client, settings: Any
) -> None:
    settings.TIME_ZONE = "Europe/Berlin"
    factories.person("bert", "approver")
    assert "From (UTC)" in text(approver, "/delegations/")
    year = timezone.now().year + 1
    sent = {
        "to": "bert",
        "starts_at": f"{year}-07-01T22:30",
        "ends_at": f"{year}-07-02T22:30",
        "reason": "Holidays.",
    }
    assert approver.post("/delegations/", sent).status_code == 302
    starts = Delegation.objects.get().starts_at.astimezone(UTC)
    assert f"{starts:%H:%M}" == "22:30"


def test_a_search_of_the_trail_means_the_same_to_all_who_share_its_address(
    auditor: Client,
) -> None:
    entry = factories.audit_entry(at=AT)
    in_zone(auditor, "aude", "Asia/Tokyo")
    page = text(auditor, "/audit/", since="2026-07-01T22:30")
    assert "Since (UTC)" in page
    assert 'value="2026-07-01T22:30"' in page
    assert f"/audit/{entry.pk}/" in page
    page = text(auditor, "/audit/", since="2026-07-01T22:31")
    assert f"/audit/{entry.pk}/" not in page


def test_what_is_filed_and_what_goes_by_days_is_in_utc(auditor: Client) -> None:
    row = factories.request(asked_at=AT)
    entry = factories.audit_entry(at=AT, request_number=row.pk)
    in_zone(auditor, "aude", "Asia/Tokyo")
    for path in (
        f"/requests/{row.pk}/evidence/",
        f"/audit/timelines/request/{row.pk}/",
    ):
        page = text(auditor, path)
        assert 'data-times="utc"' in page
        assert "22:30:05</time>" in page
        assert "07:30:05</time>" not in page
    assert "07:30:05</time>" in text(auditor, f"/audit/{entry.pk}/")


def test_lists_have_as_many_rows_as_one_chose(operator: Client) -> None:
    for number in range(21):
        factories.instance(f"web-{number:02}")
    Display.objects.create(person=User.objects.get(username="otto"), rows=20)
    assert "web-20" not in text(operator, "/instances/")
    assert "web-20" in text(operator, "/instances/", page=2)
    assert "web-20" in text(operator, "/instances/", per_page=40)


def test_programs_get_the_same_times_whatever_their_owner_chose(
    operator: Client,
) -> None:
    factories.request(asked_at=AT)
    before = operator.get("/api/requests/").json()
    in_zone(operator, "otto", "Asia/Tokyo")
    assert operator.get("/api/requests/").json() == before
