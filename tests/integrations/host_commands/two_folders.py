"""Two hosts that are folders here, for the jobs that copy an instance's folder.

A stand-in for ssh runs here what the target is told, with a folder of its own beside
the source's, and with _there where the source has _base.
"""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from migrations_app.integrations.host_commands import paths
from migrations_app.integrations.host_commands.block_copy import SIZE as PIECE
from migrations_app.integrations.interfaces import Move

SERVER = "5f0c1d7e-0000-4000-8000-000000000001"
MIB = 1 << 20
SIZE = PIECE // MIB
SSH = """#!/bin/sh
while [ "${1#-}" != "$1" ]; do
  case "$1" in -o|-c) shift ;; esac
  shift
done
shift
exec sh -c "$(printf %s "$*" | sed s#/_base#/_there#g)"
"""


QEMU_IMG = """#!/bin/sh
echo '[{ "start": 0, "length": 8192, "depth": 0, "zero": false, "data": true},'
echo '{ "start": 8192, "length": 67100672, "depth": 0, "zero": true, "data": false}]'
"""


@dataclass
class Hosts:
    """Where the source's and the target's files are, and what ssh was told."""

    top: Path
    instances: Path
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def move(self) -> Move:
        facts = {"instances": str(self.instances), "bases": [str(self.top / "_base/b")]}
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
        return Path(paths.folder(self.move))

    @property
    def there(self) -> Path:
        return Path(paths.beside(self.move))

    def run(self, make: Callable[[Move], Any]) -> subprocess.CompletedProcess[str]:
        """Run a job's script as its host would, in a folder beside the others'."""
        job = make(self.move)
        here = self.top / "jobs" / job.name
        here.mkdir(parents=True, exist_ok=True)
        return subprocess.run(
            ["sh", "-eu", "-c", job.script],
            cwd=here,
            env={
                **os.environ,
                "PATH": f"{self.top}/bin:{os.environ['PATH']}",
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def write(self, offset: int, content: bytes, name: str = "disk") -> None:
        with (self.folder / name).open("r+b") as disk:
            disk.seek(offset)
            disk.write(content)


def two_folders(tmp_path: Path) -> Hosts:
    """Return hosts of which the source has an instance's folder."""
    (tmp_path / "bin").mkdir()
    for name, text in (("ssh", SSH), ("qemu-img", QEMU_IMG)):
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    hosts = Hosts(tmp_path, tmp_path / "instances")
    hosts.folder.mkdir(parents=True)
    noise = random.Random(7)  # noqa: S311
    with (hosts.folder / "disk").open("wb") as disk:
        for start in (0, SIZE, 3 * SIZE):
            disk.seek(start * MIB)
            disk.write(noise.randbytes(MIB))
        disk.truncate((4 * SIZE + 3) * MIB + 17)
    (hosts.folder / "console.log").write_text("boot 1\n")
    (hosts.folder / "disk.info").write_text("{}")
    return hosts
