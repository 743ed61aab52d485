"""The set-up guide: its parts come in by themselves, and are asked again by a click."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests import factories
from tests.browser.conftest import SignIn
from tests.browser.test_every_page import STICKS_OUT, WIDTHS, everything, faults

pytestmark = pytest.mark.django_db(transaction=True)
# of administrators
PAGES = (
    *("/", "/setup/", "/setup/site/"),
    *("/setup/clouds/pretend/", "/setup/workers/pretend/"),
)


def test_it_keeps_no_administrator_out_on_any_screen(sign_in: SignIn) -> None:
    everything()
    page = sign_in("root", staff=True, bypass_csp=True)
    wrong = {}
    for path in PAGES:
        page.set_viewport_size({"width": WIDTHS[0], "height": 844})
        page.goto(path)
        found = faults(page)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 844})
            found += page.evaluate(STICKS_OUT)
        if found:
            wrong[path] = found

    assert wrong == {}


def test_the_parts_come_in_and_are_asked_again(sign_in: SignIn) -> None:
    factories.cloud(synced_at=None)
    page = sign_in("root", staff=True, bypass_csp=True)
    page.goto("/")
    page.get_by_role("main").get_by_role("link", name="set-up guide").first.click()
    parts = page.locator(".setup-part .findings")
    expect(parts).to_have_count(3)
    hypervisors = page.locator(
        ".finding", has=page.get_by_text("Hypervisors.", exact=True)
    )
    expect(hypervisors).to_contain_text("Missing")
    expect(hypervisors).to_contain_text("No worker has read them yet.")
    assert faults(page) == []

    cloud = factories.cloud()
    cloud.delete()
    factories.hypervisor("compute-30")
    again = page.get_by_role("link", name="Check again: Cloud pretend")
    again.focus()
    page.keyboard.press("Enter")

    expect(hypervisors).to_contain_text("1 hypervisors were read at")
    expect(parts).to_have_count(3)
