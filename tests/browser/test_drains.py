"""A host is emptied, as two people see it in a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from pretend import PretendCloud
from tests.browser.conftest import SignIn
from tests.browser.reading import read_clouds
from tests.browser.web import Web
from tests.processes.conftest import MakeSite, make_site

__all__ = ["make_site"]

pytestmark = pytest.mark.django_db(transaction=True)
SOON = 60_000  # ms, on a busy machine


@pytest.fixture
def cloud(tmp_path: Path) -> PretendCloud:
    cloud = PretendCloud("pretend", tmp_path / "pretend.sqlite3")
    cloud.set(live_seconds=2, cold_seconds=1, pause=0.1)
    for host in ("compute-30", "compute-31", "compute-34"):
        cloud.add_host(host, zone="OS1")
    return cloud


@pytest.fixture
def server(tmp_path: Path, make_site: MakeSite, cloud: PretendCloud) -> Iterator[Web]:
    """A whole installation: web, worker and Valkey."""
    site = make_site(
        NOVAWEB_CLOUDS="pretend",
        NOVAWEB_PRETEND_FILE=str(tmp_path / "pretend.sqlite3"),
    )
    web = Web(tmp_path, environment=site.environment)
    site.work()
    read_clouds()
    yield web
    web.stop()


def test_a_host_is_emptied_before_ones_eyes(
    sign_in: SignIn, web: Web, cloud: PretendCloud
) -> None:
    servers = [cloud.create(f"web-{number}", host="compute-30") for number in range(3)]
    read_clouds()
    otto = sign_in("otto", "operator")
    otto.goto("/hypervisors/compute-30/")
    otto.get_by_role("link", name="What if it were empty").click()
    expect(otto.locator("main")).to_contain_text("3 instances would move")
    otto.get_by_role("link", name="Request this drain").click()
    otto.get_by_label("Reason").fill("The host gets new memory.")
    otto.get_by_role("button", name="Request this drain").click()
    expect(otto.locator("#standing")).to_contain_text("requested", timeout=SOON)
    expect(otto.get_by_role("button", name="Approve this drain")).to_have_count(0)

    anna = sign_in("anna", "approver")
    anna.goto("/")
    anna.get_by_role("link", name="compute-30").first.click()
    anna.get_by_label("Your reason").fill("The window is open.")
    anna.get_by_role("button", name="Approve this drain").click()
    expect(anna.locator("main")).to_contain_text("You approved this drain.")

    # nobody reloads anything: the page of who asked goes along
    expect(otto.locator("#standing")).to_contain_text("completed", timeout=2 * SOON)
    expect(otto.locator("#drain-progress")).to_contain_text("3 of 3 instances moved")
    assert {cloud.server(server).host for server in servers} <= {
        "compute-31",
        "compute-34",
    }
