"""A guest whose writes a real QEMU tracks, on two hosts that are folders here.

QEMU runs without a machine: what its guest would write it is told to. Of virsh there is
a stand-in, which hands commands to QEMU's monitor; one for ssh runs here what the
target is told.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from migrations_app.integrations.host_commands import (
    detached_job,
    dirty_bitmaps,
    disk_copy,
    last_pass,
    paths,
)
from migrations_app.integrations.host_commands.detached_job import Job
from migrations_app.integrations.host_commands.dirty_bitmaps import Tracking
from migrations_app.integrations.interfaces import Command, Move

SERVER = "5f0c1d7e-0000-4000-8000-000000000001"
KIB, MIB = 1 << 10, 1 << 20
PATIENCE = 60.0  # seconds
SSH = """#!/bin/sh
while [ "${1#-}" != "$1" ]; do
  case "$1" in -o|-c) shift ;; esac
  shift
done
shift
exec sh -c "$*"
"""
VIRSH = """#!/bin/sh
case "$1" in
  list) echo {server} ;;
  domstate) if [ -S {monitor} ]; then echo running; else echo shut off; fi ;;
  qemu-monitor-command) exec {python} {here}/ask.py "$4" ;;
esac
"""
ASK = """import socket, sys
with socket.socket(socket.AF_UNIX) as line:
    line.connect({monitor!r})
    said = line.makefile("rw")
    said.readline()
    for each in ('{{"execute":"qmp_capabilities"}}', sys.argv[1]):
        said.write(each)
        said.flush()
        answer = said.readline()
        while '"event"' in answer:
            answer = said.readline()
