"""Every page, light and dark, wide and narrow: readable by everybody, without a fault.

axe-core looks for what would keep people out; the browser's console (see ``sign_in``)
for errors and breaches of the content security policy.
"""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any, Literal

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from migrations_app.models import Decision, Drain, Instance, MigrationRequest
from tests import factories, leaked, measurements, messages
from tests.browser.conftest import SignIn

pytestmark = pytest.mark.django_db(transaction=True)

AXE = Path(__file__).parent / "vendor" / "axe" / "axe.min.js"
PAGES = (
    "/",
    "/instances/",
    "/instances/{instance}/",
    "/hypervisors/",
    "/hypervisors/compute-30/",
    "/leaks/",
    "/services/",
    "/services/{service}/",
    "/what-if/",
    "/what-if/?host=compute-30",
    "/what-if/?instance={free}&instance={instance}",
    "/drains/",
    "/drains/ask/?hosts=compute-30",
    *("/drains/{drain}/", "/drains/{planning}/", "/drains/{paused}/"),
    *("/drains/{incomplete}/", "/drains/{incomplete}/evidence/"),
    "/requests/",
    *("/requests/{request}/", "/requests/{request}/evidence/"),
    "/requests/decide/?request={request}",
    "/requests/ask/?instance={free}",
    "/speeds/?source=compute-30&target=compute-32",
    "/runs/{running}/",
    "/runs/{held}/",
    "/runs/{held}/world/",
    "/account/",
    "/account/password/",
    "/account/second-factor/",
    "/account/second-factor/app/",
    "/account/second-factor/key/",
    "/account/sessions/",
    "/account/confirm/",
    "/notices/",
    "/notices/choices/",
    "/webhooks/",
    "/webhooks/{webhook}/",
    "/deliveries/",
    "/deliveries/{delivery}/",
    "/audit/",
    "/audit/{entry}/",
    "/audit/timelines/host/compute-30/",
    *("/policies/?instance={free}", "/delegations/", "/broken-glass/"),
    *("/search/?q=as", "/tokens/", "/api/"),
    "/windows/",
    "/windows/new/",
    "/windows/import/",
    "/runs/999999/",
)
STOCK = {"capacity": 100, "used_before": 90, "free_before": 10, "free_after": 0}
CHANGE = {"resources": {"VCPU": {**STOCK, "used_after": 104}}}
WHAT_IF = {"source": None, "target": {"host": "compute-31", **CHANGE}}
PROGRESS = {
    "memory_total": 8 * 2**30,
    "memory_remaining": 3 * 2**30,
    "disk_total": 20 * 2**30,
    "disk_remaining": 2**30,
    "low_water": 2**30,
    "rate": 10**8,
    "migration": 812,
    "status": "running",
}


def everything() -> dict[str, Any]:
    """Fill every page with something; return what stands in their addresses."""
    cloud = factories.cloud(trouble="Nova does not answer.")
    factories.hypervisor("compute-30", memory_used=250000)
    factories.hypervisor("compute-31", up=False)
    factories.hypervisor(
        "compute-32", enabled=False, disabled_reason="new memory", memory_total=0
    )
    measurements.snapshots("compute-30", of=cloud)
    leaked.leak("compute-30", of=cloud)
    free = factories.instance("free", locked=True)
    of = factories.instance("asked", status="ERROR")
    request = factories.request(of=of, why="The plan changed.", what_if=WHAT_IF)
    measurements.copy_speed("compute-30", "compute-32", of=cloud)
    measurements.copy_speed("compute-30", "compute-31", of=cloud, trouble="No route.")
    Decision.objects.create(
        request=request,
        by_name="bert",
        approves=True,
        note="Fine.",
        plan_digest="0" * 64,
        at=timezone.now(),
    )
    lines = ["It begins.", "Nova refused it.", *["All is well."] * 60]
    running = factories.run(lines=lines, progress=PROGRESS)
    held = factories.run(state="held", why="A person must look.", lines=lines)
    entry = factories.audit_entry(
        request_number=request.pk, before={"state": "a"}, after={"state": "b"}
    )
    delivery = messages.delivery(request)
    return {
        "webhook": delivery.webhook_id,
        "delivery": delivery.pk,
        "instance": of.uuid,
        "free": free.uuid,
        "request": request.pk,
        "running": running.pk,
        "held": held.pk,
        "entry": entry.pk,
        "drain": drain("requested", "requested"),
        "planning": drain("planning", "requested"),
        "paused": drain("paused", "running", "completed", "rolled_back"),
        "incomplete": drain("incomplete", "completed", "left"),
        # of the pretend cloud, which the site reads for this
        "service": uuid.uuid5(uuid.NAMESPACE_DNS, "service.compute-31"),
    }


def drain(state: str, *moves: str) -> int:
    """Return the number of a drain with moves in these states, and one that stays."""
    row = factories.drain(
        state,
        why="It waits for you." if state == "paused" else "",
        tasks=[{}] * len(moves),
        stays=[
            {
                "instance": str(uuid.uuid4()),
                "name": "web-09",
                "host": "compute-30",
                "sentence": "web-09 is ERROR: Nova moves it neither live nor cold.",
                "way_out": "Reset its state first.",
            }
        ],
    )
    for place, each in enumerate(moves, 1):
        of = factories.instance(f"{state}-{place}")
        factories.request(of=of, drain=row, place=place, state=each)
    return row.pk


