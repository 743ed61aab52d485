"""Signing in at an OpenID provider with a browser, which keeps to the site's policy."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests import openid_provider
from tests.browser.test_every_page import faults
from tests.browser.web import Web
from tests.openid_provider import Provider

pytestmark = pytest.mark.django_db(transaction=True)
ELSEWHERE = re.compile("your organisation's account")


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    with openid_provider.running(tmp_path_factory.mktemp("provider")) as provider:
        yield provider


@pytest.fixture(scope="module")
def server(
    django_db_setup: None,
    provider: Provider,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Web]:
    """The site, where people may sign in at that provider."""
    environment = {
        **os.environ,
        "NOVAWEB_OIDC_ISSUER": provider.issuer,
        "NOVAWEB_OIDC_CLIENT_ID": "novaweb",
        "NOVAWEB_OIDC_CLIENT_SECRET": "a secret of the client",
        "NOVAWEB_OIDC_ROLES": json.dumps({"ops": ["operator"]}),
    }
    web = Web(tmp_path_factory.mktemp("web"), environment=environment)
    yield web
    web.stop()


@pytest.fixture
def page(chromium: Browser, web: Web) -> Iterator[Page]:
    context = chromium.new_context(
        base_url=web.address, viewport={"width": 390, "height": 844}
    )
    yield context.new_page()
    context.close()


def let_in(page: Page) -> None:
    """Sign in at the provider's own page."""
    page.locator("input[name=sub]").fill("s-1")
    page.get_by_role("button", name="Authorize").click()


def narrow(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth") <= 390)


def test_a_browser_goes_to_the_provider_and_comes_back(
    page: Page, provider: Provider
) -> None:
    provider.know("s-1", preferred_username="olga", groups=["ops"])
    page.goto("/instances/")
    assert narrow(page)
    page.get_by_role("link", name=ELSEWHERE).click()
    let_in(page)
    expect(page).to_have_url(re.compile("/instances/$"))
    expect(page.locator("summary", has_text="olga")).to_be_visible()

    page.goto("/account/confirm/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in again")
    assert narrow(page)
    page.get_by_role("link", name=ELSEWHERE).click()
    let_in(page)

    expect(page.locator("main")).to_contain_text("It is confirmed that it is you.")


def test_its_door_keeps_nobody_out(chromium: Browser, web: Web) -> None:
    context = chromium.new_context(base_url=web.address, bypass_csp=True)
    page = context.new_page()
    page.goto("/sign-in/")

    assert faults(page) == []
    context.close()
