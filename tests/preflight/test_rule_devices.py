from __future__ import annotations

import pytest

from migrations_app.preflight.finding import Severity
from migrations_app.preflight.rule import COLD, LIVE
from tests.preflight.build import facts, port, said, with_specs

OK, WARNS, UNKNOWN, BLOCKS = (
    Severity.OK,
    Severity.WARNS,
    Severity.UNKNOWN,
    Severity.BLOCKS,
)
ALIAS = {"pci_passthrough__alias": "a100:1"}
TPM_OF_HOST = {"hw__tpm_version": "2.0", "hw__tpm_secret_security": "host"}


@pytest.mark.parametrize(
    ("rule", "specs", "release", "severity"),
    [
        ("device.sev", {"hw__mem_encryption": "True"}, None, BLOCKS),
        ("device.vtpm", {"hw__tpm_version": "2.0"}, None, BLOCKS),
        ("device.vtpm", {"hw__tpm_version": "2.0"}, 33, BLOCKS),
        ("device.vtpm", TPM_OF_HOST, 32, BLOCKS),
        ("device.vtpm", TPM_OF_HOST, 33, WARNS),
        ("device.vtpm", TPM_OF_HOST, None, WARNS),
        ("device.pmem", {"hw__pmem": "6GB"}, None, WARNS),
        ("device.pci", ALIAS, 30, BLOCKS),
        ("device.pci", ALIAS, 31, UNKNOWN),
        ("device.pci", ALIAS, None, UNKNOWN),
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


@pytest.mark.parametrize("vnic_type", ["direct", "direct-physical", "macvtap", "vdpa"])
def test_it_warns_of_ports_that_the_guest_will_lose_for_a_while(vnic_type: str) -> None:
    assert said("device.ports", facts(ports=(port(vnic_type),))) is WARNS


def test_it_is_content_with_virtual_ports() -> None:
    assert said("device.ports", facts()) is OK
