"""The page of the API: its calls, under the policy for scripts, readable by all."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import SignIn
from tests.browser.test_every_page import faults

pytestmark = pytest.mark.django_db(transaction=True)


def opened(page: Page) -> Page:
    """Return the page with its calls, of which some of each kind are open."""
    page.goto("/api/")
    for path in (
        "/api/requests/",
        "/api/policies/{id}/",
        "/api/audit/export/",
    ):
        calls = page.locator(f'.opblock-summary-control:has([data-path="{path}"])')
        expect(calls.first).to_be_visible()
        for call in calls.all():
            # what opens above it moves it away from under a mouse
            call.evaluate("button => button.click()")
    expect(page.locator(".opblock-body").first).to_be_visible()
    return page


def test_it_shows_every_call_and_sends_none(sign_in: SignIn) -> None:
    page = sign_in("olga", "operator")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.method))

    opened(page)

    block = page.locator("#operations-requests-requests_create")
    expect(block).to_contain_text("Request a move")
    expect(block).to_contain_text("Idempotency-Key")
    expect(page.get_by_role("button", name="Try it out")).to_have_count(0)
    expect(page.get_by_role("button", name="Authorize")).to_have_count(0)
    assert set(asked) == {"GET"}


def test_it_is_there_for_who_is_not_signed_in(sign_in: SignIn) -> None:
    page = sign_in("olga")
    page.context.clear_cookies()
    page.goto("/sign-in/")

    page.get_by_role("link", name="API", exact=True).click()

    expect(page.locator(".opblock").first).to_be_visible()


def test_it_keeps_nobody_out(sign_in: SignIn) -> None:
    page = sign_in("olga", "operator", bypass_csp=True)
    assert faults(opened(page)) == []


def test_without_the_description_it_says_so(sign_in: SignIn) -> None:
    page = sign_in("olga", "operator")
    page.route("**/api/schema/", lambda route: route.fulfill(status=503, body=""))

    page.goto("/api/")

    expect(page.get_by_role("alert")).to_contain_text("does not come")
