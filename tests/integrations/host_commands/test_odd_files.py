"""What Nova puts into no instance's folder is neither copied nor written through.

Whoever owns that folder on the source may leave there what they please, and the target
is written to as root.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from migrations_app.integrations.host_commands import disk_copy, last_pass
from migrations_app.integrations.host_commands.detached_job import Job
from tests.integrations.host_commands.two_folders import Hosts

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(shutil.which("rsync") is None, reason="rsync is not installed"),
]


@pytest.fixture
def small(hosts: Hosts) -> Hosts:
    (hosts.folder / "disk").write_text("a small one")
    return hosts


def link(folder: Path) -> None:
    (folder / "disk.eph0").symlink_to(folder.parent / "another")


def pipe(folder: Path) -> None:
    os.mkfifo(folder / "disk.eph0")


def line_feed(folder: Path) -> None:
    # the second line of its name would be a piece of another instance's disk
    (folder / "disk\n0 ..").mkdir()
    (folder / "disk\n0 .." / "another").write_text("")


@pytest.mark.parametrize("leave", [link, pipe, line_feed])
def test_a_folder_with_what_nova_puts_into_none_is_not_copied(
    small: Hosts, leave: Callable[[Path], None]
) -> None:
    leave(small.folder)
    for make in (disk_copy.warm, last_pass.last):
        done = small.run(make)
        assert done.returncode == 1
        assert "is neither a plain file nor a folder" in done.stderr
        assert not small.there.exists()


def test_no_link_is_written_through_on_the_target(small: Hosts) -> None:
    # as if it had been none whenever it was looked at
    link(small.folder)
    another = small.instances / "another"
    another.write_text("another's")
    copy = f'copy -S -- {small.folder}/ "$target":{small.there}/\n'
    script = f"{disk_copy.head(small.move)}{copy}"
    assert small.run(lambda move: Job(move, "first", script, {})).returncode == 0
    assert (small.there / "disk").exists()
    (small.folder / "disk.eph0").unlink()
    (small.folder / "disk.eph0").write_text("its own")
    assert small.run(last_pass.last).returncode == 0
    assert another.read_text() == "another's"
    assert (small.there / "disk.eph0").read_text() == "its own"
