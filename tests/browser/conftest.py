"""The browser of the browser tests: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    expect,
    sync_playwright,
)

from tests import factories
from tests.browser.web import Web

ARGUMENTS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # else each tab brings another one, hidden, for suggestions under its address
    "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup",
]
SignIn = Callable[..., Page]
# ms that a page may take on a busy machine; how fast it is, bench/ measures
PATIENCE = 90_000
expect.set_options(timeout=PATIENCE)


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A headless Chromium, or a loud skip where there is none.

    For a module and no longer: while it is there, Playwright's event loop counts as
    running in this thread, and nothing else that is asynchronous can run here.
    """
    # the shell has no windows, profiles and extensions to look after beside the pages
    path = (
        os.environ.get("NOVAWEB_TEST_CHROMIUM")
        or shutil.which("chromium-headless-shell")
        or shutil.which("chromium")
    )
    if path is None:
        pytest.skip("no chromium: apt-get install chromium-headless-shell (as root)")
    # Chromium's own sandbox refuses to run as root, which is how the lab needs us.
    arguments = [*ARGUMENTS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    with pytest.MonkeyPatch.context() as environment, sync_playwright() as playwright:
        # Django sees that loop too and would refuse to ask the database.
        environment.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        # what it keeps of crashes does not go with the profile that Playwright gives it
        home = str(tmp_path_factory.mktemp("chromium"))
        browser = playwright.chromium.launch(
            executable_path=path, args=arguments, env={**os.environ, "HOME": home}
        )
        opened = browser.new_context

        def patient(**options: Any) -> BrowserContext:
            context = opened(**options)
            context.set_default_timeout(PATIENCE)
            return context

        environment.setattr(browser, "new_context", patient)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def server(
    django_db_setup: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Web]:
    """The site, served by uvicorn from the tests' own database."""
    web = Web(tmp_path_factory.mktemp("web"))
    yield web
    web.stop()


@pytest.fixture
def web(server: Web, transactional_db: None) -> Web:
    """The same, running and with nothing in the database."""
    if server.process is None:
        server.start()
    return server


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

    def open_tab(name: str, *roles: str, staff: bool = False, **settings: Any) -> Page:
        user = factories.person(name, *roles, staff=staff)
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
    # A server that a test takes away, or a page that it leaves while a part of it is
    # being asked for, is not that page's fault.
    gone = ("net::ERR_", "htmx:sendError", "htmx:afterRequest", "htmx:sendAbort")
    assert [each for each in complaints if not any(word in each for word in gone)] == []