print(answer)
"""


@dataclass
class TrackedGuest:
    """The instance's folder on the source, and what QEMU has open of it."""

    top: Path
    disks: tuple[str, ...] = ("disk",)
    options: dict[str, Any] = field(default_factory=dict)
    patience: float = 2 * PATIENCE  # for one command
    qemu: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.bin = self.top / "bin"
        self.bin.mkdir()
        # a socket's path must be short, whatever the test is called
        self.monitor = Path(f"/tmp/novaweb-{os.getpid()}-{id(self)}.qmp")  # noqa: S108
        words = {"server": SERVER, "monitor": str(self.monitor), "here": self.bin}
        (self.bin / "ssh").write_text(SSH)
        virsh = VIRSH.format(python=sys.executable, **words)
        (self.bin / "virsh").write_text(virsh)
        (self.bin / "ask.py").write_text(ASK.format(**words))
        for name in ("ssh", "virsh"):
            (self.bin / name).chmod(0o755)
        self.folder.mkdir(parents=True)
        (self.folder / "disk.info").write_text("{}")

    @property
    def move(self) -> Move:
        facts = {
            "instances": str(self.top / "instances"),
            "bases": [],
            "running": True,
            "tracked": list(self.disks),
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

    @property
    def folder(self) -> Path:
        return self.top / "instances" / SERVER

    @property
    def there(self) -> Path:
        return Path(paths.beside(self.move))

    @property
    def notes(self) -> Path:
        return self.top / "notes" / self.move.token

    # -- the guest -------------------------------------------------------------------
    def make(self, disk: str = "disk", size: str = "256M", options: str = "") -> Path:
        """Have a qcow2 disk, which stands on a file."""
        base = self.top / f"base-{disk}"
        base.write_bytes(os.urandom(4 * MIB))
        os.truncate(base, 32 * MIB)
        path = self.folder / disk
        more = ["-o", options] if options else []
        stands = ["-b", str(base), "-F", "raw"]
        tool("img", "create", "-q", "-f", "qcow2", *more, *stands, str(path), size)
        return path

    def start(self, *, copy_on_read: bool = False) -> None:
        """Have QEMU open the disks."""
        opened: list[str] = []
        for number, disk in enumerate(self.disks):
            named = {
                "driver": "qcow2",
                "node-name": f"libvirt-{number + 1}-format",
                "file": {"driver": "file", "filename": str(self.folder / disk)},
            }
            opened += ["-blockdev", json.dumps(named)]
            if copy_on_read:
                reads = {"driver": "copy-on-read", "node-name": f"cor-{number + 1}"}
                reads["file"] = f"libvirt-{number + 1}-format"
                opened += ["-blockdev", json.dumps(reads)]
        self.qemu = subprocess.Popen(
            [
                *("qemu-system-x86_64", "-machine", "none", "-nodefaults"),
                *("-display", "none", "-qmp", f"unix:{self.monitor},server,nowait"),
                *opened,
            ],
            stderr=subprocess.DEVNULL,
        )
        self._until(self._answers, "QEMU to answer")

    def write(self, at: int, size: int, *, node: str = "libvirt-1-format") -> None:
        """Have the guest write."""
        self.io(f"write -q -P {1 + at // MIB % 250} {at} {size}", node)

    def io(self, words: str, node: str = "libvirt-1-format") -> None:
        """Have the guest do what is one of qemu-io's commands."""
        line = {"command-line": f'qemu-io {node} "{words}"'}
        assert self.ask("human-monitor-command", **line) == ""

    def ask(self, execute: str, **arguments: Any) -> Any:
        """Return what QEMU answers, which is no error."""
        asked = json.dumps({"execute": execute, "arguments": arguments})
        done = self.sh(f"virsh qemu-monitor-command -- x '{asked}'", self.top)
        answer = json.loads(done.stdout)
        assert "return" in answer, answer
        return answer["return"]

    def stop(self, *, kill: bool = False) -> None:
        """End QEMU, as Nova's stop does in the end; or as the kernel does."""
        if self.qemu is None:
            return
        if kill:
            self.qemu.kill()
        else:
            self.qemu.terminate()
        self.qemu.wait(PATIENCE)
        self.qemu = None
        self.monitor.unlink(missing_ok=True)

    # -- the move --------------------------------------------------------------------
    def look(self) -> Tracking:
        answer = self.run(dirty_bitmaps.look(self.move))
        return dirty_bitmaps.read(answer, self.move)

    def track(self) -> str:
        """Have QEMU track what is written; return what the host says of that.

        What a guest has not flushed need not be in QEMU's tables in the file.
        """
        for number in range(len(self.disks)):
            self.io("flush", f"libvirt-{number + 1}-format")
        return self.run(dirty_bitmaps.track(self.move, self.look().nodes))

    def untrack(self) -> None:
        self.run(dirty_bitmaps.untrack(self.move, self.look()))

    def warm(self) -> None:
        self._expect_done(disk_copy.warm)

    def last(self) -> list[tuple[str, str]]:
        """Run the last pass; return which way each disk went (``read_ways``)."""
        done = self._expect_done(last_pass.last)
        lines = tuple(done.stdout.splitlines())
        state = detached_job.JobState(detached_job.JobIs.ENDED, 0, lines)
        return last_pass.read_ways(state)

    def prove(self) -> subprocess.CompletedProcess[str]:
        return self.job(last_pass.prove)

    def job(self, make: Callable[[Move], Job]) -> subprocess.CompletedProcess[str]:
        """Run a job's script as its host does."""
        job = make(self.move)
        here = self.notes / job.name
        here.mkdir(parents=True, exist_ok=True)
        return self.sh(job.script, here)

    def run(self, command: Command) -> str:
        text = command.text.replace(detached_job.ROOT, str(self.top / "notes"))
        done = self.sh(text, self.top)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def expect_same(self) -> None:
        names = {path.name for path in self.folder.iterdir()}
        assert {path.name for path in self.there.iterdir()} == names
        for name in names:
            here, there = self.folder / name, self.there / name
            assert subprocess.run(["cmp", here, there], check=False).returncode == 0

    def expect_no_bitmap(self) -> None:
        for disk in self.disks:
            for path in (self.folder / disk, self.there / disk):
                if path.exists():
                    said = tool(
                        "img", "info", "--output=json", "-f", "qcow2", str(path)
                    )
                    assert "bitmaps" not in json.loads(said)["format-specific"]["data"]

    def _expect_done(
        self, make: Callable[[Move], Job]
    ) -> subprocess.CompletedProcess[str]:
        done = self.job(make)
        assert done.returncode == 0, done.stderr
        return done

    def sh(self, text: str, folder: Path) -> subprocess.CompletedProcess[str]:
        """Run a shell script in a folder, with the stand-ins."""
        return subprocess.run(
            ["sh", "-eu", "-c", text],
            cwd=folder,
            env={**os.environ, "PATH": f"{self.bin}:{os.environ['PATH']}"},
            capture_output=True,
            text=True,
            timeout=self.patience,
            check=False,
        )

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as line:
            try:
                line.connect(str(self.monitor))
            except OSError:
                return False
        return True

    @staticmethod
    def _until(look: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not look():
            assert time.monotonic() < deadline, f"not in time: {what}"
            time.sleep(0.02)


def tool(name: str, *words: str) -> str:
    """Run one of QEMU's tools: img or io; return what it wrote."""
    done = subprocess.run(
        [f"qemu-{name}", *words], check=True, capture_output=True, text=True
    )
    return done.stdout