# what differs between light and dark
OF_COLOURS = ["color-contrast", "link-in-text-block"]


def faults(page: Page) -> list[str]:
    """Return what axe-core finds wrong with the page as it stands, light and dark.

    axe is the tests' own script: the tab must not heed the page's policy for scripts.
    """
    page.add_script_tag(path=AXE)
    return [*_found(page, "light", {}), *_found(page, "dark", {"runOnly": OF_COLOURS})]


def _found(page: Page, theme: Literal["light", "dark"], asked: Any) -> list[str]:
    # without motion: else a button is still changing its colour
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", theme)
    asked = {"resultTypes": ["violations"], **asked}
    found = page.evaluate("asked => axe.run(document, asked)", asked)
    return [
        f"{theme}: {fault['id']}: {node['html'][:160]} {node['failureSummary'][:200]}"
        for fault in found["violations"]
        for node in fault["nodes"]
    ]


def test_it_keeps_nobody_out(sign_in: SignIn) -> None:
    places = everything()
    page = sign_in("olga", "operator", "approver", bypass_csp=True)
    wrong = {}
    for path in PAGES:
        page.goto(path.format(**places))
        page.locator("details").evaluate_all("all => all.forEach(d => d.open = true)")
        if found := faults(page):
            wrong[path] = found

    assert wrong == {}


def test_the_door_keeps_nobody_out(sign_in: SignIn) -> None:
    page = sign_in("olga", bypass_csp=True)
    page.context.clear_cookies()
    page.goto("/sign-in/")

    assert faults(page) == []


# as long as they may be, without a place to break them at
NAME, TICKET = "n" * 200, "T" * 100
WIDTHS = (1440, 390, 320)
# what sticks out of the window, but not of a part that scrolls by itself
STICKS_OUT = """() => {
  const edge = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= edge) return [];
  const over = (it) => getComputedStyle(it).overflowX !== "visible";
  const scrolls = (it) => it && (over(it) || scrolls(it.parentElement));
  return [...document.querySelectorAll("body *")]
    .filter((it) => it.getBoundingClientRect().right > edge)
    .filter((it) => !scrolls(it.parentElement))
    .map((it) => it.outerHTML.slice(0, 100)).slice(-3);
}"""


def test_it_fits_every_screen_whatever_things_are_called(sign_in: SignIn) -> None:
    places = everything()
    Instance.objects.update(name=NAME, project_name=NAME)
    MigrationRequest.objects.update(instance_name=NAME, ticket=TICKET, reason=NAME)
    Drain.objects.update(ticket=TICKET, reason=NAME, why=NAME)
    page = sign_in("olga", "operator", "approver")
    wide = []
    for path in PAGES:
        page.goto(path.format(**places))
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 844})
            wide += [(path, width, it) for it in page.evaluate(STICKS_OUT)]

    assert wide == []


def test_a_long_ticket_leaves_the_other_columns_room(sign_in: SignIn) -> None:
    factories.request(of=factories.instance("web-01"), ticket=TICKET)
    page = sign_in("olga", "operator", viewport={"width": 1440, "height": 900})
    page.goto("/requests/")
    row = page.locator("tbody tr")

    expect(row).to_contain_text(TICKET)
    by_themselves = row.locator("td", has_text="rita").bounding_box()
    table = page.locator(".table-responsive")
    assert by_themselves is not None
    assert by_themselves["width"] > 60
    assert table.evaluate("it => it.scrollWidth <= it.clientWidth")


def test_it_can_be_read_without_a_script(sign_in: SignIn) -> None:
    places = everything()
    page = sign_in("olga", "operator", "approver", java_script_enabled=False)

    page.goto("/runs/{running}/".format(**places))
    expect(page.locator("#line-62")).to_contain_text("All is well.")
    expect(page.locator("#live")).to_have_text("as of page load")

    page.goto("/requests/{request}/".format(**places))
    page.get_by_label("Your reason").fill("It is not the time.")
    page.get_by_role("button", name="Reject").click()
    expect(page.get_by_role("status").first).to_be_visible()
    expect(page.locator("main")).to_contain_text("You rejected this request.")


def test_the_keyboard_alone_reaches_the_content(sign_in: SignIn) -> None:
    page = sign_in("olga", "operator")
    page.goto("/instances/")

    page.keyboard.press("Tab")
    skip = page.get_by_text("Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")

    expect(page.locator("main")).to_be_focused()


def test_the_theme_is_remembered(sign_in: SignIn) -> None:
    page = sign_in("olga", "operator")
    page.goto("/")
    page.get_by_role("button", name="Switch between light and dark").click()
    page.goto("/instances/")

    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")


def test_a_list_is_searched_while_one_types(sign_in: SignIn) -> None:
    everything()
    page = sign_in("olga", "operator")
    page.goto("/instances/")

    page.get_by_role("textbox", name="Search").press_sequentially("fre")

    expect(page.locator("tbody tr")).to_have_count(1, timeout=30_000)
    expect(page.locator("tbody")).to_contain_text("free")
    assert "q=fre" in page.url
