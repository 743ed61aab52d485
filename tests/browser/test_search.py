"""The search that every page has under a key."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests import factories
from tests.browser.conftest import SignIn
from tests.browser.test_every_page import faults

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("width", [320, 1280])
def test_it_is_one_key_away_and_finds_while_one_types(
    sign_in: SignIn, width: int
) -> None:
    factories.instance("web-1")
    size = {"width": width, "height": 800}
    page = sign_in("olga", "operator", bypass_csp=True, viewport=size)
    page.goto("/requests/")

    page.keyboard.press("Control+k")
    expect(page.locator("#search-words")).to_be_focused()
    page.keyboard.type("web-")
    expect(page.get_by_role("link", name="web-1")).to_be_visible()

    assert faults(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.get_by_role("link", name="web-1").click()
    expect(page).to_have_url(re.compile("/instances/"))
