"""A host of the layout `vfat` mounts FAT by mount(8), whether its kernel can or not."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from lab.hypervisors.folders import SBIN

TOOLS = ("mkfs.vfat", "mcopy", "mdir", "unshare")
# as Nova: an empty file system is mounted, filled and unmounted
FILL = """\
mount --make-rprivate /
mount -t overlay -o lowerdir="$1":/usr/sbin overlay /usr/sbin
mount -o loop,uid=12,gid=34 "$2/config" "$2/mounted"
stat --format %u:%g "$2/mounted"
mkdir -p "$2/mounted/openstack/latest"
echo named >"$2/mounted/openstack/latest/meta_data.json"
umount "$2/mounted"
ls "$2/mounted"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """An empty file system in a file, and a folder `mounted` beside it."""
    path = os.environ["PATH"] + ":/usr/sbin"
    if os.geteuid() or not all(shutil.which(it, path=path) for it in TOOLS):
        pytest.skip("only root can mount, with the tools of a lab with libvirt hosts")
    if not Path("/dev/loop-control").exists():
        pytest.skip("there are no loop devices here")
    file = tmp_path / "config"
    with file.open("wb") as empty:
        empty.truncate(8 << 20)
    subprocess.run(["/usr/sbin/mkfs.vfat", file], check=True, capture_output=True)
    (tmp_path / "mounted").mkdir()
    return file


def in_namespace(script: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
    alone = ("unshare", "--mount", "--propagation", "private", "sh", "-euc", script)
    command = [*alone, "sh", *words]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_what_is_written_to_a_mounted_file_is_in_it(config: Path) -> None:
    done = in_namespace(FILL, SBIN, config.parent)
    assert (done.returncode, done.stdout) == (0, "12:34\n"), done.stderr
    read = ["mcopy", "-i", str(config), "::openstack/latest/meta_data.json", "-"]
    assert subprocess.check_output(read, text=True) == "named\n"
    # the kernel gives the device back a moment later
    deadline = time.monotonic() + 60
    while str(config) in subprocess.check_output(["/usr/sbin/losetup"], text=True):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_other_folders_in_memory_are_unmounted_as_ever(tmp_path: Path) -> None:
    if os.geteuid():
        pytest.skip("only root can mount")
    script = """\
    mount -t overlay -o lowerdir="$1":/usr/sbin overlay /usr/sbin
    mount -t tmpfs config "$2"
    touch "$2/there"
    umount "$2"
    ls "$2"
    """
    done = in_namespace(script, SBIN, tmp_path)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
