"""The browser of the browser tests: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests import factories
from tests.browser.web import Web

ARGUMENTS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SignIn = Callable[..., Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser/" in item.nodeid:
            item.add_marker("browser")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A headless Chromium, or a loud skip where there is none.

    For a module and no longer: while it is there, Playwright's event loop counts as
    running in this thread, and nothing else that is asynchronous can run here.
    """
    path = os.environ.get("NOVAWEB_TEST_CHROMIUM") or shutil.which("chromium")
    if path is None:
        pytest.skip("no chromium: apt-get install chromium (as root)")
    # Chromium's own sandbox refuses to run as root, which is how the lab needs us.
    arguments = [*ARGUMENTS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with pytest.MonkeyPatch.context() as environment, sync_playwright() as playwright:
        # Django sees that loop too and would refuse to ask the database.
        environment.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def web(chromium: Browser, transactional_db: None, tmp_path: Path) -> Iterator[Web]:
    """The site, served by uvicorn from the test's own database."""
    web = Web(tmp_path)
    web.start()
    yield web
    web.stop()


@pytest.fixture
def sign_in(chromium: Browser, web: Web) -> Iterator[SignIn]:
    """Open a tab as somebody new who has these roles.

    Whatever the browser finds wrong with a page (an error, a breach of the content
    security policy) fails the test at its end.
    """
    contexts = []
    complaints: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        # A browser also logs each answer >= 400, which some tests are about.
        if message.type in ("error", "warning") and "status of" not in message.text:
            complaints.append(message.text)

    def open_tab(name: str, *roles: str, **settings: Any) -> Page:
        user = factories.person(name, *roles)
        client = Client()
        client.force_login(user)
        options = {"viewport": {"width": 1280, "height": 900}, **settings}
        context = chromium.new_context(base_url=web.address, **options)
        contexts.append(context)
        cookie = client.cookies["sessionid"].value
        context.add_cookies(
            [{"name": "sessionid", "value": cookie, "url": web.address}]
        )
        page = context.new_page()
        page.on("console", hear)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        return page

    yield open_tab
    for context in contexts:
        context.close()
    # nor is a server that a test takes away the page's fault
    assert [each for each in complaints if "net::ERR_" not in each] == []
