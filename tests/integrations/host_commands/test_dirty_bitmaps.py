"""What a guest has written since the warm copy is sent, and the copy is the same.

Real shells, rsync, qemu-img and qemu-nbd; and a QEMU that tracks the writes. Whatever
befell the bitmap, the copy is the same as well: all of it is compared then.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from migrations_app.integrations.host_commands import disk_copy
from tests.integrations.host_commands.tracked_guest import MIB, TrackedGuest, tool

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(
        None in map(shutil.which, ("rsync", "qemu-system-x86_64", "qemu-nbd")),
        reason="rsync, qemu-system-x86_64 or qemu-nbd is not installed",
    ),
]
Make = Callable[..., TrackedGuest]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[TrackedGuest] = []

    def make(
        *disks: str, options: str = "", copy_on_read: bool = False, **more: Any
    ) -> TrackedGuest:
        guest = TrackedGuest(tmp_path, disks or ("disk",), **more)
        made.append(guest)
        for disk in guest.disks:
            guest.make(disk, options=options)
        guest.start(copy_on_read=copy_on_read)
        return guest

    try:
        yield make
    finally:
        for guest in made:
            guest.stop()


def expect_tracked(guest: TrackedGuest, *, most: int) -> None:
    """The last pass sent what was written, and little more; all of it is the same."""
    ways = guest.last()
    assert {way for way, _ in ways} == {"tracked"}
    assert sum(int(said.split()[1]) for _, said in ways) <= most
    guest.expect_same()
    guest.expect_no_bitmap()
    done = guest.prove()
    assert (done.returncode, done.stderr) == (0, "")


def expect_compared(guest: TrackedGuest, why: str) -> None:
    """The last pass compared all; it is the same, and nothing is left to be proven."""
    ways = guest.last()
    assert [way for way, _ in ways] == ["compared"] * len(guest.disks)
    assert why in ways[0][1]
    guest.expect_same()
    guest.expect_no_bitmap()
    assert not (guest.notes / "last/proof").exists()
    assert guest.prove().returncode == 0


def test_only_what_was_written_since_the_warm_copy_is_sent(make: Make) -> None:
    guest = make("disk", "disk.eph0")
    guest.write(20 * MIB, 24 * MIB)
    guest.write(0, 8 * MIB, node="libvirt-2-format")
    assert guest.track().splitlines() == ["disk tracked", "disk.eph0 tracked"]
    guest.warm()
    guest.write(30 * MIB + 5000, 4096)
    guest.write(200 * MIB, MIB)
    guest.write(MIB, MIB, node="libvirt-2-format")
    guest.stop()
    expect_tracked(guest, most=5 * MIB)


@pytest.mark.parametrize(
    "options, most",
    [("", 8), ("cluster_size=2M", 30), ("extended_l2=on,cluster_size=128k", 8)],
)
def test_it_is_the_same_after_discards_and_noughts_and_growth(
    make: Make, options: str, most: int
) -> None:
    guest = make(options=options)
    guest.write(0, 24 * MIB)
    guest.track()
    guest.warm()
    guest.io("discard -q 4M 6M")
    guest.io("write -q -z 12M 3M")
    guest.io("write -q -P 9 5M 1000k")
    guest.ask("block_resize", **{"node-name": "libvirt-1-format", "size": 300 * MIB})
    guest.write(290 * MIB, 100_000)
    guest.stop()
    expect_tracked(guest, most=most * MIB)


def test_what_qemu_read_into_the_file_from_below_is_copied_too(make: Make) -> None:
    guest = make(copy_on_read=True)
    guest.track()
    guest.warm()
    guest.io("read -q 0 4M", node="cor-1")
    guest.stop()
    expect_tracked(guest, most=8 * MIB)


def test_a_guest_that_has_written_nothing_sends_hardly_anything(make: Make) -> None:
    guest = make()
    guest.write(0, 24 * MIB)
    guest.track()
    guest.warm()
    guest.stop()
    expect_tracked(guest, most=MIB)


def test_all_is_compared_when_qemu_was_killed(make: Make) -> None:
    guest = make()
    guest.write(0, 4 * MIB)
    guest.track()
    guest.warm()
    guest.write(MIB, 4096)
    guest.stop(kill=True)
    expect_compared(guest, "no bitmap that can be used")


def test_all_is_compared_when_qemu_was_killed_after_it_had_started_again(
    make: Make,
) -> None:
    guest = make()
    guest.write(0, 4 * MIB)
    guest.track()
    guest.warm()
    guest.stop()
    guest.start()
    guest.write(MIB, 4096)
    guest.stop(kill=True)
    expect_compared(guest, "ended without having saved")


def test_a_bitmap_counts_on_when_the_guest_was_started_again(make: Make) -> None:
    guest = make()
    guest.write(0, 24 * MIB)
    guest.track()
    guest.warm()
    guest.write(MIB, 4096)
    guest.stop()
    guest.start()
    guest.write(17 * MIB, 4096)
    guest.stop()
    expect_tracked(guest, most=MIB)


def test_no_bitmap_is_made_once_the_warm_copy_has_begun(make: Make) -> None:
    guest = make()
    guest.write(0, 4 * MIB)
    guest.warm()
    guest.write(MIB, 4096)
    assert guest.track() == ""
    assert guest.look().begun
    guest.stop()
    expect_compared(guest, "was not tracked")


def test_a_disk_that_can_hold_no_bitmap_is_compared(make: Make) -> None:
    guest = make(options="compat=0.10")
    assert "Cannot store dirty bitmaps in qcow2 v2 files" in guest.track()
    guest.warm()
    guest.write(MIB, 4096)
    guest.stop()
    expect_compared(guest, "was not tracked")


def test_all_is_compared_after_a_last_pass_that_was_cut(make: Make) -> None:
    guest = make()
    guest.write(0, 4 * MIB)
    guest.track()
    guest.warm()
    guest.write(MIB, 4096)
    guest.stop()
    # as if it had died in the middle of a piece
    guest.last()
    with (guest.there / "disk").open("r+b") as disk:
        disk.write(b"half a piece")
    expect_compared(guest, "was not tracked")


def test_all_is_compared_where_the_bitmap_cannot_be_listed(make: Make) -> None:
    guest = make()
    guest.write(0, 4 * MIB)
    guest.track()
    guest.warm()
    guest.write(MIB, 4096)
    guest.stop()
    (guest.bin / "qemu-nbd").write_text("#!/bin/sh\nexit 127\n")
    (guest.bin / "qemu-nbd").chmod(0o755)
    expect_compared(guest, "did not list the bitmap")


def test_a_copy_that_is_not_the_same_is_noticed_afterwards(make: Make) -> None:
    guest = make()
    guest.write(0, 24 * MIB)
    guest.track()
    guest.warm()
    guest.write(MIB, 4096)
    guest.stop()
    # something that no guest did, and no bitmap knows of
    with (guest.folder / "disk").open("r+b") as disk:
        disk.seek(20 * MIB)
        disk.write(b"rot")
    assert [way for way, _ in guest.last()] == ["tracked"]
    done = guest.prove()
    assert done.returncode == disk_copy.DIFFERS
    assert "the disks differ in 2 piece(s)" in done.stderr


@pytest.mark.parametrize("runs", [True, False])
def test_the_way_back_leaves_no_bitmap(make: Make, runs: bool) -> None:
    guest = make()
    guest.track()
    if not runs:
        guest.stop()
    found = guest.look()
    assert found.in_qemu + found.in_files
    for _ in range(2):  # it may be asked again
        guest.untrack()
    found = guest.look()
    assert (found.in_qemu, found.in_files, found.unknown) == ((), (), "")
    guest.stop()
    guest.expect_no_bitmap()


def test_what_libvirt_does_not_say_is_unknown(make: Make) -> None:
    guest = make()
    guest.track()
    (guest.bin / "ask.py").write_text("raise SystemExit('no answer')")
    assert guest.look().unknown == "what QEMU has open"


def test_a_disk_that_is_no_longer_one_is_not_opened(make: Make) -> None:
    guest = make()
    guest.track()
    guest.warm()
    guest.stop()
    disk, elsewhere = guest.folder / "disk", guest.top / "elsewhere"
    disk.unlink()
    options = ("-f", "qcow2", "-o", f"data_file={elsewhere}")
    tool("img", "create", "-q", *options, str(disk), "1M")
    expect_compared(guest, "cannot be opened")
