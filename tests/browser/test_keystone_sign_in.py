"""Signing in with Keystone's password on the page for that."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from django.contrib.auth.models import User
from playwright.sync_api import Browser, Page, expect

from tests import pretend_keystone
from tests.browser.web import Web
from tests.pretend_keystone import Person, PretendKeystone

pytestmark = pytest.mark.django_db(transaction=True)
WORD = "kim's own word"


@pytest.fixture(scope="module")
def keystone() -> Iterator[PretendKeystone]:
    with pretend_keystone.running() as server:
        roles = {("ops", "Default"): ["admin", "reader"]}
        server.known.people["kim"] = Person("u-1", WORD, roles)
        yield server


@pytest.fixture(scope="module")
def server(
    django_db_setup: None,
    keystone: PretendKeystone,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Web]:
    """The site, where people sign in with what they have in that Keystone."""
    folder: Path = tmp_path_factory.mktemp("web")
    auth = {"auth_url": keystone.url, "username": "novaweb", "password": "not sent"}
    clouds = folder / "clouds.yaml"
    clouds.write_text(yaml.safe_dump({"clouds": {"lab": {"auth": auth}}}))
    environment = {
        **os.environ,
        "OS_CLIENT_CONFIG_FILE": str(clouds),
        "NOVAWEB_CLOUDS": "pretend,lab",
        "NOVAWEB_KEYSTONE_SIGN_IN": "lab",
        "NOVAWEB_KEYSTONE_PROJECT": "ops@Default",
        "NOVAWEB_KEYSTONE_ROLES": json.dumps(
            {"admin": ["operator"], "reader": ["auditor"]}
        ),
    }
    web = Web(folder, environment=environment)
    yield web
    web.stop()


@pytest.fixture
def page(chromium: Browser, web: Web) -> Iterator[Page]:
    context = chromium.new_context(base_url=web.address)
    yield context.new_page()
    context.close()


def give(page: Page, word: str) -> None:
    page.goto("/sign-in/")
    page.get_by_label("Name").fill("kim")
    page.get_by_label("Password").fill(word)
    page.get_by_role("button", name="Sign in").click()


def test_the_password_there_signs_in_and_confirms(
    page: Page, keystone: PretendKeystone
) -> None:
    give(page, "wrong")
    expect(page.get_by_role("alert")).to_contain_text("Name or password is wrong.")
    give(page, WORD)
    expect(page.locator("summary", has_text="kim")).to_be_visible()
    page.goto("/account/confirm/")
    page.get_by_label("Password").fill(WORD)
    page.get_by_role("button", name="Continue").click()

    expect(page.locator("main")).to_contain_text("It is confirmed that it is you.")
    groups = User.objects.get(username="kim").groups
    assert set(groups.values_list("name", flat=True)) == {"operator", "auditor"}
    assert keystone.known.open_tokens == set()


def test_trouble_of_keystone_is_said_and_lets_nobody_in(
    page: Page, keystone: PretendKeystone
) -> None:
    keystone.known.trouble = 503
    try:
        give(page, WORD)
        alert = page.get_by_role("alert")
        expect(alert).to_contain_text("lab")
        expect(alert).not_to_contain_text("is wrong")
        expect(page.get_by_label("Password")).to_be_visible()
    finally:
        keystone.known.trouble = 0
