"""Pieces of disks, chosen on one host and read on the other, by a real shell."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from migrations_app.errors import Blocked
from migrations_app.integrations.host_commands import disk_images, disk_pieces
from migrations_app.integrations.host_commands.disk_images import Image, Opened
from migrations_app.integrations.host_commands.disk_pieces import Piece, Written
from migrations_app.integrations.interfaces import Command
from tests.integrations.host_commands.container import INSIDE, contained, path
from tests.integrations.host_commands.container import run as shell

pytestmark = pytest.mark.server

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
HOST = "compute-30"
Run = Callable[[Command], str]


@pytest.fixture(params=["awk", "mawk"])
def run(tmp_path: Path, request: pytest.FixtureRequest) -> Run:
    """Run a command as adapters/ssh does, with an awk that a host may have."""
    program = shutil.which(request.param)
    if program is None:
        pytest.skip(f"there is no {request.param}")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "awk").symlink_to(program)

    def run(command: Command) -> str:
        return subprocess.run(
            ["/bin/sh", "-eu", "-s"],
            input=command.text,
            env={**os.environ, "PATH": f"{tmp_path}/bin:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    return run


def qemu(tool: str, *words: str) -> None:
    subprocess.run([f"qemu-{tool}", *words], check=True, capture_output=True)


def disk(path: Path, *writes: str, size: str = "20G") -> Path:
    """Make a qcow2 disk and write to it: "OFFSET SIZE" each."""
    qemu("img", "create", "-f", "qcow2", str(path), size)
    words = [word for at in writes for word in ("-c", f"write -P 7 {at}")]
    if words:
        qemu("io", "-f", "qcow2", *words, str(path))
    return path


def opened(run: Run, path: Path, format: str = "qcow2") -> Image:
    files = [Opened(str(path), format)]
    return disk_images.read(run(disk_images.look_at(files)), files, host=HOST)[0]


def chosen(run: Run, image: Image, *, below: bool = False) -> list[Piece]:
    answer = run(disk_pieces.choose(image, below=below))
    return disk_pieces.read(answer, image, host=HOST)


def read(run: Run, image: Image, pieces: list[Piece]) -> list[Piece]:
    answer = run(disk_pieces.read_at(image, pieces))
    return disk_pieces.read(answer, image, host=HOST)


def test_few_pieces_are_all_chosen_wherever_they_are(run: Run, tmp_path: Path) -> None:
    image = opened(run, disk(tmp_path / "a disk's", "0 64k", "5G 192k", "19G 4k"))
    pieces = chosen(run, image)
    starts = [0, 5 * GIB, 5 * GIB + 64 * KIB, 5 * GIB + 128 * KIB, 19 * GIB]
    assert [piece.start for piece in pieces] == starts
    assert {piece.size for piece in pieces} == {64 * KIB}
    assert read(run, image, pieces) == pieces


def test_of_many_pieces_some_are_chosen_from_begin_to_end(
    run: Run, tmp_path: Path
) -> None:
    image = opened(run, disk(tmp_path / "disk", "1G 40M", "9G 40M", "17G 40M"))
    pieces = chosen(run, image)
    most = disk_pieces.OWN[1]
    assert most // 2 <= len(pieces) <= most
    assert len({piece.start for piece in pieces}) == len(pieces)
    by_part = [sum(piece.start // GIB == part for piece in pieces) for part in (1, 9)]
    assert min(by_part) >= most // 8
    assert pieces[-1].start > 17 * GIB + 38 * MIB
    assert read(run, image, pieces) == pieces


def test_what_is_in_many_parts_takes_no_more_pieces(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "disk"
    with path.open("wb") as file:
        file.truncate(64 * MIB)
        for at in range(0, 64 * MIB, 64 * KIB):
            file.seek(at)
            file.write(b"x" * (4 * KIB))
    image = opened(run, path, "raw")
    pieces = chosen(run, image)
    assert len(pieces) <= disk_pieces.OWN[1]
    assert pieces[-1].start > 62 * MIB
    assert read(run, image, pieces) == pieces


def test_a_large_disk_is_looked_at_in_windows(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(disk_pieces, "LARGE", MIB)
    monkeypatch.setattr(disk_pieces, "WINDOW", 64 * MIB)
    image = opened(run, disk(tmp_path / "disk", "0 8M", "5G 8M", "10G 8M"))
    pieces = chosen(run, image)
    assert {piece.start // GIB for piece in pieces} == {0, 5, 10}
    assert len(pieces) <= disk_pieces.OWN[1]
    assert read(run, image, pieces) == pieces


def test_pieces_at_the_begin_of_a_large_disk_are_looked_for_there_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(disk_pieces, "LARGE", MIB)
    image = Image("/disk", "qcow2", GIB, GIB, 100 * GIB)
    asked = disk_pieces.read_at(image, [Piece(0, 64 * KIB, "data", "0" * 64)]).text
    assert "--start-offset=0 --max-length=" in asked


def test_where_a_piece_lies_in_the_file_does_not_matter(
    run: Run, tmp_path: Path
) -> None:
    one = opened(run, disk(tmp_path / "one", "1G 64k", "2G 64k"))
    other = opened(run, disk(tmp_path / "other", "2G 64k", "3G 64k", "1G 64k"))
    pieces = chosen(run, one)
    assert read(run, other, pieces) == pieces


def test_what_is_blank_is_told_from_what_is_not_there(run: Run, tmp_path: Path) -> None:
    one = opened(run, disk(tmp_path / "one", "1G 64k", "2G 64k", "3G 64k"))
    path = disk(tmp_path / "other", "1G 64k", "2G 64k")
    qemu("io", "-f", "qcow2", "-c", "discard 2G 64k", str(path))
    found = read(run, opened(run, path), chosen(run, one))
    assert [piece.kind for piece in found] == ["data", "zero", "absent"]
    assert [piece.blank for piece in found] == [False, True, False]


def test_of_what_a_disk_stands_on_the_bytes_count(run: Run, tmp_path: Path) -> None:
    path = disk(tmp_path / "base", "1G 3M")
    image = opened(run, path)
    pieces = chosen(run, image, below=True)
    assert pieces[0].start == 0
    assert sum(piece.size for piece in pieces) >= 3 * MIB
    answer = run(disk_pieces.read_at(image, pieces, below=True))
    assert disk_pieces.read(answer, image, host=HOST) == pieces


def test_compressed_parts_are_unclear(run: Run, tmp_path: Path) -> None:
    path = disk(tmp_path / "disk", "0 1M")
    qemu("img", "convert", "-c", "-O", "qcow2", str(path), f"{path}.c")
    pieces = chosen(run, opened(run, Path(f"{path}.c")))
    assert [piece.kind for piece in pieces] == ["unclear"]


def test_what_cannot_be_listed_is_no_answer(run: Run, tmp_path: Path) -> None:
    image = opened(run, disk(tmp_path / "disk", "0 64k"))
    pieces = chosen(run, image)
    (tmp_path / "disk").write_bytes(b"no longer a disk")
    with pytest.raises(Blocked, match="qemu-img on compute-30 did not list"):
        chosen(run, image)
    with pytest.raises(Blocked, match="qemu-img on compute-30 did not list"):
        read(run, image, pieces)


def test_what_cannot_be_read_is_never_the_same(run: Run, tmp_path: Path) -> None:
    image = opened(run, disk(tmp_path / "disk", "0 64k"))
    pieces = chosen(run, image)
    raw = replace(image, path=str(tmp_path / "gone"), format="raw")
    assert read(run, raw, pieces) != pieces


def test_no_file_below_is_opened(run: Run, tmp_path: Path) -> None:
    base = disk(tmp_path / "base", "0 64k")
    path = tmp_path / "disk"
    qemu("img", "create", "-f", "qcow2", "-F", "qcow2", "-b", str(base), str(path))
    base.unlink()
    image = opened(run, path)
    assert (image.backing, image.backing_format) == (str(base), "qcow2")
    assert chosen(run, image) == []


def test_a_file_is_opened_only_as_what_it_is_said_to_be(
    run: Run, tmp_path: Path
) -> None:
    path = disk(tmp_path / "disk", "0 64k")
    with pytest.raises(Blocked, match="begins as the header of an image"):
        opened(run, path, "raw")
    path.write_bytes(b"x" * MIB)
    assert opened(run, path, "raw").virtual_size == MIB
    assert opened(run, path, "raw").backing == ""
    found = opened(run, path)
    assert (found.size, found.virtual_size) == (MIB, None)
    assert "not in qcow2 format" in found.trouble
    assert opened(run, tmp_path / "gone").size is None


def test_it_reads_what_the_guest_has_written() -> None:
    said = "block.0.name=vda\n block.0.wr.reqs=3\n block.0.wr.bytes=131072\n"
    answer = (
        f"== pieces\n== written\n Domain: 'i'\n   {said}  block.1.name=hda\n== end\n"
    )
    assert disk_pieces.read_written(answer) == {"vda": Written(3, 131072)}
    large, small = (Piece(0, size, "data", "-") for size in (64 * KIB, 4 * KIB))
    assert Written(3, 131072).can_change([large]) == 8
    assert Written(3, 131072).can_change([large, small]) == 38


def test_disks_are_read_where_libvirt_lives(tmp_path: Path) -> None:
    made = tmp_path / "libvirt"
    (made / "bin").mkdir(parents=True)
    disk(made / "disk", "0 64k", "5G 64k")
    for name in ("virsh", "qemu-img"):
        (made / "bin" / name).write_text(f'#!/bin/sh\nexec /usr/bin/{name} "$@"\n')
        (made / "bin" / name).chmod(0o755)
    with contained(made, "/usr/sbin/libvirtd", uid=0) as daemon:
        folder = tmp_path / "path"
        programs = path(folder, without=["virsh", "qemu-img"], libvirt=daemon)
        files = [Opened(str(INSIDE / "disk"), "qcow2")]
        answer = shell(disk_images.look_at(files).text, programs)
        image = disk_images.read(answer, files, host=HOST)[0]
        answer = shell(disk_pieces.choose(image).text, programs)
        pieces = disk_pieces.read(answer, image, host=HOST)
        answer = shell(disk_pieces.read_at(image, pieces).text, programs)
    assert image.virtual_size == 20 * GIB
    assert [piece.start for piece in pieces] == [0, 5 * GIB]
    assert disk_pieces.read(answer, image, host=HOST) == pieces


def test_a_compressed_part_hides_no_other(run: Run, tmp_path: Path) -> None:
    path = disk(tmp_path / "disk", "0 64k", "5G 64k")
    qemu("io", "-f", "qcow2", "-c", "write -c 4G 64k", str(path))
    image = opened(run, path)
    found = read(run, image, chosen(run, image))
    kinds = {piece.start // GIB: piece.kind for piece in found}
    assert kinds == {0: "data", 4: "unclear", 5: "data"}


def test_before_qemu_6_1_what_is_not_there_is_unclear(run: Run, tmp_path: Path) -> None:
    """Its qemu-img map does not say what is present: it might have been blanked."""
    one = opened(run, disk(tmp_path / "one", "1G 64k", "2G 64k"))
    other = opened(run, disk(tmp_path / "other", "1G 64k"))
    real = shutil.which("qemu-img")
    old = tmp_path / "bin" / "qemu-img"
    old.write_text(f'#!/bin/sh\n{real} "$@" | sed \'s/"present": [a-z]*, //\'\n')
    old.chmod(0o755)
    pieces = chosen(run, one)
    assert [piece.kind for piece in pieces] == ["data", "data"]
    assert [piece.kind for piece in read(run, other, pieces)] == ["data", "unclear"]
