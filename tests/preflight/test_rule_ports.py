"""How the network ports of an instance are made."""

from __future__ import annotations

from dataclasses import replace

import pytest

from migrations_app.preflight.finding import Severity
from migrations_app.preflight.rule import COLD, COLD_BY_DISABLING, LIVE, MANUAL
from tests.preflight.build import by_hand, facts, finding, port, said, seen

OK, WARNS, UNKNOWN, BLOCKS = (
    Severity.OK,
    Severity.WARNS,
    Severity.UNKNOWN,
    Severity.BLOCKS,
)
UNPLUGGED = ["direct", "direct-physical", "vdpa", "remote-managed"]
HELD = ["macvtap", "virtio-forwarder"]
BRIDGED = replace(port("normal"), vif_type="bridge")


@pytest.mark.parametrize("vnic_type", [*UNPLUGGED, *HELD])
def test_it_warns_of_ports_on_hardware_and_says_what_becomes_of_them(
    vnic_type: str,
) -> None:
    found = finding("device.ports", facts(ports=(port(vnic_type),)))
    assert found is not None
    assert found.severity is WARNS
    assert ("loses them" in found.sentence) is (vnic_type in UNPLUGGED)


@pytest.mark.parametrize("vnic_type", [*UNPLUGGED, *HELD])
def test_nobody_moves_them_by_hand(vnic_type: str) -> None:
    given = by_hand(ports=(port(vnic_type),))
    assert said("manual.bound", given, by=MANUAL) is BLOCKS


def test_it_is_content_with_virtual_ports() -> None:
    assert said("device.ports", facts()) is OK
    assert said("device.ports", facts(), by=COLD) is None
    assert said("device.ports", facts(ports=(port("direct"),)), by=COLD) is None


@pytest.mark.parametrize(
    ("release", "live", "cold"),
    [
        (23, BLOCKS, BLOCKS),
        (24, BLOCKS, UNKNOWN),
        (25, BLOCKS, UNKNOWN),
        (26, WARNS, None),
        (None, WARNS, UNKNOWN),
    ],
)
def test_it_knows_since_when_vdpa_ports_move(
    release: int | None, live: Severity, cold: Severity | None
) -> None:
    given = facts(ports=(port("vdpa"),), release=release)
    assert said("device.ports", given, by=LIVE) is live
    assert said("device.ports", given, by=COLD) is cold
    assert said("device.ports", given, by=COLD_BY_DISABLING) is cold


@pytest.mark.parametrize("by", [LIVE, COLD, COLD_BY_DISABLING, MANUAL])
def test_nova_2026_2_moves_no_port_on_a_linux_bridge(by: str) -> None:
    ports, either = (BRIDGED,), (33, 34)
    there = replace(seen(ports=ports, target={"nova": "34.0.0"}), release=either)
    somewhere = replace(facts(ports=ports), release=either)
    assert said("device.linux_bridge", facts(ports=ports, release=34), by=by) is BLOCKS
    assert said("device.linux_bridge", there, by=by) is BLOCKS
    assert said("device.linux_bridge", somewhere, by=by) is UNKNOWN
    assert said("device.linux_bridge", facts(ports=ports), by=by) is UNKNOWN
    assert said("device.linux_bridge", facts(ports=ports, release=33), by=by) is None
    assert said("device.linux_bridge", facts(release=34), by=by) is None
