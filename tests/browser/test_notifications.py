"""The bell and its pages in a real browser: seen by everybody, and never stale."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import expect

from tests import factories, messages
from tests.browser.conftest import SignIn
from tests.browser.test_every_page import faults

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 390)])
def test_its_pages_keep_nobody_out(sign_in: SignIn, theme: str, width: int) -> None:
    about = factories.request(of=factories.instance("asked"))
    sent = messages.delivery(about)
    page = sign_in(
        "olga",
        "operator",
        color_scheme=theme,
        bypass_csp=True,
        viewport={"width": width, "height": 844},
    )
    olga = User.objects.get(username="olga")
    for number in range(1, 4):
        messages.notice(olga, number, read=number == 1)

    wrong = {}
    for path in (
        "/notices/",
        "/notices/choices/",
        "/webhooks/",
        f"/webhooks/{sent.webhook_id}/",
        "/deliveries/",
        f"/deliveries/{sent.pk}/",
    ):
        page.goto(path)
        page.locator("main details").evaluate_all(
            "all => all.forEach(d => d.open = true)"
        )
        if found := faults(page):
            wrong[path] = found
        if (is_wide := page.evaluate("document.documentElement.scrollWidth")) > width:
            wrong[path] = [*found, f"{is_wide} pixels wide"]
    assert wrong == {}


def test_the_bell_tells_by_itself_what_is_new(sign_in: SignIn) -> None:
    page = sign_in("olga", "operator")
    page.goto("/requests/")
    bell = page.locator("#bell")
    expect(bell.locator(".count")).to_have_count(0)

    messages.notice(User.objects.get(username="olga"), 1)
    # what it does by itself four times a minute, now
    ask = "htmx.ajax('GET', it.getAttribute('hx-get'), {target: it, swap: 'outerHTML'})"
    bell.evaluate(f"it => {ask}")
    expect(bell.locator(".count")).to_contain_text("1")
    told = page.get_by_role("log", name="New notifications")
    expect(told.get_by_role("link")).to_have_text(
        "The move of web-1 is held: a person must decide."
    )
    bell.evaluate(f"it => {ask}")  # once is enough
    expect(told.get_by_role("link")).to_have_count(1)
    told.get_by_role("button", name="Dismiss").press("Enter")
    expect(told.get_by_role("link")).to_have_count(0)

    bell.focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Mark all as read").press("Enter")
    expect(page.locator(".unread")).to_have_count(0)
    expect(page.locator("#bell .count")).to_have_count(0)


def test_a_secret_is_shown_once(sign_in: SignIn) -> None:
    page = sign_in("olga", "operator")
    page.goto("/webhooks/")
    page.get_by_label("Name").fill("tickets")
    page.get_by_label("Address").fill("https://93.184.216.34/hook")
    page.get_by_label("Held: a person must decide").check()
    page.get_by_role("button", name="Add").click()

    said = page.get_by_role("status").filter(has_text="whsec_")
    expect(said).to_have_count(1)
    page.goto("/webhooks/")
    page.get_by_role("link", name="tickets").click()
    expect(page.locator("main")).not_to_contain_text("whsec_")
