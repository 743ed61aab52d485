"""A page that is left while a part of it is being asked for."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests import factories
from tests.browser.conftest import SignIn

pytestmark = pytest.mark.django_db(transaction=True)


def test_nothing_is_complained_of_in_the_console(sign_in: SignIn) -> None:
    instance = factories.instance()
    page = sign_in("olga", "operator")
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.route("**/requests/preflight/", lambda route: None)  # for ever on its way
    with page.expect_request("**/requests/preflight/"):
        page.goto(f"/requests/ask/?instance={instance.uuid}")

    page.goto("/requests/")

    expect(page.locator("h1")).to_have_text("Requests")
    assert [each for each in said if "htmx:" in each] == []
