"""A log of any length: the page keeps what is read, and everything can be reached."""

from __future__ import annotations

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from migrations_app.models import Line, Run
from tests import factories
from tests.browser.conftest import SignIn

pytestmark = pytest.mark.django_db(transaction=True)
MANY = 6_000
KEPT, SPARE, MOST = 1_000, 200, 3_000


def long_run() -> Run:
    run = factories.run()
    Line.objects.bulk_create(
        Line(run=run, number=number, at=timezone.now(), text=f"Block {number} copied.")
        for number in range(1, MANY + 1)
    )
    Line.objects.filter(run=run, number=42).update(text="Nova refused a block.")
    Run.objects.filter(pk=run.pk).update(last_number=MANY)
    run.refresh_from_db()
    return run


@pytest.fixture
def run(db: None) -> Run:
    return long_run()


@pytest.fixture
def page(sign_in: SignIn, run: Run) -> Page:
    page = sign_in("otto", "operator")
    page.goto(f"/runs/{run.pk}/")
    expect(page.locator("#live")).to_have_attribute("data-state", "live")
    return page


def on_page(page: Page) -> int:
    return page.locator("#lines > li").count()


def test_who_follows_keeps_no_more_than_the_last_lines(page: Page, run: Run) -> None:
    Line.objects.bulk_create(
        Line(run=run, number=MANY + n, at=timezone.now(), text="More.")
        for n in range(1, 2 * SPARE)
    )
    last = MANY + 2 * SPARE - 1
    Run.objects.filter(pk=run.pk).update(last_number=last)

    expect(page.locator(f"#line-{last}")).to_be_in_viewport()
    assert on_page(page) <= KEPT + SPARE


def test_earlier_lines_are_fetched_and_the_page_stays_small(page: Page) -> None:
    for turn in range(1, 6):
        page.locator("#log-earlier").click()
        expect(page.locator(f"#line-{MANY - (turn + 1) * KEPT + 1}")).to_be_attached()

    expect(page.locator("#log-earlier")).to_be_hidden()
    assert on_page(page) <= MOST
    page.locator("#log-later").click()
    expect(page.locator(f"#line-{MOST + KEPT}")).to_be_attached()
    page.get_by_role("button", name="Follow").click()
    expect(page.locator(f"#line-{MANY}")).to_be_in_viewport()


def test_a_search_goes_over_all_lines_and_leads_to_each(page: Page) -> None:
    page.fill("#log-search", "refused block")
    expect(page.locator("#log li:visible")).to_have_count(1)
    expect(page.locator("#said")).to_have_text("1 line matches")

    page.get_by_role("link", name="Line 42", exact=True).click()

    expect(page.locator("#line-42")).to_be_in_viewport()
    assert page.url.endswith("#line-42")
    page.fill("#log-search", "copied")
    found = "5999 lines match, the first 200 are shown"
    expect(page.locator("#log-found")).to_have_text(found)


def test_a_link_leads_to_a_line_however_long_ago(sign_in: SignIn, run: Run) -> None:
    page = sign_in("otto", "operator")
    page.goto(f"/runs/{run.pk}/#line-100")
    expect(page.locator("#line-100")).to_be_in_viewport()
    assert on_page(page) <= KEPT


def test_what_arrives_meanwhile_waits_for_who_reads(page: Page, run: Run) -> None:
    page.evaluate("location.hash = ''")
    page.locator("#log").evaluate("log => log.scrollTop = 0")
    expect(page.locator("#log-follow")).to_have_attribute("aria-pressed", "false")
    factories.write_line(run, "Something happened.")
    page.get_by_role("button", name="1 new line").click()
    expect(page.locator(f"#line-{MANY + 1}")).to_be_in_viewport()
