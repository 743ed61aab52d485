"""The main job in a browser, as three people do it, on a cloud that takes real time."""

from __future__ import annotations

import re
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
    cloud.set(live_seconds=3, cold_seconds=1, pause=0.1)
    cloud.add_host("compute-30", zone="OS1")
    cloud.add_host("compute-34", zone="OS1")
    return cloud


@pytest.fixture
def server(tmp_path: Path, make_site: MakeSite, cloud: PretendCloud) -> Iterator[Web]:
    """A whole installation: web, worker and Valkey."""
    settings = {
        "NOVAWEB_CLOUDS": "pretend",
        "NOVAWEB_PRETEND_FILE": str(tmp_path / "pretend.sqlite3"),
    }
    site = make_site(**settings)
    web = Web(tmp_path, environment=site.environment)
    site.work()
    read_clouds()
    yield web
    web.stop()


@pytest.mark.parametrize("procedure", ["live", "cold"])
def test_a_move_is_asked_for_approved_and_watched(
    sign_in: SignIn, web: Web, cloud: PretendCloud, procedure: str
) -> None:
    server = cloud.create("web", host="compute-30")
    read_clouds()
    rita = sign_in("rita", "requester")
    rita.goto("/instances/")
    rita.get_by_role("link", name="Request a move of web").click()
    rita.get_by_role("radio", name=f"{procedure.capitalize()}:").check()
    rita.get_by_label("To", exact=True).select_option("compute-34")
    expect(rita.locator("#advice")).to_contain_text(
        f"Best option: {procedure.capitalize()} to compute-34", timeout=SOON
    )
    rita.get_by_label("Reason").fill("The host gets new memory.")
    rita.get_by_role("button", name="Request this move").click()
    expect(rita.locator("#standing")).to_contain_text("requested", timeout=SOON)
    expect(rita.get_by_role("button", name="Approve this plan")).to_have_count(0)

    anna = sign_in("anna", "approver")
    anna.goto("/")
    anna.get_by_role("link", name=re.compile(r"^#\d+ web$")).click()
    anna.get_by_label("Your reason").fill("The window is open.")
    anna.get_by_role("button", name="Approve this plan").click()
    expect(anna.locator("main")).to_contain_text("You approved this plan.")

    rita.reload()
    rita.get_by_role("link", name="Watch the run").click(timeout=SOON)
    expect(rita.locator("#live")).to_have_text("complete", timeout=SOON)
    expect(rita.locator("#lines")).to_contain_text("The move is done.")
    expect(rita.locator("#part-banner")).to_contain_text("web is on compute-34")
    assert cloud.server(server).host == "compute-34"

    aude = sign_in("aude", "auditor")
    aude.goto("/audit/?instance=web")
    for sentence in (
        "rita requested a move of web from compute-30 to compute-34",
        "anna approved the move of web",
        "web was moved to compute-34",
    ):
        expect(aude.locator("tbody")).to_contain_text(sentence)


def test_a_move_is_stopped_and_goes_back(
    sign_in: SignIn, web: Web, cloud: PretendCloud
) -> None:
    cloud.set(live_seconds=600)
    server = cloud.create("web", host="compute-30")
    read_clouds()
    otto = sign_in("otto", "operator")
    anna = sign_in("anna", "approver")
    otto.goto(f"/requests/ask/?instance={server}&target=compute-34")
    otto.get_by_label("Reason").fill("The host gets new memory.")
    otto.get_by_role("button", name="Request this move").click()
    anna.goto(otto.url)
    anna.get_by_label("Your reason").fill("Fine.")
    anna.get_by_role("button", name="Approve this plan").click()
    otto.reload()
    otto.get_by_role("link", name="Watch the run").click(timeout=SOON)
    expect(otto.locator("#lines")).to_contain_text("is running", timeout=SOON)

    otto.get_by_text("Abort…").click()
    otto.get_by_label("Why (for the audit trail)").nth(1).fill("The wrong instance.")
    otto.get_by_role("button", name="Abort the live migration").click()

    expect(otto.locator("#live")).to_have_text("complete", timeout=SOON)
    expect(otto.locator("#part-banner")).to_contain_text("Rolled back")
    expect(otto.locator("#lines")).to_contain_text("The wrong instance.")
    assert cloud.server(server).host == "compute-30"
