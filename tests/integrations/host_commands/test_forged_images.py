"""Images that qemu-img really made, and whose backing files nobody may open.

What they name is a file of the test's own, which must stay unread: the kernel tells of
each opening of it. ``test_the_watch_sees_who_follows_a_chain`` shows that it does.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from migrations_app.errors import Blocked
from migrations_app.integrations.host_commands import disk_images
from migrations_app.integrations.host_commands.disk_images import Image, Opened
from tests.integrations.host_commands.stand_in import Host

REAL = shutil.which("qemu-img")
pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(REAL is None, reason="there is no qemu-img: qemu-utils"),
]
IN_OPEN, NONBLOCK = 0x20, os.O_NONBLOCK
# Where a qcow2 header says how long the name of its backing file is, and where that
# begins (docs/interop/qcow2.txt of QEMU).
OFFSET, LENGTH = slice(8, 16), slice(16, 20)


class Watched:
    """A file of ours whose openings the kernel counts."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.write_bytes(b"nobody reads this" + bytes(4096))
        libc = ctypes.CDLL(None, use_errno=True)
        self._inotify = libc.inotify_init1(NONBLOCK)
        assert self._inotify >= 0
        name = os.fsencode(path)
        assert libc.inotify_add_watch(self._inotify, name, IN_OPEN) >= 0

    def was_opened(self) -> bool:
        try:
            return bool(os.read(self._inotify, 4096))
        except BlockingIOError:
            return False

    def close(self) -> None:
        os.close(self._inotify)


@pytest.fixture
def secret(host: Host) -> Iterator[Watched]:
    watched = Watched(host.root / "secret")
    try:
        yield watched
    finally:
        watched.close()


@pytest.fixture
def disk(host: Host) -> Path:
    """The disk of a guest, on a host whose qemu-img is the real one."""
    host.tool(
        "qemu-img",
        f'#!/bin/sh\n[ -z "$HERE" ] || echo "$@" >>"$HERE/asked"\nexec {REAL} "$@"\n',
    )
    host.boot()
    return host.folder / "disk"


def qemu_img(*words: str | Path) -> None:
    assert REAL
    subprocess.run([REAL, *words], check=True, capture_output=True, timeout=60)


def forge(path: Path, name: str, *, form: str = "raw", compat: str = "1.1") -> None:
    """Make an image that stands on whatever is named so.

    qemu-img makes it with a name of that length, which it does not look for (``-u``);
    then the name is written over.
    """
    said = name.encode()
    path.unlink(missing_ok=True)
    qemu_img(
        *("create", "-u", "-f", "qcow2", "-o", f"compat={compat}"),
        *("-F", form, "-b", "x" * len(said), path, "1M"),
    )
    image = bytearray(path.read_bytes())
    begin = int.from_bytes(image[OFFSET], "big")
    assert int.from_bytes(image[LENGTH], "big") == len(said)
    image[begin : begin + len(said)] = said
    path.write_bytes(image)


# Names of backing files, by what is wrong with them. SECRET is the watched file, BASE
# the folder of base images, NOVA the one around it.
NAMES = {
    "absolute": "SECRET",
    "relative": "../../../secret",
    "beside": "disk.config",
    "up from the base images": "BASE/../../../secret",
    "deeper than base images": "BASE/deeper/b",
    "another instance's": "NOVA/00000000-0000-4000-8000-000000000000/disk",
    "file:": "file:SECRET",
    "json:": 'json:{"driver":"raw","file":{"driver":"file","filename":"SECRET"}}',
    "a device": "host_device:/dev/null",
    "a socket": "nbd:unix:/nowhere/socket",
    "nbd://": "nbd://127.0.0.1:1/x",
    "https://": "https://127.0.0.1:1/x",
    "ssh://": "ssh://127.0.0.1:1/x",
    "two lines": "BASE/b\nSECRET",
    "a quote": 'BASE/b", "backing-filename": "BASE/c',
    "blanks": "BASE/b --image-opts",
    "an option": "-f BASE/b",
    "a dollar": "BASE/$(cat SECRET)",
}


def named(kind: str, host: Host, secret: Watched) -> str:
    """Return that name on this host."""
    found = NAMES[kind].replace("SECRET", str(secret.path))
    found = found.replace("BASE", f"{host.instances}/_base")
    return found.replace("NOVA", str(host.instances))


def test_the_watch_sees_who_follows_a_chain(disk: Path, secret: Watched) -> None:
    forge(disk, str(secret.path))
    qemu_img("info", "-f", "qcow2", disk)
    assert not secret.was_opened()
    qemu_img("info", "-f", "qcow2", "--backing-chain", disk)
    assert secret.was_opened()


@pytest.mark.parametrize("compat", ["0.10", "1.1"])
@pytest.mark.parametrize("kind", NAMES)
def test_what_an_image_says_it_stands_on_is_neither_opened_nor_copied(
    host: Host, disk: Path, secret: Watched, kind: str, compat: str
) -> None:
    forge(disk, named(kind, host, secret), compat=compat)
    found = host.guest()
    assert found is not None
    assert found.disks[0].refused == (
        f"{disk} says that it stands on a file that is not among Nova's base images"
    )
    assert found.disks[0].chain == ()  # what is not in it is not copied
    assert asked_about(host) == {str(disk), f"{disk}.config"}
    assert not secret.was_opened()


