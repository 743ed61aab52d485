"""What is told of the files that each host makes by itself, by a real shell."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from migrations_app.integrations.host_commands import base_images
from migrations_app.integrations.interfaces import Base, Disk, Guest

pytestmark = pytest.mark.server

MIB = 1 << 20
Read = Callable[..., dict[str, Base]]


@pytest.fixture
def tell(tmp_path: Path) -> Read:
    """Return what the command tells of files, asked as adapters/ssh does."""

    def ask(*paths: Path, **environment: str) -> dict[str, Base]:
        asked = base_images.look_at([str(path) for path in paths])
        done = subprocess.run(
            ["/bin/sh", "-eu", "-c", asked.text],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=True,
        )
        return base_images.read(done.stdout)

    return ask


def sparse(path: Path, **pieces: bytes) -> Path:
    """Make a file of 20 MiB that is a hole but for these pieces, by their MiB."""
    with path.open("wb") as file:
        file.truncate(20 * MIB)
        for at, content in pieces.items():
            file.seek(int(at.removeprefix("at")) * MIB)
            file.write(content)
    return path


def test_a_copy_with_other_holes_is_the_same(tell: Read, tmp_path: Path) -> None:
    one = sparse(tmp_path / "ephemeral 1'", at0=b"UUID", at9=b"inodes")
    other = tmp_path / "ephemeral_2"
    other.write_bytes(one.read_bytes())  # without a hole
    told = tell(one, other)
    assert told[str(one)].size == 20 * MIB
    assert base_images.same(told[str(one)], told[str(other)]) is True


@pytest.mark.parametrize(
    "pieces",
    [{"at0": b"UUIE", "at9": b"x"}, {"at0": b"UUID", "at17": b"x"}, {"at0": b"UUID"}],
)
def test_other_content_is_another(
    tell: Read, tmp_path: Path, pieces: dict[str, bytes]
) -> None:
    one = sparse(tmp_path / "one", at0=b"UUID", at9=b"x")
    other = sparse(tmp_path / "other", **pieces)
    told = tell(one, other)
    assert base_images.same(told[str(one)], told[str(other)]) is False


def test_another_size_is_another(tell: Read, tmp_path: Path) -> None:
    one, other = sparse(tmp_path / "one", at0=b"x"), tmp_path / "other"
    other.write_bytes(b"x")
    told = tell(one, other)
    assert base_images.same(told[str(one)], told[str(other)]) is False


def test_a_file_that_is_not_there_is_told_from_one_that_cannot_be_read(
    tell: Read, tmp_path: Path
) -> None:
    missing, folder = tmp_path / "_base" / "swap_64", tmp_path / "ephemeral"
    folder.mkdir()  # it is there, but has no content to read
    told = tell(missing, folder)
    assert told[str(missing)] == Base(None)
    assert base_images.same(told[str(missing)], Base(MIB, "a", "b")) is False
    assert base_images.same(told[str(missing)], told[str(missing)]) is None
    assert base_images.same(told.get(str(folder)), told.get(str(folder))) is None


def test_nothing_is_missing_where_nova_keeps_nothing(
    tell: Read, tmp_path: Path
) -> None:
    (tmp_path / "dangling").symlink_to(tmp_path / "unmounted")
    elsewhere = tmp_path / "nova" / "instances" / "_base" / "swap_64"
    assert tell(elsewhere, tmp_path / "dangling" / "swap_64") == {}


def test_what_takes_too_long_is_told_apart_by_its_begin_and_never_called_the_same(
    tell: Read, tmp_path: Path
) -> None:
    slow = tmp_path / "bin"
    slow.mkdir()
    began = slow / "began"
    (slow / "qemu-img").write_text(f"#!/bin/sh\ntouch {began}\nexec sleep 2\n")
    (slow / "timeout").write_text(
        '#!/bin/sh\nshift\n"$@" &\n'
        f"until [ -e {began} ]; do sleep 0.05; done\nkill $!\nwait\n"
    )
    for tool in slow.iterdir():
        tool.chmod(0o755)
    path = f"{slow}:{os.environ['PATH']}"
    one, other = (sparse(tmp_path / it, at0=it.encode()) for it in ("one", "other"))
    told = tell(one, other, PATH=path)
    assert base_images.same(told[str(one)], told[str(other)]) is False
    assert base_images.same(told[str(one)], told[str(one)]) is None


def test_a_map_that_cannot_be_understood_proves_nothing(
    tell: Read, tmp_path: Path
) -> None:
    (tmp_path / "qemu-img").write_text("#!/bin/sh\necho '[]'\n")
    (tmp_path / "qemu-img").chmod(0o755)
    one = sparse(tmp_path / "one", at0=b"x")
    told = tell(one, PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert told[str(one)].head
    assert base_images.same(told[str(one)], told[str(one)]) is None


def test_such_files_are_found_by_the_chains_of_disks_that_are_qcow2() -> None:
    disk = Disk(
        "/i/disk.eph0", "vdb", "disk", "file", "qcow2", chain=("/b/ephemeral_1",)
    )
    swap = replace(disk, source="/i/disk.swap", chain=("/b/swap_64",))
    root = replace(disk, source="/i/disk", chain=("/b/8762",))
    raw = replace(disk, source="/i/disk.raw", format="raw", chain=("/etc/swap",))
    found = base_images.of(Guest("i", "running", disks=(disk, swap, root, raw)))
    assert found == {"/b/ephemeral_1": "/i/disk.eph0", "/b/swap_64": "/i/disk.swap"}
