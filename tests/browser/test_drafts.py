"""What a person typed is not lost when their session ends before they send it."""

from __future__ import annotations

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher, make_password
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from tests import factories
from tests.browser.conftest import SignIn
from tests.processes.site import until

pytestmark = pytest.mark.django_db(transaction=True)
NOTE = "Agreed with the owners."


def sign_in_again(page: Page, name: str) -> None:
    # as the site has it: the tests' own way is not among its ways
    hashed = make_password(factories.PASSWORD, hasher=PBKDF2PasswordHasher())
    User.objects.filter(username=name).update(password=hashed)
    again = page.locator("a:text('Open the form again')")
    expect(again.or_(page.locator("[name=password]"))).to_be_visible()
    if again.count():
        again.click()
    page.fill("[name=username]", name)
    page.fill("[name=password]", factories.PASSWORD)
    page.click("main button:text('Sign in')")


def expect_nothing_kept(page: Page) -> None:
    """The script of the page, which begins after its text is there, forgets it."""
    # by CDP: what Playwright's wait_for_function evaluates, the page's policy forbids
    kept = "sessionStorage.getItem('novaweb-draft')"
    until(lambda: page.evaluate(kept) is None, "the draft to be forgotten")


@pytest.fixture(params=["sessionid", "every cookie"])
def page(sign_in: SignIn, request: pytest.FixtureRequest) -> Page:
    """The page of a request, with a reason typed, and the session over."""
    asked = factories.request(of=factories.instance("web-1"))
    page = sign_in("petra", "approver")
    page.goto(f"/requests/{asked.pk}/")
    page.fill("#decide-note", NOTE)
    gone = {} if request.param == "every cookie" else {"name": request.param}
    page.context.clear_cookies(**gone)
    page.click("button:text('Reject')")
    return page


def test_it_is_in_the_form_again_after_signing_in(page: Page) -> None:
    sign_in_again(page, "petra")

    expect(page.locator("#decide-note")).to_have_value(NOTE)
    expect(page.locator("form.decide [role=status]")).to_contain_text("was not sent")
    page.reload()
    expect(page.locator("#decide-note")).to_have_value("")


def test_nobody_else_gets_it(page: Page) -> None:
    factories.person("paul", "approver")
    sign_in_again(page, "paul")

    expect(page.locator("#decide-note")).to_have_value("")
    expect_nothing_kept(page)


def test_what_arrived_is_kept_no_longer(sign_in: SignIn) -> None:
    asked = factories.request(of=factories.instance("web-1"))
    page = sign_in("petra", "approver")
    page.goto(f"/requests/{asked.pk}/")
    page.fill("#decide-note", NOTE)
    page.click("button:text('Reject')")

    expect(page.locator(".alert-success")).to_contain_text("You rejected")
    expect_nothing_kept(page)
