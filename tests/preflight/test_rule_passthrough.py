"""Devices of the host that a guest was given: PCI, virtual GPUs, memory."""

from __future__ import annotations

from typing import Any

import pytest

from migrations_app.preflight.finding import Severity
from migrations_app.preflight.rule import COLD, COLD_BY_DISABLING, LIVE
from tests.preflight.build import facts, finding, guest, said, seen, with_specs
from tests.preflight.case import options

WARNS, UNKNOWN, BLOCKS = Severity.WARNS, Severity.UNKNOWN, Severity.BLOCKS
ALIAS = {"pci_passthrough__alias": "a100:1"}
VGPU = {"resources__VGPU": "1"}
CUSTOM = {"resources__CUSTOM_NVIDIA_A40": "1"}
PMEM = {"hw__pmem": "6GB"}
POST_COPY: dict[str, Any] = {
    "source": options(libvirt__live_migration_permit_post_copy="True")
}


@pytest.mark.parametrize(
    ("rule", "specs", "release", "severity"),
    [
        ("device.pci", ALIAS, 30, BLOCKS),
        ("device.pci", ALIAS, 31, UNKNOWN),
        ("device.pci", ALIAS, None, UNKNOWN),
        ("device.pmem", PMEM, 20, BLOCKS),
        ("device.pmem", PMEM, 21, WARNS),
        ("device.pmem", PMEM, None, WARNS),
        ("device.vgpu", CUSTOM, 23, None),
        ("device.vgpu", CUSTOM, 27, WARNS),
        ("device.vgpu", CUSTOM, None, WARNS),
    ],
)
def test_it_judges_a_live_move_by_the_flavor_and_the_release(
    rule: str, specs: dict[str, str], release: int | None, severity: Severity | None
) -> None:
    given = facts(server=with_specs(**specs), release=release)
    assert said(rule, given, by=LIVE) is severity


@pytest.mark.parametrize(
    ("rule", "specs"), [("device.pci", ALIAS), ("device.vgpu", VGPU)]
)
def test_qemu_takes_no_device_of_the_host_along_where_post_copy_is_permitted(
    rule: str, specs: dict[str, str]
) -> None:
    given = with_specs(**specs)
    assert said(rule, seen(server=given, release=33)) is UNKNOWN
    found = finding(rule, seen(server=given, release=33, **POST_COPY))
    assert found is not None
    assert found.severity is BLOCKS
    assert "live_migration_permit_post_copy = false" in found.remedy


def test_it_knows_a_mediated_device_of_any_class_by_the_guest() -> None:
    mdev, custom = guest(devices=("mdev",)), with_specs(**CUSTOM)
    assert said("device.vgpu", seen(mdev, server=custom, release=27)) is BLOCKS
    assert said("device.vgpu", seen(mdev, server=custom, release=33)) is UNKNOWN
    barred = seen(mdev, server=custom, release=33, **POST_COPY)
    assert said("device.vgpu", barred) is BLOCKS
    assert said("device.vgpu", seen(server=custom, release=27)) is None


def test_it_does_not_ask_for_versions_that_it_has_read() -> None:
    given = seen(server=with_specs(**VGPU), release=33)
    read, unread = (
        finding("device.vgpu", given),
        finding(
            "device.vgpu",
            seen(server=with_specs(**VGPU), target={"qemu": ""}, release=33),
        ),
    )
    assert read is not None and unread is not None
    assert "new enough to migrate it live; " in read.sentence
    assert "Whether both hosts are new enough" in unread.sentence
    old = seen(server=with_specs(**VGPU), target={"qemu": "8.0.4"}, release=33)
    assert said("device.vgpu", old) is BLOCKS


@pytest.mark.parametrize("by", [COLD, COLD_BY_DISABLING])
def test_a_cold_move_leaves_the_content_of_devices_behind(by: str) -> None:
    for given in (
        facts(server=with_specs(**ALIAS)),
        seen(server=with_specs(**ALIAS), release=33),
    ):
        found = finding("device.pci", given, by=by)
        assert found is not None
        assert found.severity is WARNS
        assert "stays behind" in found.sentence
        assert "loses" not in found.evidence


@pytest.mark.parametrize(
    ("spec", "release", "loses"),
    [
        ('{"address": "0000:00:1.0", "one_time_use": true}', 32, True),
        ("{'address': ':00:1.0'}\n{'one_time_use': 'yes'}", 33, True),
        ('{"one_time_use": true}', 31, False),
        ('{"one_time_use": false}', 33, False),
        ('{"address": "*"}', 33, False),
    ],
)
def test_a_cold_move_uses_up_devices_for_one_use(
    spec: str, release: int, loses: bool
) -> None:
    given = seen(
        server=with_specs(**ALIAS),
        target=options(pci__device_spec=spec),
        release=release,
    )
    found = finding("device.pci", given, by=COLD)
    assert found is not None
    assert found.severity is WARNS
    assert bool(found.evidence.get("loses")) is loses


def test_devices_may_be_for_one_use_where_that_was_not_read() -> None:
    read = seen(server=with_specs(**ALIAS), release=33)
    unread = seen(server=with_specs(**ALIAS), release=33, target={"instances": ""})
    for given, expected in ((read, False), (unread, True)):
        found = finding("device.pci", given, by=COLD)
        assert found is not None
        assert ("one_time_use" in found.remedy) is expected


@pytest.mark.parametrize("by", [COLD, COLD_BY_DISABLING])
def test_a_cold_move_loses_what_is_in_persistent_memory(by: str) -> None:
    found = finding("device.pmem", facts(server=with_specs(**PMEM)), by=by)
    assert found is not None
    assert found.evidence["loses"] == "persistent memory"
