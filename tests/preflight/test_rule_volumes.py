from __future__ import annotations

from dataclasses import replace

import pytest

from migrations_app.integrations.interfaces import Disk
from migrations_app.preflight.finding import Severity
from migrations_app.preflight.rule import COLD, LIVE, MANUAL
from tests.preflight.build import BASE, GIB, WEB, finding, guest, said, seen

SECRET = "457eb676-33da-42ec-9a8c-9293d545c337"
ROOT = Disk(f"vms/{WEB}_disk", "vda", "disk", "network", secret=SECRET)
DATA = replace(ROOT, source="volumes/volume-1", target="vdb")
NFS = Disk(
    "/var/lib/nova/mnt/1f0/volume-1", "vdb", "disk", "file", "raw", 600 * GIB, 600 * GIB
)
BLOCKS, WARNS, UNKNOWN, OK = (
    Severity.BLOCKS,
    Severity.WARNS,
    Severity.UNKNOWN,
    Severity.OK,
)


@pytest.mark.parametrize(
    ("disk", "procedure", "severity"),
    [
        (ROOT, LIVE, BLOCKS),
        (DATA, LIVE, BLOCKS),
        (ROOT, COLD, WARNS),  # the target takes its own
        (DATA, COLD, BLOCKS),
        (DATA, MANUAL, None),
    ],
)
def test_a_target_without_the_secret_of_a_disk_in_ceph_cannot_open_it(
    disk: Disk, procedure: str, severity: Severity | None
) -> None:
    given = seen(guest(disk), target={"secrets": ("another",)})
    assert said("target.secret", given, by=procedure) is severity


def test_the_secrets_of_a_target_are_known_or_unknown() -> None:
    for secrets, severity in (((SECRET,), OK), (None, UNKNOWN)):
        given = seen(guest(ROOT, DATA), target={"secrets": secrets})
        assert said("target.secret", given) is severity
    assert said("target.secret", seen(target={"secrets": ()})) is None


def test_a_volume_that_is_a_file_takes_no_room_in_the_folders_of_the_target() -> None:
    local = guest().disks[0]
    free = {"free": 30 * GIB, "bases": {BASE: GIB}}
    found = finding("target.disk", seen(guest(local, NFS), target=free))
    assert found is not None
    assert found.severity is OK
    assert found.evidence["later"] == 20 * GIB
    # volume-backed: nothing of it lies on the host
    alone = seen(guest(NFS, folder=""), target={"free": 0})
    assert said("target.disk", alone) is None


@pytest.mark.parametrize("free", [2 * GIB, 4 * GIB])
def test_a_cold_move_needs_room_for_a_second_copy_on_shared_storage(free: int) -> None:
    there = {"shared": True, "free": free, "bases": {BASE: GIB}}
    given = seen(target=there)  # its disk takes 3 GiB, and may grow to 20
    expected = BLOCKS if free < 3 * GIB else OK
    assert said("target.disk", given, by=COLD) is expected
    assert said("target.disk", given, by=LIVE) is None


def test_what_a_volume_stands_on_is_no_backing_file_of_the_image() -> None:
    snapshot = replace(NFS, format="qcow2", chain=("/var/lib/nova/mnt/1f0/volume-0",))
    given = seen(
        guest(guest().disks[0], snapshot),
        target={"bases": {BASE: GIB}},
        image_there=False,
    )
    assert said("disk.image", given) is OK
