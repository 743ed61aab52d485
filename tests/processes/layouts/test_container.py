"""Hosts whose nova-compute and libvirtd are in containers, as Kolla lays them out."""

from __future__ import annotations

import pytest

from migrations_app.preflight.finding import Severity
from migrations_app.requests import actions as request_actions
from tests.processes.field import Field
from tests.processes.layouts.moves import Kept
from tests.processes.site import person

LAYOUT = "container"
pytestmark = [pytest.mark.layout, pytest.mark.django_db(transaction=True)]


def test_a_guest_is_moved_live(kept: Kept, it: Field) -> None:
    kept.move_live(it)


def test_a_guest_is_moved_cold(kept: Kept, it: Field) -> None:
    kept.move_cold(it)


def test_the_hosts_can_be_read_and_nothing_but_the_tools_forbids_to_copy(
    kept: Kept, it: Field
) -> None:
    advice = request_actions.preflight(
        by=person("requester"),
        instance=kept.server,
        procedure="manual",
        target=kept.elsewhere,
        cloud="lab",
    )
    (option,) = advice.options
    blocking = {f.rule for f in option.findings if f.severity is Severity.BLOCKS}
    unknown = {f.rule for f in option.findings if f.severity is Severity.UNKNOWN}
    assert (blocking, unknown) == ({"manual.tools"}, set())
