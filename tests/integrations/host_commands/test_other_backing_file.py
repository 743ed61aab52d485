"""What a target has otherwise under a backing file's name stays; the copy gets its own.

Run by real shells, rsync and qemu-img, on two folders of this machine.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from migrations_app.integrations.host_commands import (
    disk_copy,
    instance_folder,
    paths,
)
from migrations_app.integrations.interfaces import Move

pytestmark = pytest.mark.skipif(
    shutil.which("rsync") is None, reason="rsync is not installed"
)
SERVER = "5f0c1d7e-0000-4000-8000-000000000001"
MIB = 1 << 20
# kinds of header extensions (QEMU, docs/interop/qcow2.txt)
BACKING_FORMAT = bytes.fromhex("e2792aca")
UNKNOWN_EXTENSION = bytes.fromhex("6e6f7661")
# what is told to the target is run below a root of its own
SSH = """#!/bin/sh
while [ "${1#-}" != "$1" ]; do
  case "$1" in -o|-c) shift ;; esac
  shift
done
shift
exec sh -c "$(printf %s "$*" | sed 's#/here#/there#g')"
"""


@dataclass
class Two:
    """The source's files are below ``here``, the target's below ``there``."""

    top: Path
    options: dict[str, Any]

    @property
    def base(self) -> Path:
        return self.top / "here/_base/ephemeral_1_40d1d2c"

    @property
    def taken(self) -> Path:
        return self.top / "there/_base/ephemeral_1_40d1d2c"

    @property
    def placed(self) -> Path:
        return self.taken.with_name(f"{self.taken.name}-0badcafe")

    @property
    def move(self) -> Move:
        facts = {
            "instances": str(self.top / "here"),
            "bases": [str(self.base)],
            "renamed": {"disk.eph0": str(self.base)},
        }
        return Move(
            SERVER,
            "web",
            "compute-40",
            "compute-41",
            options=self.options,
            token="0badcafe",
            facts=facts,
        )

    def copy_base(self) -> subprocess.CompletedProcess[str]:
        job = self.top / "job"
        job.mkdir(exist_ok=True)
        return self.sh(disk_copy.base(self.move).script, job)

    def on_target(self, text: str) -> str:
        done = self.sh(text.replace("/here", "/there"), self.top)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def sh(self, text: str, folder: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["sh", "-eu", "-c", text],
            cwd=folder,
            env={**os.environ, "PATH": f"{self.top}/bin:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture(params=[{}, {"bandwidth": 8000}], ids=["pieces", "rsync"])
def two(tmp_path: Path, request: pytest.FixtureRequest) -> Two:
    two = Two(tmp_path, request.param)
    for folder in ("bin", "here/_base", "there/_base"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "bin/ssh").write_text(SSH)
    (tmp_path / "bin/ssh").chmod(0o755)
    two.base.write_bytes(b"UUID E389-5777" + bytes(3 * MIB))
    two.taken.write_bytes(b"UUID E46E-3DEE" + bytes(3 * MIB))
    return two


def test_it_is_copied_under_a_name_of_its_own(two: Two) -> None:
    for _ in range(2):  # what has ended may be started again
        done = two.copy_base()
        assert (done.returncode, done.stderr) == (0, "")
        assert two.placed.read_bytes() == two.base.read_bytes()
        assert two.taken.read_bytes().startswith(b"UUID E46E-3DEE")


def test_what_is_no_whole_copy_is_never_taken_for_one(two: Two) -> None:
    two.copy_base()
    with two.placed.open("r+b") as placed:
        placed.seek(2 * MIB)
        placed.write(b"rot")
    done = two.copy_base()
    assert done.returncode == disk_copy.DIFFERS
    assert "another size or checksum" in done.stderr


def test_what_a_link_leads_to_is_not_copied(two: Two) -> None:
    secret = two.top / "secret"
    secret.write_bytes(b"of root alone")
    two.base.unlink()
    two.base.symlink_to(secret)
    done = two.copy_base()
    assert (done.returncode, done.stderr) == (
        1,
        f"{two.base} is no plain file: have it moved away\n",
    )
    assert [path.name for path in two.taken.parent.iterdir()] == [two.taken.name]


@pytest.mark.parametrize("format_named", [True, False])
def test_the_copied_disk_stands_on_it_and_all_of_it_goes_on_the_way_back(
    two: Two, format_named: bool
) -> None:
    two.copy_base()
    beside = two.top / f"there/{SERVER}.novaweb-0badcafe"
    beside.mkdir()
    disk = beside / "disk.eph0"
    create = f"qemu-img create -q -f qcow2 -F raw -b {two.base} {disk} 64M"
    assert two.sh(create, two.top).returncode == 0
    if not format_named:  # as a disk of an older Nova: another kind of extension
        header = disk.read_bytes()
        disk.write_bytes(header.replace(BACKING_FORMAT, UNKNOWN_EXTENSION, 1))
    notes = f"{two.top}/notes"
    for _ in range(2):
        text = instance_folder.place(two.move).text.replace("/var/lib/novaweb", notes)
        two.on_target(text)
    folder = two.top / "there" / SERVER
    asked = f"qemu-img info -f qcow2 --output=json {folder}/disk.eph0"
    info = json.loads(two.sh(asked, two.top).stdout)
    assert info["full-backing-filename"] == str(two.placed)
    assert info["backing-filename-format"] == "raw"

    folder.rename(beside)
    text = instance_folder.discard(two.move, target=True).text.replace(
        "/var/lib/novaweb", notes
    )
    two.on_target(text)
    assert not beside.exists()
    assert [path.name for path in two.taken.parent.iterdir()] == [two.taken.name]


def test_another_file_keeps_its_name() -> None:
    facts = {"bases": ["/b/one", "/b/two"], "renamed": {"disk.swap": "/b/two"}}
    move = Move(SERVER, "web", "a", "b", token="0badcafe", facts=facts)
    assert paths.base_there(move, "/b/one") == "/b/one"
    assert paths.base_there(move, "/b/two") == "/b/two-0badcafe"
