"""The jobs that copy disks, run by real shells and a real rsync."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from migrations_app.integrations.host_commands import (
    block_copy,
    disk_copy,
    last_pass,
    paths,
)
from tests.integrations.host_commands.two_folders import MIB, SIZE, Hosts

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(shutil.which("rsync") is None, reason="rsync is not installed"),
]


def expect_same(hosts: Hosts) -> None:
    names = {path.name for path in hosts.folder.iterdir()}
    assert {path.name for path in hosts.there.iterdir()} == names
    for name in names:
        here, there = (hosts.folder / name, hosts.there / name)
        assert here.read_bytes() == there.read_bytes(), name


def test_it_copies_while_the_guest_runs_and_keeps_holes(hosts: Hosts) -> None:
    done = hosts.run(disk_copy.warm)
    assert (done.returncode, done.stderr) == (0, "")
    expect_same(hosts)
    assert (hosts.there / "disk").stat().st_blocks * 512 < 8 * MIB


def test_it_sends_the_pieces_that_differ_and_nothing_else(hosts: Hosts) -> None:
    hosts.run(disk_copy.warm)
    untouched = (hosts.there / "disk").stat().st_ino
    hosts.write(SIZE * MIB + 5, b"written while it was copied")
    (hosts.folder / "console.log").write_text("boot 1\nstopped\n")
    (hosts.folder / "disk.new").write_text("")
    (hosts.folder / "disk.info").unlink()
    done = hosts.run(last_pass.last)
    assert (done.returncode, done.stderr) == (0, "")
    expect_same(hosts)
    assert (hosts.there / "disk").stat().st_ino == untouched
    sent = (hosts.top / "jobs/last/sent").read_text().splitlines()
    assert sorted(line.split(" ", 1)[1] for line in sent) == [
        "0 console.log",
        "0 disk.new",
        "1 disk",
    ]


def test_it_sends_what_a_disk_has_grown_by(hosts: Hosts) -> None:
    hosts.run(disk_copy.warm)
    size = (hosts.folder / "disk").stat().st_size
    hosts.write(size, b"n" * (SIZE * MIB))
    done = hosts.run(last_pass.last)
    assert (done.returncode, done.stderr) == (0, "")
    expect_same(hosts)


def test_it_cuts_off_what_a_file_has_shrunk_by(hosts: Hosts) -> None:
    hosts.run(disk_copy.warm)
    os.truncate(hosts.folder / "disk", (3 * SIZE + 2) * MIB)
    done = hosts.run(last_pass.last)
    assert (done.returncode, done.stderr) == (0, "")
    expect_same(hosts)


@pytest.mark.parametrize("options", [{}, {"bandwidth": 8000}])
def test_it_leaves_it_to_rsync_where_much_differs_or_the_network_is_limited(
    hosts: Hosts, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(block_copy, "FEW", 1)
    hosts.options = options
    hosts.run(disk_copy.warm)
    for piece in range(1 if options else 2):
        hosts.write(piece * SIZE * MIB, b"changed")
    done = hosts.run(last_pass.last)
    assert (done.returncode, done.stderr) == (0, "")
    expect_same(hosts)
    assert (hosts.top / "jobs/last/sent").read_text() == ""


def test_it_copies_all_of_an_instance_that_was_off(hosts: Hosts) -> None:
    done = hosts.run(last_pass.last)
    assert (done.returncode, done.stderr) == (0, "")
    expect_same(hosts)
    assert (hosts.there / "disk").stat().st_blocks * 512 < 8 * MIB


def test_it_hashes_the_target_anew_after_a_last_pass_that_was_cut(hosts: Hosts) -> None:
    hosts.run(disk_copy.warm)
    hosts.run(last_pass.last)
    # as if the first had died in the middle of a piece
    with (hosts.there / "disk").open("r+b") as disk:
        disk.write(b"half a piece")
    done = hosts.run(last_pass.last)
    assert (done.returncode, done.stderr) == (0, "")
    expect_same(hosts)


def test_it_says_so_when_the_copy_is_not_the_same(hosts: Hosts) -> None:
    hosts.run(disk_copy.warm)
    hosts.write(0, b"changed")
    lying = hosts.top / "bin" / "dd"
    # the target's dd writes something else
    lying.write_text(
        '#!/bin/sh\ncase "$*" in *of=*) echo no | /bin/dd "$1" conv=notrunc'
        ' status=none; cat >/dev/null ;; *) exec /bin/dd "$@" ;; esac\n'
    )
    lying.chmod(0o755)
    done = hosts.run(last_pass.last)
    assert done.returncode == disk_copy.DIFFERS
    assert "the copy differs in 1 piece(s)" in done.stderr


def test_it_ends_as_rsync_does_when_the_target_is_full(hosts: Hosts) -> None:
    hosts.run(disk_copy.warm)
    hosts.write(0, b"changed")
    full = hosts.top / "bin" / "dd"
    full.write_text(
        '#!/bin/sh\ncase "$*" in *of=*) echo "dd: No space left on device" >&2; exit 1'
        ' ;; *) exec /bin/dd "$@" ;; esac\n'
    )
    full.chmod(0o755)
    done = hosts.run(last_pass.last)
    assert done.returncode == disk_copy.FULL
    assert "No space left" in done.stderr


def test_it_stops_where_a_file_of_the_source_cannot_be_read(hosts: Hosts) -> None:
    hosts.run(disk_copy.warm)
    failing = hosts.top / "bin" / "dd"
    failing.write_text("#!/bin/sh\nexit 1\n")
    failing.chmod(0o755)
    done = hosts.run(last_pass.last)
    assert done.returncode != 0
    assert (hosts.top / "jobs/last/sent").read_text() == ""


@pytest.fixture
def base(hosts: Hosts) -> Path:
    base = Path(paths.bases(hosts.move)[0])
    base.parent.mkdir()
    base.write_bytes(b"an image" * 1000)
    os.truncate(base, 64 * MIB)
    return base


def test_it_gives_the_target_a_backing_file_that_it_has_not(
    hosts: Hosts, base: Path
) -> None:
    done = hosts.run(disk_copy.base)
    assert (done.returncode, done.stderr) == (0, "")
    there = hosts.top / "_there"
    assert [path.name for path in there.iterdir()] == [base.name]
    assert (there / base.name).read_bytes() == base.read_bytes()
    assert (there / base.name).stat().st_blocks * 512 < MIB


@pytest.mark.parametrize("same", [True, False])
def test_it_compares_a_backing_file_that_is_there_and_never_replaces_it(
    hosts: Hosts, base: Path, same: bool
) -> None:
    there = hosts.top / "_there" / base.name
    there.parent.mkdir()
    shutil.copy(base, there)
    if not same:
        with there.open("r+b") as other:
            other.write(b"another!")
    before = (there.stat().st_ino, there.read_bytes())
    done = hosts.run(disk_copy.base)
    assert done.returncode == (0 if same else disk_copy.DIFFERS)
    assert ("has another size or checksum than here" in done.stderr) is not same
    assert (there.stat().st_ino, there.read_bytes()) == before
