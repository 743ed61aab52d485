"""Swap disks, which a cold migration makes again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from migrations_app.preflight.facts import Facts
from migrations_app.preflight.finding import Severity
from migrations_app.preflight.rule import COLD, COLDLY, LIVE, MANUAL
from tests.preflight.build import FLAVOR, facts, finding, guest, said, seen, server
from tests.preflight.case import options

WARNS, BLOCKS = Severity.WARNS, Severity.BLOCKS
SWAP = server(flavor=replace(FLAVOR, swap_mb=512))


def with_swap(form: str, *, images_type: str, cow: str = "true") -> Facts:
    """A guest whose swap disk has that format, and how the target keeps disks."""
    root = guest().disks[0]
    disk = replace(root, source="/i/disk.swap", target="vdb", format=form)
    kept: Any = options(libvirt__images_type=images_type, DEFAULT__use_cow_images=cow)
    return seen(guest(root, disk), server=SWAP, target=kept)


@pytest.mark.parametrize(
    "form, images_type, expected",
    [
        ("qcow2", "raw", BLOCKS),
        ("qcow2", "flat", BLOCKS),
        ("raw", "raw", None),
        ("qcow2", "qcow2", None),
        ("raw", "qcow2", None),
        ("qcow2", "default", None),
        ("qcow2", "$elsewhere", Severity.UNKNOWN),
    ],
)
def test_new_swap_is_started_in_the_format_of_the_old(
    form: str, images_type: str, expected: Severity | None
) -> None:
    given = with_swap(form, images_type=images_type)
    for procedure in COLDLY:
        assert said("disk.swap_format", given, by=procedure) is expected
    for procedure in (LIVE, MANUAL):
        assert said("disk.swap_format", given, by=procedure) is None


def test_new_swap_is_raw_where_nova_keeps_no_disk_as_qcow2_by_default() -> None:
    for images_type, expected in (("default", BLOCKS), ("qcow2", None)):
        given = with_swap("qcow2", images_type=images_type, cow="false")
        assert said("disk.swap_format", given, by=COLD) is expected


@pytest.mark.parametrize("procedure", COLDLY)
@pytest.mark.parametrize("where", [{"shared": True}, {"shared": False}, None])
def test_a_cold_move_takes_no_swap_along(
    where: dict[str, Any] | None, procedure: str
) -> None:
    given = facts(server=SWAP) if where is None else seen(server=SWAP, target=where)
    assert said("disk.new_swap", given, by=procedure) is WARNS
    copied = finding("disk.storage", given, by=procedure)
    assert copied is not None
    assert "swap" not in copied.sentence


@pytest.mark.parametrize("procedure", [LIVE, MANUAL])
def test_other_moves_take_it_along(procedure: str) -> None:
    given = facts(server=SWAP)
    assert said("disk.new_swap", given, by=procedure) is None
    copied = finding("disk.storage", given, by=procedure)
    assert copied is not None
    assert "the swap disk (512 MiB)" in copied.sentence


def test_swap_in_ceph_stays_where_it_is() -> None:
    rbd: Any = options(libvirt__images_type="rbd")
    both = seen(server=SWAP, source=rbd, target=rbd)
    assert said("disk.new_swap", both, by=COLD) is None
    assert said("disk.new_swap", seen(), by=COLD) is None


@pytest.mark.parametrize(
    ("where", "release", "expected"),
    [
        ({"shared": True, "filesystem": "nfs4 nas:/nova"}, 33, WARNS),
        ({"shared": None, "filesystem": "nfs nas:/nova"}, 29, WARNS),
        ({"shared": True, "filesystem": "nfs4 nas:/nova"}, 34, None),
        ({"shared": True, "filesystem": "ceph mon:/"}, 33, None),
        ({"shared": False, "filesystem": "nfs4 nas:/nova"}, 33, None),
    ],
)
def test_a_swap_disk_on_nfs_may_not_be_made_again(
    where: dict[str, Any], release: int, expected: Severity | None
) -> None:
    given = seen(server=SWAP, target=where, release=release)
    assert said("disk.swap", given, by=COLD) is expected
    assert said("disk.swap", given, by=LIVE) is None
    assert said("disk.swap", seen(target=where, release=release), by=COLD) is None


def test_a_swap_disk_is_named_where_nobody_saw_what_it_is_on() -> None:
    found = finding("disk.swap", facts(server=SWAP), by=COLD)
    assert found is not None
    assert found.sentence.startswith("If its disks are on NFS")
    unread = seen(server=SWAP, target={"shared": None, "filesystem": ""})
    found = finding("disk.swap", unread, by=COLD)
    assert found is not None
    assert found.sentence.startswith("If its disks are on NFS")
    rbd: Any = options(libvirt__images_type="rbd")
    ceph = seen(server=SWAP, source=rbd, target=rbd)
    assert said("disk.swap", ceph, by=COLD) is None
