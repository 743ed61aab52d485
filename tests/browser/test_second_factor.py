"""Second factors in a browser: a security key, an app, recovery codes."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import User
from playwright.sync_api import Browser, BrowserContext, Page, expect

from migrations_app.audit import second_factor_actions
from migrations_app.models import AuditEntry
from tests import factories, one_time_codes
from tests.browser.test_every_page import faults
from tests.browser.web import Web

pytestmark = pytest.mark.django_db(transaction=True)
KEY = {
    "protocol": "ctap2",
    "transport": "usb",
    "hasResidentKey": False,
    "hasUserVerification": False,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def rita(transactional_db: None) -> User:
    """Somebody whose password the served site can look at, too."""
    user = factories.person("rita", "requester")
    hasher = PBKDF2PasswordHasher()
    user.password = hasher.encode(factories.PASSWORD, "salt" * 6, iterations=1)
    user.save()
    return user


@pytest.fixture
def context(chromium: Browser, web: Web) -> Iterator[BrowserContext]:
    """A browser that reaches the site by a name: no key works for an address."""
    found = chromium.new_context(
        base_url=f"http://localhost:{web.port}",
        viewport={"width": 390, "height": 844},
        bypass_csp=True,  # for axe; the policy itself has a test of its own
    )
    yield found
    found.close()


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A tab with a security key that is touched at once."""
    page = context.new_page()
    cdp = context.new_cdp_session(page)
    cdp.send("WebAuthn.enable")
    cdp.send("WebAuthn.addVirtualAuthenticator", {"options": KEY})
    return page


def give_password(page: Page) -> None:
    page.goto("/sign-in/")
    page.get_by_label("Name").fill("rita")
    page.get_by_label("Password").fill(factories.PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def sign_out(page: Page) -> None:
    page.locator("summary", has_text="rita").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile("/sign-in/"))


def show_code(page: Page, secret: str, *, ahead: float, then: str) -> None:
    """Show what the app does, again where the machine was too slow for that code."""
    for _ in range(4):
        code = one_time_codes.code(secret, at=time.time() + ahead)
        page.get_by_label("Code").fill(code)
        with page.expect_navigation(timeout=120_000):
            page.keyboard.press("Enter")
        if page.locator(then).count():
            return
    raise AssertionError(page.locator("main").inner_text())


def narrow(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth") <= 390)


def test_a_security_key_is_set_up_and_signs_in(page: Page, rita: User) -> None:
    give_password(page)
    page.goto("/account/second-factor/")
    page.get_by_role("link", name="Add a security key").click()
    page.get_by_label("Name of the key").fill("In the drawer")
    page.get_by_role("button", name="Add the security key").click()
    expect(page.locator(".recovery-codes li")).to_have_count(10)
    assert (faults(page), narrow(page)) == ([], True)
    page.get_by_role("link", name="I have kept them").click()
    expect(page.locator("main")).to_contain_text("Security key “In the drawer”")
    assert (faults(page), narrow(page)) == ([], True)
    sign_out(page)

    give_password(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Your second factor")
    assert (faults(page), narrow(page)) == ([], True)
    page.get_by_role("button", name="Use a security key").click()
    expect(page.get_by_role("heading", level=1)).not_to_have_text("Your second factor")
    page.goto("/account/confirm/")
    assert (faults(page), narrow(page)) == ([], True)
    page.get_by_role("button", name="Use a security key").click()

    expect(page.locator("main")).to_contain_text("It is confirmed that it is you.")
    entry = AuditEntry.objects.filter(verb="account.signed_in").latest("pk")
    assert entry.note.endswith("with a security key")
    page.goto("/account/second-factor/")
    page.get_by_role("button", name="Remove").click()
    expect(page.locator("main")).to_contain_text("You have none yet.")


def test_an_app_is_set_up_and_signs_in(page: Page, rita: User) -> None:
    give_password(page)
    page.goto("/account/second-factor/app/")
    assert (faults(page), narrow(page)) == ([], True)
    secret = page.locator(".secret-text").inner_text().replace(" ", "").strip()
    show_code(page, secret, ahead=0, then=".recovery-codes")
    expect(page.locator(".recovery-codes li")).to_have_count(10)
    recovery = page.locator(".recovery-codes li").first.inner_text()
    page.context.clear_cookies()

    give_password(page)
    # the next one: that of now was used
    show_code(page, secret, ahead=one_time_codes.PERIOD, then="summary >> text=rita")
    page.context.clear_cookies()

    give_password(page)
    page.get_by_label("Code").fill(recovery)
    page.keyboard.press("Enter")
    expect(page.locator("summary", has_text="rita")).to_be_visible()


def test_a_key_that_answers_nothing_is_said_and_the_code_still_serves(
    context: BrowserContext, page: Page, rita: User
) -> None:
    give_password(page)
    page.goto("/account/second-factor/key/")
    page.get_by_role("button", name="Add the security key").click()
    expect(page.locator(".recovery-codes li")).to_have_count(10)
    codes = second_factor_actions.make_codes(rita)
    page.close()
    other = context.new_page()
    context.clear_cookies()
    cdp = context.new_cdp_session(other)
    cdp.send("WebAuthn.enable")  # and no key is there

    give_password(other)
    other.get_by_role("button", name="Use a security key").click()
    expect(other.locator("[data-security-key-said]")).to_contain_text("Touch your")
    other.get_by_label("Code").fill(codes[0])
    other.keyboard.press("Enter")

    expect(other.locator("summary", has_text="rita")).to_be_visible()
