"""The pages of approvals in a browser, with what stands on them in real life."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from pretend import PretendCloud
from tests import factories
from tests.browser.approvals_in_use import fill
from tests.browser.conftest import SignIn
from tests.browser.test_every_page import faults
from tests.browser.web import Web

pytestmark = pytest.mark.django_db(transaction=True)
PAGES = (
    ("operator", "/requests/{asked}/"),
    ("operator", "/requests/{asked}/amend/"),
    ("operator", "/requests/{broken}/"),
    ("operator", "/requests/ask/?instance={free}"),
    ("operator", "/broken-glass/"),
    ("operator", "/windows/"),
    ("operator", "/windows/{window}/"),
    ("operator", "/notices/choices/"),
    ("auditor", "/audit/"),
    ("auditor", "/requests/{asked}/evidence/"),
    ("approver", "/requests/{asked}/"),
    ("approver", "/requests/{broken}/"),
    ("approver", "/delegations/"),
    ("staff", "/policies/"),
    ("staff", "/policies/new/"),
    ("staff", "/policies/{policy}/"),
    ("staff", "/policies/{policy}/change/"),
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cloud") / "pretend.sqlite3"


@pytest.fixture(scope="module")
def cloud(file: Path) -> PretendCloud:
    cloud = PretendCloud("pretend", file)
    for host in ("compute-30", "compute-31", "compute-32"):
        cloud.add_host(host, zone="OS1")
    return cloud


@pytest.fixture(scope="module")
def server(
    django_db_setup: None, file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Web]:
    """The site over a cloud that has an instance to ask for."""
    environment = {**os.environ, "NOVAWEB_PRETEND_FILE": str(file)}
    web = Web(tmp_path_factory.mktemp("web"), environment=environment)
    yield web
    web.stop()


def tabs(sign_in: SignIn, **settings: object) -> dict[str, Page]:
    """Open a tab for each of the roles."""
    return {
        "operator": sign_in("olga", "operator", **settings),
        "approver": sign_in("petra", "approver", **settings),
        "auditor": sign_in("aude", "auditor", **settings),
        "staff": sign_in("sami", "operator", staff=True, **settings),
    }


def test_they_keep_nobody_out(sign_in: SignIn, cloud: PretendCloud) -> None:
    places = fill(cloud)
    people = tabs(sign_in, bypass_csp=True)
    wrong = {}
    for who, path in PAGES:
        page = people[who]
        see(page, path.format(**places))
        if found := faults(page):
            wrong[who, path] = found

    assert wrong == {}


@pytest.mark.parametrize("role", ["requester", "approver", "operator", "auditor"])
@pytest.mark.parametrize("width", [320, 1024, 1280])
def test_the_menu_fits_every_role(sign_in: SignIn, role: str, width: int) -> None:
    name = "a.name-as.long@as.they.come"
    page = sign_in(name, role, "approver", viewport={"width": width, "height": 800})
    factories.request()
    page.goto("/windows/")
    if width > 1000:
        tops = page.locator(".topnav > *").evaluate_all(
            "all => all.map(one => one.getBoundingClientRect().top)"
        )
        assert len(set(tops)) == 1
    page.locator(".topnav summary").press("Enter")
    here = page.get_by_role("link", name="Windows and freezes").first
    expect(here).to_have_attribute("aria-current", "page")
    for place in page.locator(".topnav a:visible").all():
        box = place.bounding_box()
        assert box is not None
        assert 0 <= box["x"] <= box["x"] + box["width"] <= width
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator(".topbar").bounding_box()["height"] < 60  # type: ignore[index]


def test_on_a_phone_every_place_is_in_the_one_menu(sign_in: SignIn) -> None:
    page = sign_in("petra", "approver", viewport={"width": 390, "height": 844})
    factories.request()
    page.goto("/")
    menu = page.locator(".topnav summary")
    menu.press("Enter")
    page.locator(".topnav .menu-body a:visible", has_text="Capacity").click()
    expect(page).to_have_url(re.compile("/hypervisors/$"))


def test_the_menu_opens_without_a_script(sign_in: SignIn) -> None:
    page = sign_in("olga", "operator", java_script_enabled=False)
    page.goto("/")
    audit = page.get_by_role("link", name="Audit trail")
    expect(audit).to_be_hidden()
    page.locator(".topnav summary").press("Enter")
    audit.click()
    expect(page.get_by_role("heading", name="Audit trail")).to_be_visible()
    expect(page.locator(".topnav summary")).to_contain_text("current page: Audit trail")


def test_an_open_menu_closes_by_escape_and_gives_the_focus_back(
    sign_in: SignIn,
) -> None:
    page = sign_in("olga", "operator")
    page.goto("/")
    more = page.locator(".topnav summary")
    more.press("Enter")
    first = page.locator(".topnav .menu-body a:visible").first
    page.keyboard.press("Tab")
    expect(first).to_be_focused()
    page.keyboard.press("Escape")
    expect(first).to_be_hidden()
    expect(more).to_be_focused()


def see(page: Page, path: str) -> None:
    """Go there, wait for what the page asks for, and open what may be opened."""
    page.goto(path)
    page.locator("main details").evaluate_all("all => all.forEach(d => d.open = true)")
    if "/ask/" in path:
        who = page.get_by_text("Approvals needed:").first
        expect(who).to_be_visible(timeout=30_000)


@pytest.mark.parametrize("width", [360, 1024, 1280])
def test_they_fit(sign_in: SignIn, cloud: PretendCloud, width: int) -> None:
    places = fill(cloud)
    people = tabs(sign_in, viewport={"width": width, "height": 800})
    wide = {}
    for who, path in PAGES:
        page = people[who]
        see(page, path.format(**places))
        found = page.evaluate("document.documentElement.scrollWidth")
        if found > width:
            wide[who, path] = found

    assert wide == {}
