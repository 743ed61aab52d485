"""Hosts whose nova-compute and libvirtd are in containers, as Kolla lays them out."""

from __future__ import annotations

import pytest

from tests.processes.field import Field
from tests.processes.layouts.moves import Kept, unfit_for_manual

LAYOUT = "container"
pytestmark = [pytest.mark.layout, pytest.mark.django_db(transaction=True)]


def test_a_guest_is_moved_live(kept: Kept, it: Field) -> None:
    kept.move_live(it)


def test_a_guest_is_moved_cold(kept: Kept, it: Field) -> None:
    kept.move_cold(it)


@pytest.mark.proves("manual")
def test_the_hosts_can_be_read_and_nothing_but_the_tools_forbids_to_copy(
    kept: Kept, it: Field
) -> None:
    assert unfit_for_manual(kept.server, kept.elsewhere) == {"manual.tools"}
