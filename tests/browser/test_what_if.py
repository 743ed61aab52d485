"""The what-if page of so many instances that placing them takes a moment."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from migrations_app.drains.what_if import FEW
from tests import factories
from tests.browser.conftest import SignIn

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_page_is_there_at_once_and_its_effect_follows(sign_in: SignIn) -> None:
    guests = 150
    for number in range(FEW // guests + 1):
        factories.hypervisor(f"compute-{number:03}")
    for number in range(guests):
        factories.instance(f"web-{number:03}", host="compute-007")
    page = sign_in("olga", "operator")

    page.goto("/what-if/?host=compute-007")

    expect(page.locator("#effect")).to_contain_text("150 instances would move")
    expect(page.get_by_role("link", name="Request this drain")).to_be_visible()


def test_what_is_ticked_in_the_list_is_looked_at(sign_in: SignIn) -> None:
    for host in ("compute-007", "compute-008"):
        factories.hypervisor(host)
    for name in ("web-1", "web-2", "web-3"):
        factories.instance(name, host="compute-007")
    page = sign_in("olga", "operator")

    page.goto("/instances/")
    page.get_by_label("Pick web-1").check()
    page.get_by_label("Pick web-3").check()
    page.get_by_role("button", name="What if the selected moved").click()

    expect(page.locator("#effect")).to_contain_text("2 instances would move")
    expect(page.locator(".picks")).to_contain_text("web-3")
    expect(page.locator(".picks")).not_to_contain_text("web-2")


def test_what_is_ticked_stays_so_while_the_list_is_narrowed(sign_in: SignIn) -> None:
    for name in ("web-1", "web-2", "db-1"):
        factories.instance(name)
    page = sign_in("olga", "operator")
    page.goto("/instances/")
    said = page.locator("[data-picks-count]")

    page.get_by_label("Pick db-1").check()
    page.get_by_role("textbox", name="Search").fill("web")
    expect(said).to_have_text("1 selected, 1 not shown")
    page.get_by_role("button", name="Select all on this page").press("Enter")
    expect(said).to_have_text("3 selected, 1 not shown")
    page.reload()
    expect(page.get_by_label("Pick web-2")).to_be_checked()
    page.get_by_label("Pick web-2").uncheck()
    page.get_by_role("button", name="What if the selected moved").click()

    expect(page.locator(".picks tbody tr")).to_have_count(2)
    expect(page.locator(".picks")).to_contain_text("db-1")
    page.goto("/instances/")
    expect(page.get_by_label("Pick db-1")).not_to_be_checked()
