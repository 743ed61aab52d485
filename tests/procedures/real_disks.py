"""Two hosts that are folders, with the disks of a guest that was migrated cold.

A real shell and the real qemu-img look at them; only virsh is a stand-in. As on real
hosts a path is the same on both: it is put below the host's folder when a command goes
there, and taken out of the answer.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from migrations_app.errors import Blocked
from migrations_app.integrations.interfaces import Cloud, Command, Move, Server, World
from migrations_app.procedures.base import StepContext, StepStatus
from migrations_app.procedures.steps.kept_disks import DisksAreKept
from tests.preflight.build import FLAVOR, INSTANCES, SOURCE, TARGET, WEB, server

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
VIRSH = """#!/bin/sh
if [ -e "$HERE/silent" ]; then exit 1; fi
case "$1" in
  dumpxml) cat "$HERE/domain.xml" ;;
  domstate) cat "$HERE/state" ;;
  domstats) cat "$HERE/stats" ;;
esac
"""
DISK = "<disk type='file' device='{device}'><driver type='{format}'/>"
DISK += "<source file='{path}'/><target dev='{name}'/></disk>"


class RealDisks:
    """Both hosts after the copy. What is not changed is as it should be."""

    def __init__(self, root: Path, *, format: str = "qcow2", pieces: int = 20) -> None:
        self.root = root
        self.said: list[str] = []
        self.server = server(status="VERIFY_RESIZE", vm_state="resized", host=TARGET)
        self.server = replace(self.server, flavor=replace(FLAVOR, disk_gb=1))
        self.formats = {"disk": format}
        self.firmware = self.devices = ""  # more of the domain's XML
        self.answers: dict[str, str] = {}  # to commands that are not run
        for host in (SOURCE, TARGET):
            (self.path(host, "_base")).mkdir(parents=True)
            (root / host / "virsh").write_text(VIRSH, encoding="utf-8")
            (root / host / "virsh").chmod(0o755)
        self.folder(SOURCE).mkdir()
        base = self.path(SOURCE, "_base/d004f7f8")
        base.write_bytes(os.urandom(2 * MIB) + bytes(MIB))
        shutil.copy(base, self.path(TARGET, "_base"))
        if format == "qcow2":
            self.stand(SOURCE, "disk", base, 1 << 30)
        else:
            os.truncate(self.make(SOURCE, "disk"), 64 * MIB)
        for number in range(pieces):
            self.write(SOURCE, "disk", number * MIB, number + 1)

    # -- what is on the hosts --------------------------------------------------------
    def path(self, host: str, name: str) -> Path:
        """Return the file of that name below ``instances_path`` on a host."""
        return self.root / host / INSTANCES.removeprefix("/") / name

    def folder(self, host: str) -> Path:
        return self.path(host, WEB)

    def make(self, host: str, name: str) -> Path:
        path = self.folder(host) / name
        path.touch()
        return path

    def stand(self, host: str, name: str, base: Path, size: int) -> Path:
        """Have a new disk that stands on a file."""
        path = self.folder(host) / name
        path.unlink(missing_ok=True)
        qemu("img create -f qcow2 -F raw -b", str(base), str(path), str(size))
        return path

    def write(
        self, host: str, name: str, at: int, byte: int, size: int = 64 * KIB
    ) -> None:
        """Have the guest write to one of its disks."""
        path = self.folder(host) / name
        kind = self.formats.get(name, "raw")
        qemu(f"io -f {kind} -c", f"write -P {byte} {at} {size}", str(path))

    def move(self, *, runs: bool = False) -> None:
        """Do what Nova does: rename the folder, and copy what is in it."""
        kept = self.path(SOURCE, f"{WEB}_resize")
        self.folder(SOURCE).rename(kept)
        shutil.copytree(kept, self.folder(TARGET))
        for disk in self.folder(TARGET).iterdir():
            if self.formats.get(disk.name) == "qcow2":
                base = self.path(TARGET, "_base/d004f7f8")
                qemu("img rebase -u -f qcow2 -F raw -b", str(base), str(disk))
        self.define(SOURCE, "shut off")
        self.define(TARGET, "running" if runs else "shut off")
        self.wrote(requests=0, size=0)

    def define(self, host: str, state: str, **formats: str) -> None:
        """Let a host have the domain, with disks of these formats."""
        disks = "".join(
            DISK.format(
                path=f"{INSTANCES}/{WEB}/{name}",
                format=kind,
                device="cdrom" if name == "disk.config" else "disk",
                name=f"vd{'abcd'[number]}",
            )
            for number, (name, kind) in enumerate({**self.formats, **formats}.items())
        )
        devices = f"<devices>{disks}{self.devices}</devices>"
        xml = f"<domain><name>i</name><os>{self.firmware}</os>{devices}</domain>"
        (self.root / host / "domain.xml").write_text(xml, encoding="utf-8")
        (self.root / host / "state").write_text(f"{state}\n", encoding="utf-8")

    def wrote(self, *, requests: int, size: int) -> None:
        """Let libvirt on the target say how much the guest has written there."""
        text = (
            f"block.0.name=vda\nblock.0.wr.reqs={requests}\nblock.0.wr.bytes={size}\n"
        )
        (self.root / TARGET / "stats").write_text(text, encoding="utf-8")

    # -- the look --------------------------------------------------------------------
    def run(self, host: str, command: Command, *, timeout: float = 20.0) -> str:
        here = self.root / host
        folder = str(command.words.get("folder", ""))
        for asked in (command.name, f"{command.name} {host} {folder}"):
            if asked in self.answers:
                return self.answers[asked]
        done = subprocess.run(
            ["/bin/sh", "-eu"],  # as adapters/ssh runs it
            input=command.text.replace(INSTANCES, f"{here}{INSTANCES}"),
            env={"PATH": f"{here}:{os.environ['PATH']}", "HERE": str(here)},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if done.returncode:
            raise Blocked(f"{host}: {done.stderr.strip()} ({done.returncode})")
        return done.stdout.replace(str(here), "")

    def look(self) -> StepStatus:
        """Return what the step answers; ``said`` is what it logged."""
        self.said.clear()
        move = Move(WEB, "web-1", SOURCE, TARGET, facts={"enters": True})
        ctx = StepContext(
            move=move,
            world=World(cast("Cloud", _Cloud(self.server)), self, None),
            request_marker="",
            now=datetime.now(UTC),
            log=self.said.append,
            set_progress=_no_progress,
            progress={},
        )
        return DisksAreKept().check(ctx)


class _Cloud:
    def __init__(self, found: Server) -> None:
        self.found = found

    def server(self, server_id: str) -> Server:
        return self.found


def _no_progress(figures: Mapping[str, Any]) -> None:
    raise AssertionError("the look shows no figures")


def qemu(words: str, *more: str) -> None:
    """Run one of QEMU's tools: img or io, with options, then paths."""
    tool, *options = words.split()
    subprocess.run([f"qemu-{tool}", *options, *more], check=True, capture_output=True)
