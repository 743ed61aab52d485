"""The pages of approvals in a browser, with what stands on them in real life."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone
from playwright.sync_api import Page, expect

from migrations_app.models import BrokenGlass, Decision, MigrationRequest
from migrations_app.requests.approvals import delegations, policies
from migrations_app.requests.approvals.rules import CONDITIONS
from migrations_app.requests.windows import actions as windows
from pretend import PretendCloud
from tests import factories
from tests.browser.conftest import SignIn
from tests.browser.test_every_page import WHAT_IF, faults
from tests.browser.web import Web

pytestmark = pytest.mark.django_db(transaction=True)
LONG = "The array under compute-30 loses disks: what is on it must be away tonight. "
FREEZE = "No changes while the year is closed. Ask the change board before you plan."
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


def fill(cloud: PretendCloud) -> dict[str, object]:
    """Fill the pages with something; return what stands in their addresses."""
    factories.pacer_seen()
    for host in ("compute-30", "compute-31", "compute-32"):
        factories.hypervisor(host)
    free = cloud.create("billing", host="compute-30")
    factories.instance("billing", uuid=free)
    return {"free": free, "policy": policy(), "window": calendar(), **moves()}


def policy() -> int:
    """Make a policy of two stages in three versions, and one that rules no more."""
    ada = factories.person("ada", staff=True)
    Group.objects.get_or_create(name="change-board")
    rule = {
        **{name: [] for name in CONDITIONS},
        "hosts": ["compute-3?", "store-*"],
        "procedures": ["live", "cold"],
        "stages": [
            {"approvers": 1, "groups": ["approver"]},
            {"approvers": 2, "groups": ["approver", "change-board"]},
        ],
        "instances_at_least": 1,
        "window": "any",
        "approval_hours": 24,
        "request_hours": None,
        "break_glass": True,
    }
    row = policies.create(by=ada, name="Payment", weight=500, rule=rule, note="Asked.")
    for version, weight in ((1, 600), (2, 700)):
        policies.change(
            row.pk,
            by=ada,
            version=version,
            name="Payment hosts",
            weight=weight,
            active=True,
            rule=rule,
            note="The board wants to be asked about what moves payments.\n" + LONG,
        )
    old = policies.create(by=ada, name="Old", weight=5, rule=rule, note="Asked for.")
    policies.retire(old.pk, by=ada, version=1, note="Nobody needs it.")
    return row.pk


def calendar() -> int:
    """Make a window that recurs and a freeze that is on; return the window."""
    otto = factories.person("otto", "operator")
    now = timezone.now().replace(tzinfo=None, second=0, microsecond=0)
    wish = windows.Wish(
        name="Saturday nights of zone OS1",
        kind="maintenance",
        starts=now - timedelta(days=7, hours=1),
        ends=now - timedelta(days=7) + timedelta(hours=5),
        reason="Hosts of the zone may be touched.",
        time_zone="Europe/Berlin",
        recurrence="FREQ=WEEKLY",
        zones=("OS1",),
    )
    windows.create(
        windows.Wish(
            name="Year’s end",
            kind="freeze",
            starts=now - timedelta(days=1),
            ends=now + timedelta(days=3),
            reason=FREEZE,
            time_zone="UTC",
        ),
        by=otto,
    )
    return windows.create(wish, by=otto).pk


def moves() -> dict[str, object]:
    """Make a request in its second stage, and two where the glass was broken."""
    anna, bert = (factories.person(name, "approver") for name in ("anna", "bert"))
    now = timezone.now()
    asked = factories.request(
        of=factories.instance("payments"),
        what_if=WHAT_IF,
        changed_by_name="otto",
        window_start=now + timedelta(hours=1),
        window_end=now + timedelta(hours=5),
    )
    decide(asked, "anna", by=anna, plan_digest=asked.plan_digest)
    decide(asked, "bert", by=bert, plan_digest="0" * 64)
    broken = factories.request(of=factories.instance("ledger"), state="approved")
    shatter(broken)
    over = factories.request(of=factories.instance("mail"), state="completed")
    shatter(
        over,
        reviewed_by=anna,
        reviewed_by_name="anna",
        reviewed_at=now,
        review="The disks did fail an hour later; it was right.",
    )
    for row in (asked, broken):
        for verb in ("request.asked", "request.approved"):
            factories.audit_entry(
                verb,
                request_number=row.pk,
                instance=row.instance,
                instance_name=row.instance_name,
            )
    ends = now + timedelta(days=9)
    handed = [
        delegations.delegate(
            by=giver, to="otto", starts_at=now, ends_at=ends, reason="On leave; " + LONG
        )
        for giver in (anna, bert)
    ]
    delegations.revoke(handed[1].pk, by=bert)
    return {"asked": asked.pk, "broken": broken.pk}


def decide(move: MigrationRequest, name: str, **fields: object) -> None:
    Decision.objects.create(
        request=move,
        by_name=name,
        approves=True,
        note="Fine for me, the hosts have room.",
        at=timezone.now(),
        **{"groups": ["approver"], **fields},
    )


def shatter(move: MigrationRequest, **fields: object) -> None:
    BrokenGlass.objects.create(
        request=move,
        plan_digest=move.plan_digest,
        by_name="otto",
        reason=(LONG * 2).strip(),
        at=timezone.now(),
        **fields,
    )


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
    first = page.locator(".topnav .menu-body a").first
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
