"""Hosts that have three names each, another port, accounts and folders of their own.

Their sshd takes modern ciphers only, too.
"""

from __future__ import annotations

import pytest

from tests.processes.field import Field
from tests.processes.layouts.moves import Kept

LAYOUT = "names,hardened"
pytestmark = [pytest.mark.layout, pytest.mark.django_db(transaction=True)]


def test_a_guest_is_moved_live(kept: Kept, it: Field) -> None:
    kept.move_live(it)


def test_a_guest_is_moved_cold(kept: Kept, it: Field) -> None:
    kept.move_cold(it)


@pytest.mark.proves("cold-forced")
def test_a_guest_is_moved_to_the_one_host_that_is_not_disabled(
    kept: Kept, it: Field
) -> None:
    kept.move_to_forced_target(it)


def test_a_manual_move_brings_a_guest_over(kept: Kept, it: Field) -> None:
    kept.move_manually(it)


def test_a_host_is_called_otherwise_by_everybody(kept: Kept) -> None:
    host = str(kept.on.place.cloud.server(kept.server).host)
    assert host in {"hv-40", "hv-41"}
    assert kept.on.run(host, "hostname").strip() == f"rack-3-node-{host[-2:]}"
    first, second = (
        kept.on.run(it, "id -u openstack-nova") for it in kept.on.names[:2]
    )
    assert first != second
