"""The pages of the audit trail in a browser: readable by all, on paper too."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from migrations_app.models import MigrationRequest
from tests import factories
from tests.audit import rows
from tests.browser.conftest import SignIn
from tests.browser.test_every_page import WHAT_IF, faults
from tests.planned import PLAN

pytestmark = pytest.mark.django_db(transaction=True)
PAGES = (
    "/audit/?host=compute-30",
    "/audit/{entry}/",
    "/audit/timelines/host/compute-30/",
    "/audit/timelines/ticket/OPS-42/?order=oldest",
    "/requests/{request}/evidence/",
)


def trail() -> dict[str, int]:
    """Fill the pages with something; return the numbers in their addresses."""
    factories.pacer_seen()
    plan = [{**step, "commands": ["virsh domstate 'web' " * 12]} for step in PLAN]
    request = factories.request(state="completed", plan=plan, what_if=WHAT_IF)
    lines = [f"Line {number}: all is well with {'x' * 90}." for number in range(200)]
    run = factories.run(of=request, state="completed", lines=lines)
    for verb in ("request.asked", "request.approved", "run.started", "run.completed"):
        factories.audit_entry(
            verb,
            request_number=request.pk,
            run_number=run.pk,
            act="the-act",
            before={"state": "requested"},
            after={"state": "approved", "policy": "Standard", "policy_version": 3},
        )
    for _ in range(45):
        factories.audit_entry("run.held", ticket="OPS-43")
    rows.saved_search("Everything that is held")
    entry = factories.audit_entry(act="the-act", request_number=request.pk)
    return {"request": request.pk, "entry": entry.pk}


def test_they_keep_nobody_out(sign_in: SignIn) -> None:
    numbers = trail()
    page = sign_in("aude", "auditor", bypass_csp=True)
    wrong = {}
    for path in PAGES:
        page.goto(path.format(**numbers))
        page.locator("details").evaluate_all("all => all.forEach(d => d.open = true)")
        if found := faults(page):
            wrong[path] = found
    assert wrong == {}


def test_they_fit_a_phone(sign_in: SignIn) -> None:
    numbers = trail()
    page = sign_in("aude", "auditor", viewport={"width": 360, "height": 740})
    wide = {}
    for path in PAGES:
        page.goto(path.format(**numbers))
        page.locator("details").evaluate_all("all => all.forEach(d => d.open = true)")
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > 360:
            wide[path] = width
    assert wide == {}


def test_a_search_is_saved_from_the_page_by_keyboard(sign_in: SignIn) -> None:
    trail()
    page = sign_in("aude", "auditor")
    page.goto("/audit/")
    page.get_by_label("Ticket", exact=True).fill("OPS-43")
    # the rows come anew by themselves, with what is to be saved
    expect(page).to_have_url(re.compile("ticket=OPS-43"))
    page.get_by_text("Save this search").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Name").fill("Holds of 43")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The search is saved as “Holds of 43”.")).to_be_visible()
    expect(page.get_by_label("Ticket", exact=True)).to_have_value("OPS-43")


def test_a_filter_that_was_typed_is_asked_for_once(sign_in: SignIn) -> None:
    trail()
    page = sign_in("aude", "auditor")
    page.goto("/audit/")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_label("Ticket", exact=True).fill("OPS-43")
    expect(page).to_have_url(re.compile("ticket=OPS-43"))
    # what was opened below the rows meanwhile would be closed by another answer
    page.get_by_text("Save this search").focus()
    page.evaluate("1")
    assert len([url for url in asked if "ticket=OPS-43" in url]) == 1


@pytest.mark.parametrize("paper", ["A4", "Letter"])
def test_the_evidence_prints_whole_and_nothing_else(
    sign_in: SignIn, tmp_path: Path, paper: str
) -> None:
    numbers = trail()
    request = MigrationRequest.objects.get(pk=numbers["request"])
    page: Page = sign_in("aude", "auditor", color_scheme="dark")
    page.goto(f"/requests/{request.pk}/evidence/")
    pdf = tmp_path / "evidence.pdf"
    page.pdf(path=pdf, format=paper, prefer_css_page_size=False)
    page.emulate_media(media="print")

    assert pdf.read_bytes().startswith(b"%PDF-")
    assert len(re.findall(rb"/Type\s*/Page\b", pdf.read_bytes())) >= 5
    for hidden in (".topbar", ".footer", ".skip-link"):
        expect(page.locator(hidden)).to_be_hidden()
    expect(page.get_by_text("Line 199: all is well")).to_be_visible()
    expect(page.locator("body")).to_have_css("background-color", "rgb(255, 255, 255)")
    expect(page.locator(".dossier h1")).to_have_css("color", "rgb(0, 0, 0)")
