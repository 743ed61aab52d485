"""Times that people type: in UTC, with their own time beside."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

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