@pytest.mark.parametrize("kind", NAMES)
def test_nor_what_a_base_image_says(
    host: Host, disk: Path, secret: Watched, kind: str
) -> None:
    """An image that somebody uploaded is a base image as it was made."""
    base = host.instances / "_base" / "b"
    forge(base, named(kind, host, secret))
    forge(disk, str(base), form="qcow2")
    found = host.guest()
    assert found is not None
    assert found.disks[0].refused.startswith(f"{base} says that it stands on a file")
    assert asked_about(host) == {str(disk), f"{disk}.config", str(base)}
    assert not secret.was_opened()


@pytest.mark.parametrize("form", ["raw", "vmdk", "luks", "file", "nbd"])
def test_a_base_image_is_opened_as_no_other_format(
    host: Host, disk: Path, secret: Watched, form: str
) -> None:
    base = host.instances / "_base" / "b"
    forge(base, str(secret.path))
    forge(disk, str(base), form="qcow2")
    # the disk's word for what it stands on: a guest that can write it writes any
    image = disk.read_bytes()
    extension = bytes.fromhex("e2792aca") + len("qcow2").to_bytes(4, "big") + b"qcow2"
    said = form.encode().ljust(5, b"\0")
    assert image.count(extension) == 1
    length = len(form).to_bytes(4, "big")
    disk.write_bytes(image.replace(extension, extension[:4] + length + said))
    found = host.guest()
    assert found is not None
    assert found.disks[0].refused.startswith(f"{base} ")
    assert asked_about(host) == {str(disk), f"{disk}.config"}
    assert not secret.was_opened()


def test_a_link_among_base_images_is_not_followed(
    host: Host, disk: Path, secret: Watched
) -> None:
    base = host.instances / "_base" / "b"
    base.symlink_to(secret.path)
    forge(disk, str(base))
    found = host.guest()
    assert found is not None
    assert "not among Nova's base images" in found.disks[0].refused
    assert asked_about(host) == {str(disk), f"{disk}.config"}
    assert not secret.was_opened()


def test_a_chain_that_is_too_long_ends(host: Host, disk: Path) -> None:
    base = host.instances / "_base"
    qemu_img("create", "-f", "qcow2", base / "b9", "1M")
    for number in range(8, -1, -1):
        forge(base / f"b{number}", str(base / f"b{number + 1}"), form="qcow2")
    forge(disk, str(base / "b0"), form="qcow2")
    found = host.guest()
    assert found is not None
    assert "stands on a file" in found.disks[0].refused
    assert str(base / "b8") not in asked_about(host)


def test_data_that_an_image_keeps_in_another_file_is_not_asked_for(
    host: Host, disk: Path, secret: Watched
) -> None:
    data = host.root / "data"
    disk.unlink()
    qemu_img("create", "-f", "qcow2", "-o", f"data_file={data}", disk, "1M")
    data.unlink()
    data.hardlink_to(secret.path)
    found = host.guest()
    assert found is not None
    assert found.disks[0].refused == f"{disk} says that its data is in another file"
    assert asked_about(host) == {f"{disk}.config"}
    with pytest.raises(Blocked, match="its data is in another file"):
        look_again(host, Opened(str(disk), "qcow2"))
    assert not secret.was_opened()


def test_a_raw_disk_into_which_somebody_wrote_an_image_is_not_asked_for(
    host: Host, disk: Path, secret: Watched
) -> None:
    """As a guest does that writes its own disk from the first byte on."""
    domain = host.root / "domain.xml"
    domain.write_text(domain.read_text().replace("type='qcow2'", "type='raw'"))
    forge(disk, str(secret.path))
    found = host.guest()
    assert found is not None
    assert found.disks[0].refused.startswith(f"{disk} begins as the header of an image")
    assert asked_about(host) == {f"{disk}.config"}
    with pytest.raises(Blocked, match="begins as the header of an image"):
        look_again(host, Opened(str(disk), "raw"))
    assert not secret.was_opened()


@pytest.mark.parametrize("kind", NAMES)
def test_the_look_before_a_confirmation_opens_no_chain(
    host: Host, disk: Path, secret: Watched, kind: str
) -> None:
    forge(disk, named(kind, host, secret))
    (image,) = look_again(host, Opened(str(disk), "qcow2"))
    assert image.virtual_size == 1 << 20
    assert asked_about(host) == {str(disk)}
    assert not secret.was_opened()


def test_a_disk_that_stands_on_a_base_image_is_read(host: Host, disk: Path) -> None:
    base = host.instances / "_base" / "b"
    base.write_bytes(bytes(1 << 20))
    forge(disk, str(base))
    found = host.guest()
    assert found is not None
    assert (found.disks[0].refused, found.disks[0].chain) == ("", (str(base),))


def look_again(host: Host, *files: Opened) -> list[Image]:
    return disk_images.read(host.run("a", disk_images.look_at(files)), files, host="a")


def asked_about(host: Host) -> set[str]:
    """Return the last word of each question to qemu-img: the file, always."""
    lines = (host.root / "asked").read_text(encoding="utf-8").splitlines()
    assert all("--backing-chain" not in line for line in lines)
    return {line.rpartition(" ")[2] for line in lines}
