from __future__ import annotations

from typing import Any

import pytest

from migrations_app.preflight.finding import Severity
from migrations_app.preflight.rule import COLD, LIVE
from tests.preflight.build import facts, finding, guest, port, said, seen, with_specs

WARNS, UNKNOWN, BLOCKS = Severity.WARNS, Severity.UNKNOWN, Severity.BLOCKS
PINNED = {"hw__cpu_policy": "dedicated"}


@pytest.mark.parametrize(
    ("rule", "specs", "release", "severity"),
    [
        ("device.sev", {"hw__mem_encryption": "True"}, None, BLOCKS),
        ("device.vgpu", {"resources__VGPU": "1"}, 28, BLOCKS),
        ("device.vgpu", {"resources1__VGPU": "1"}, 29, UNKNOWN),
        ("device.numa", {"hw__cpu_policy": "dedicated"}, 19, BLOCKS),
        ("device.numa", {"hw__cpu_policy": "dedicated"}, None, WARNS),
        ("device.numa", {"hw__mem_page_size": "large"}, 27, WARNS),
        ("device.numa", {"hw__numa_nodes": "2"}, 27, WARNS),
    ],
)
def test_it_speaks_of_what_ties_a_guest_to_its_host(
    rule: str, specs: dict[str, str], release: int | None, severity: Severity
) -> None:
    given = facts(server=with_specs(**specs), release=release)
    assert said(rule, given, by=LIVE) is severity
    assert said(rule, given, by=COLD) is None


@pytest.mark.parametrize(
    "rule",
    [
        "device.sev",
        "device.vtpm",
        "device.accelerator",
        "device.pmem",
        "device.pci",
        "device.vgpu",
        "device.numa",
    ],
)
def test_it_is_silent_about_an_ordinary_guest(rule: str) -> None:
    harmless = with_specs(hw__mem_encryption="false", hw__cpu_policy="shared")
    assert said(rule, facts(server=harmless)) is None


def test_it_is_silent_about_a_device_in_releases_that_the_rule_does_not_speak_of() -> (
    None
):
    given = facts(server=with_specs(hw__tpm_version="2.0"), release=21)
    assert said("device.vtpm", given) is None


@pytest.mark.parametrize("procedure", [LIVE, COLD])
def test_it_blocks_both_moves_of_an_instance_with_an_accelerator(
    procedure: str,
) -> None:
    by_flavor = facts(server=with_specs(accel__device_profile="fpga"))
    by_port = facts(ports=(port("accelerator-direct"),))
    assert said("device.accelerator", by_flavor, by=procedure) is BLOCKS
    assert said("device.accelerator", by_port, by=procedure) is BLOCKS


def test_it_does_not_know_the_ports_when_they_cannot_be_read() -> None:
    given = facts(ports=(), unread={"ports": "Neutron did not answer."})
    assert said("device.accelerator", given, by=COLD) is UNKNOWN
    assert said("device.ports", given) is None
    assert said("device.linux_bridge", given) is None


@pytest.mark.parametrize(
    ("rule", "sign"),
    [("device.sev", {"devices": ("sev",)}), ("device.numa", {"pinned": True})],
)
def test_it_sees_by_the_guest_what_its_image_asked_for(
    rule: str, sign: dict[str, Any]
) -> None:
    assert said(rule, seen(guest(**sign), release=32)) in {BLOCKS, WARNS}
    assert said(rule, seen(release=32)) is None


def test_it_blocks_a_guest_that_was_pinned_before_the_source_got_2026_1() -> None:
    old, new = guest(pinned=True), guest(pinned=True, io_pinned=True)
    pinned = with_specs(**PINNED)
    assert said("device.numa", seen(old, server=pinned, release=33)) is BLOCKS
    assert said("device.numa", seen(new, server=pinned, release=33)) is WARNS
    for release in ("32.0.0", "34.0.0"):
        given = seen(old, server=pinned, source={"nova": release})
        assert said("device.numa", given) is WARNS


@pytest.mark.parametrize(("release", "named"), [(32, False), (33, True), (34, False)])
def test_it_names_the_fault_of_2026_1_where_the_guest_was_not_seen(
    release: int, named: bool
) -> None:
    given = facts(server=with_specs(**PINNED), release=release)
    found = finding("device.numa", given)
    assert found is not None
    assert found.severity is WARNS
    assert ("2152697" in found.sentence) is named
