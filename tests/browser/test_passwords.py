"""Passwords in a browser: shown when wanted, and weighed while they are typed."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import SignIn

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def page(sign_in: SignIn) -> Page:
    page = sign_in("rita", "requester")
    page.goto("/account/password/")
    return page


def test_each_is_shown_and_hidden_by_its_button(page: Page) -> None:
    field = page.get_by_label("Present password")
    field.fill("what I typed")
    expect(page.get_by_role("button", name="Show", exact=False)).to_have_count(3)
    expect(field).to_have_attribute("type", "password")
    field.press("Tab")
    button = page.get_by_role("button", name="Show Present password")
    expect(button).to_be_focused()

    page.keyboard.press("Enter")

    expect(field).to_have_attribute("type", "text")
    expect(page.get_by_label("New password again")).to_have_attribute(
        "type", "password"
    )
    page.get_by_role("button", name="Hide Present password").click()
    expect(field).to_have_attribute("type", "password")
    expect(field).to_have_value("what I typed")


def test_one_that_is_shown_is_kept_in_no_draft(page: Page) -> None:
    page.get_by_label("Present password").fill("what I typed")
    page.get_by_role("button", name="Show Present password").click()
    # the form arrives nowhere, as when the session has ended
    page.evaluate(
        "document.addEventListener('submit', (event) => event.preventDefault())"
    )

    page.click("button:text('Change the password')")

    expect(page.get_by_label("Present password")).to_have_attribute("type", "password")
    assert "what I typed" not in str(page.evaluate("JSON.stringify(sessionStorage)"))


def test_a_new_one_is_weighed_while_it_is_typed_and_goes_nowhere(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    said = page.locator("[data-strength] [role=status]")
    expect(said).to_be_hidden()
    new = page.get_by_label("New password", exact=True)

    new.fill("password1234")
    expect(said).to_contain_text("easily guessed")
    new.fill("gabled vortex nineteen sundial")
    expect(said).to_have_text("Strength: very strong.")

    meter = page.locator("[data-strength] meter")
    assert meter.evaluate("each => each.value") == 5
    assert [url for url in asked if not url.endswith("zxcvbn.js")] == []
    page.goto("/sign-in/")
    assert "zxcvbn" not in page.content()
