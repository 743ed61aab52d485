from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from migrations_app.integrations.interfaces import Guest
from migrations_app.preflight.finding import Severity
from migrations_app.preflight.rule import COLD, LIVE
from tests.preflight.build import FLAVOR, facts, finding, guest, said, seen, server
from tests.preflight.case import options

OK, WARNS, BLOCKS = Severity.OK, Severity.WARNS, Severity.BLOCKS
FROM_VOLUME = server(image=None, volumes=("v-1",))
DRIVE = server(config_drive=True)


def with_drive() -> Guest:
    """A guest with a root disk and a config drive."""
    root = guest().disks[0]
    drive = replace(root, source="/i/disk.config", target="hda", device="cdrom")
    return guest(root, drive)


def test_it_says_that_only_memory_is_copied_of_an_instance_without_local_disk() -> None:
    found = finding("disk.storage", facts(server=FROM_VOLUME))
    assert found is not None
    assert found.severity is OK
    assert "only its memory" in found.sentence


def test_it_names_the_local_disks_that_may_be_copied() -> None:
    found = finding("disk.storage", facts())
    assert found is not None
    assert found.severity is OK
    assert "root disk (20 GiB)" in found.sentence


def test_it_finds_local_disks_of_an_instance_that_booted_from_a_volume() -> None:
    flavor = replace(FLAVOR, ephemeral_gb=5, swap_mb=512)
    given = facts(server=replace(FROM_VOLUME, flavor=flavor, config_drive=True))
    found = finding("disk.storage", given, block_migration=False)
    assert found is not None
    assert found.severity is WARNS
    for disk in ("ephemeral disk (5 GiB)", "swap disk (512 MiB)", "config drive"):
        assert disk in found.sentence
    assert "root disk" not in found.sentence


def test_it_takes_no_block_migration_of_an_instance_without_local_disk() -> None:
    given = facts(server=FROM_VOLUME)
    assert said("disk.storage", given, block_migration=False) is OK


def test_it_warns_of_a_block_migration_that_somebody_demands() -> None:
    assert said("disk.storage", facts(), block_migration=True) is WARNS


@pytest.mark.parametrize("where", ["source", "target"])
def test_no_ephemeral_disk_moves_cold_from_or_to_lvm(where: str) -> None:
    flavor = replace(FLAVOR, ephemeral_gb=5)
    lvm: Any = {where: options(libvirt__images_type="lvm")}
    given = seen(server=replace(FROM_VOLUME, flavor=flavor), **lvm)
    assert said("disk.backend", given, by=COLD) is BLOCKS
    assert said("disk.backend", seen(server=FROM_VOLUME, **lvm), by=COLD) is WARNS


def test_a_cold_move_copies_within_a_shared_folder_but_nothing_of_ceph() -> None:
    ceph: Any = options(libvirt__images_type="rbd")
    for given, expected in (
        (seen(target={"shared": True}), "within the storage that"),
        (seen(source=ceph, target=ceph), "share Ceph: nothing is copied"),
        (seen(target={"shared": None}), "unless they are in Ceph"),
    ):
        found = finding("disk.storage", given, by=COLD)
        assert found is not None
        assert found.severity is OK
        assert expected in found.sentence


def test_it_tells_what_a_cold_move_copies() -> None:
    copied = finding("disk.storage", facts(), by=COLD)
    nothing = finding("disk.storage", facts(server=FROM_VOLUME), by=COLD)
    assert copied is not None and nothing is not None
    assert "root disk (20 GiB)" in copied.sentence
    assert "nothing is copied" in nothing.sentence


def test_it_warns_of_a_config_drive_by_what_the_release_does() -> None:
    given = facts(server=server(config_drive=True))
    before = finding("disk.config_drive", replace(given, release=(29, 29)))
    since = finding("disk.config_drive", replace(given, release=(31, 31)))
    either = finding("disk.config_drive", given)
    assert before is not None and since is not None and either is not None
    assert {before.severity, since.severity, either.severity} == {WARNS}
    assert "ssh" in before.sentence and "empty" not in before.sentence
    assert "empty" in since.sentence and "ssh" not in since.sentence
    assert "ssh" in either.sentence and "empty" in either.sentence


# 30.1.0 took back that the target brings the drive, so the release alone tells nothing
@pytest.mark.parametrize(
    ("nova", "loses"),
    [("30.0.0", None), ("30.1.0", "config drive"), ("", "config drive")],
)
def test_it_says_that_a_config_drive_is_lost_from_30_1_on(
    nova: str, loses: str | None
) -> None:
    given = seen(with_drive(), target={"nova": nova}, server=DRIVE, release=30)
    found = finding("disk.config_drive", given)
    assert found is not None
    assert found.severity is WARNS
    assert found.evidence.get("loses") == loses


@pytest.mark.parametrize(
    ("nova", "returns", "severity"),
    [
        ("30.0.0", False, BLOCKS),
        ("30.0.0", None, WARNS),
        ("30.0.0", True, WARNS),
        ("30.1.0", False, WARNS),
    ],
)
def test_a_target_that_brings_the_drive_must_reach_the_source(
    nova: str, returns: bool | None, severity: Severity
) -> None:
    target = {"nova": nova, "nova_returns": returns, "nova_reaches": False}
    given = seen(with_drive(), target=target, server=DRIVE)
    assert said("disk.config_drive", given, by=LIVE) is severity


# it is the target's option that counts, not what the drive is
@pytest.mark.parametrize(
    ("nova", "device", "form", "severity", "loses"),
    [
        ("29.4.0", "cdrom", "vfat", WARNS, "config drive"),
        ("29.4.0", "cdrom", "iso9660", BLOCKS, None),
        ("29.4.0", "disk", "iso9660", BLOCKS, None),
        ("29.4.0", "disk", "vfat", OK, None),
        ("30.1.0", "disk", "iso9660", OK, None),
        ("34.0.0", "cdrom", "vfat", WARNS, "config drive"),
    ],
)
def test_a_target_brings_no_drive_where_it_makes_them_with_fat(
    nova: str, device: str, form: str, severity: Severity, loses: str | None
) -> None:
    root, drive = with_drive().disks
    has = guest(root, replace(drive, device=device))
    option = options(DEFAULT__config_drive_format=form)
    target = option | {"nova": nova, "nova_returns": False}
    found = finding("disk.config_drive", seen(has, target=target, server=DRIVE))
    assert found is not None
    assert found.severity is severity
    assert found.evidence.get("loses") == loses


def test_where_the_targets_options_were_not_read_the_drive_may_be_lost() -> None:
    target = {"nova": "29.4.0", "instances": "", "nova_returns": True}
    given = seen(with_drive(), target=target, server=DRIVE, release=29)
    found = finding("disk.config_drive", given)
    assert found is not None
    assert found.severity is WARNS
    assert found.evidence.get("loses") == "config drive"


def test_it_is_content_without_a_config_drive() -> None:
    assert said("disk.config_drive", facts()) is OK


def test_it_moves_a_config_drive_cold_without_a_word() -> None:
    given = facts(server=server(config_drive=True))
    assert said("disk.config_drive", given, by=COLD) is None
    assert said("disk.config_drive", given, by=LIVE) is WARNS
