"""Times as people see and type them: in UTC, or in the zone of their account."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from migrations_app.models import Display
from tests import factories
from tests.browser.conftest import SignIn

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_local_time_stands_beside_what_is_typed(sign_in: SignIn) -> None:
    page = sign_in("petra", "approver", timezone_id="Europe/Berlin")
    page.goto("/delegations/")
    typed = page.get_by_label("From (UTC)")
    beside = page.locator(f"output[for={typed.get_attribute('id')}]")

    typed.fill("2026-07-01T22:30")
    expect(beside).to_have_text("2026-07-02 00:30 in your local time")
    typed.fill("2026-12-01T22:30")
    expect(beside).to_have_text("2026-12-01 23:30 in your local time")
    typed.fill("")
    expect(beside).to_have_text("")


def test_where_local_time_is_utc_nothing_is_added(sign_in: SignIn) -> None:
    page = sign_in("petra", "approver", timezone_id="UTC")
    page.goto("/delegations/")
    page.get_by_label("From (UTC)").fill("2026-07-01T22:30")
    expect(page.locator("output.local-time").first).to_have_text("")


def chosen(name: str, **choices: str) -> None:
    """Let the person have chosen how pages show times."""
    Display.objects.create(person=User.objects.get(username=name), **choices)


def test_ones_own_zone_is_shown_and_typed_wherever_the_browser_is(
    sign_in: SignIn,
) -> None:
    at = datetime(2026, 7, 1, 22, 30, 5, tzinfo=UTC)
    factories.request(asked_at=at)
    page = sign_in("petra", "approver", timezone_id="America/New_York")
    chosen("petra", time_zone="Europe/Berlin")
    page.goto("/requests/")
    time = page.locator("tbody time").first
    expect(time).to_have_text("2026-07-02 00:30")
    expect(time).to_have_attribute("title", "2026-07-01 22:30:05 UTC")
    switch = page.locator("footer [data-zone-switch]")
    expect(switch).to_have_text("Europe/Berlin")
    switch.click()
    expect(switch).to_have_text("UTC")
    expect(time).to_have_text("2026-07-01 22:30")

    page.goto("/delegations/")
    typed = page.get_by_label("From (Europe/Berlin)")
    beside = page.locator(f"output[for={typed.get_attribute('id')}]")
    typed.fill("2026-07-02T00:30")
    expect(beside).to_have_text("2026-07-01 22:30 UTC")
    typed.fill("2026-12-02T00:30")
    expect(beside).to_have_text("2026-12-01 23:30 UTC")


def test_dates_are_written_as_the_browser_does_for_who_wants_that(
    sign_in: SignIn,
) -> None:
    factories.request(asked_at=datetime(2026, 7, 1, 22, 30, 5, tzinfo=UTC))
    page = sign_in("petra", "approver", timezone_id="UTC", locale="de-DE")
    chosen("petra", dates="locale")
    page.goto("/requests/")
    expect(page.locator("tbody time").first).to_have_text("01.07.2026, 22:30")


def test_evidence_keeps_utc_whatever_one_switched_to(sign_in: SignIn) -> None:
    at = datetime(2026, 7, 1, 22, 30, 5, tzinfo=UTC)
    row = factories.request(asked_at=at)
    page = sign_in("petra", "approver", timezone_id="Europe/Berlin")
    page.goto("/requests/")
    page.locator("footer [data-zone-switch]").click()
    expect(page.locator("tbody time").first).to_have_text("2026-07-02 00:30")
    page.goto(f"/requests/{row.pk}/evidence/")
    expect(page.locator(f"time[datetime^='{at:%Y-%m-%dT%H:%M}']").first).to_have_text(
        "2026-07-01 22:30:05"
    )


def test_a_theme_of_the_account_goes_before_what_was_switched_to_earlier(
    sign_in: SignIn,
) -> None:
    page = sign_in("petra", "approver")
    root = page.locator("html")
    page.goto("/account/")
    page.get_by_role("button", name="Switch between light and dark").click()
    expect(root).to_have_attribute("data-bs-theme", "dark")
    page.get_by_label("Theme").select_option("light")
    page.get_by_label("Time zone").fill("Europe/Berlin")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Your choices are saved.")).to_be_visible()
    expect(root).to_have_attribute("data-bs-theme", "light")
    page.get_by_role("button", name="Switch between light and dark").click()
    page.goto("/account/")
    expect(root).to_have_attribute("data-bs-theme", "dark")
