"""The console of a moved guest: novaweb's page leads to its screen where it is.

The guest is the witness: its screen says what QEMU calls it, its last lines are its own
ticks.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from migrations_app.models import MigrationRequest
from tests.processes.field import Field, expect_completed, field, hypervisors, place
from tests.processes.hypervisors import PATIENCE, Hypervisors
from tests.processes.site import approved, person, run_of

__all__ = ["field", "hypervisors", "place"]
pytestmark = [pytest.mark.lab, pytest.mark.django_db(transaction=True)]
SCRIPT = "tests/processes/rfb_client.py"


def console_page(request: MigrationRequest) -> str:
    """Return the page of the console of a moved instance, as an operator gets it."""
    client = Client()
    client.force_login(person("operator"))
    answer = client.post(reverse("run-console", args=[run_of(request).pk]))
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def link(page: str) -> str:
    found = re.search(r'href="(http://[^"]+token[^"]+)"', page)
    assert found, page
    return found[1]


def screen(lab: dict[str, Any], url: str) -> dict[str, str]:
    """Return what answers at the address of a screen, through the noVNC proxy."""
    asked = [lab["python"], "-W", "ignore", SCRIPT, url]
    done = subprocess.run(
        asked, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, str] = json.loads(done.stdout)
    return answer


def expect_its_own(
    lab: dict[str, Any], on: Hypervisors, server: str, page: str
) -> None:
    """The page has the guest's ticks, and leads to the screen of its domain."""
    lines = page.partition('id="lines-title"')[2]
    assert re.search(r"^tick \d+ boot \d+ uptime [\d.]+\s*$", lines, re.MULTILINE)
    host = str(on.place.cloud.server(server).host)
    domain = on.run(host, f"virsh domname {server}").strip()
    answer = {"version": "RFB 003.008\n", "name": f"QEMU ({domain})"}
    assert screen(lab, link(page)) == answer


def test_after_a_live_move_the_console_is_that_of_the_guest_on_its_target(
    lab: dict[str, Any], hypervisors: Hypervisors, field: Callable[[str], Field]
) -> None:
    source, target = hypervisors.names[:2]
    server = hypervisors.boot(source)
    field(server).site.work()
    request = approved("lab", server, "live", target)
    expect_completed(request)
    page = console_page(request)
    expect_its_own(lab, hypervisors, server, page)


def test_after_a_manual_move_a_link_from_before_shows_nobody_s_screen(
    lab: dict[str, Any], hypervisors: Hypervisors, field: Callable[[str], Field]
) -> None:
    source, target = hypervisors.names[:2]
    server, cloud = hypervisors.boot(source), hypervisors.place.cloud
    it = field(server)
    before, last = cloud.console_url(server), hypervisors.ticks(server)[-1]
    its_own = screen(lab, before)["name"]
    it.site.work()
    request = it.move(target)
    expect_completed(request)
    # the next guest on the source gets the port of the one that has left
    other = screen(lab, cloud.console_url(hypervisors.boot(source)))["name"]
    assert other.startswith("QEMU (") and other != its_own
    assert screen(lab, before) == {"version": "", "name": ""}
    hypervisors.later(server, last)
    expect_its_own(lab, hypervisors, server, console_page(request))
