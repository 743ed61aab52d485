"""The lab's libvirt hosts, and the guests on them, asked past novaweb.

A guest prints "tick N boot B uptime S" to its console each second, and when it starts
what its disk said (``lab/guest/init``). So one sees whether it was moved running (the
ticks go on), was started anew (another boot), or has lost its disk (boot 1 again).
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tests.integrations.adapters.clouds import LabPlace

T = TypeVar("T")
PATIENCE = 300.0  # seconds: guests are emulated, on processors that all share
IMAGE, FLAVOR = "counter", "lab.micro"
PANIC = "end Kernel panic"  # in the last line that such a kernel writes


class KernelGaveUp(AssertionError):
    """An emulated guest's kernel panicked, as on busy machines after a live migration.

    Seen of QEMU 7.2 without KVM, at a load of 10 and of 30: no word about the move.
    """


@dataclass(frozen=True, order=True)
class Tick:
    """How far a guest has counted: in which of its boots, since when, in seconds."""

    boot: int
    tick: int
    uptime: float


@dataclass
class Hypervisors:
    """The hosts by name, each entered as its root."""

    place: LabPlace
    facts: dict[str, Any]
    booted: int = field(default=0)

    @property
    def names(self) -> list[str]:
        """The hosts, in their order."""
        return list(self.facts["libvirt_hosts"])

    @property
    def instances(self) -> str:
        """Where each host keeps the folders of its instances."""
        return str(self.facts["libvirt"]["instances_path"])

    def run(self, host: str, text: str) -> str:
        """Return what a shell script wrote on a host, which must have ended well.

        It runs as root where virsh is and paths are as Nova has them.
        """
        done = subprocess.run(
            [*self.facts["libvirt"]["within"][host], "sh", "-c", text],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, f"{host}: {text}: {done.stderr}"
        return done.stdout

    def boot(self, host: str, *, config_drive: bool = False, flavor: str = "") -> str:
        """Return the id of a new guest on that host, which counts already."""
        kind = flavor or self.flavor()
        server_id = self._create(host, kind, config_drive=config_drive)
        until(lambda: self.ticks(server_id), "the guest to count")
        return server_id

    def create(self, host: str, *, ephemeral_gb: int, swap_mb: int) -> str:
        """Return the id of a new guest with such disks, which runs on that host."""
        flavor = self.make_flavor(ephemeral_gb=ephemeral_gb, swap_mb=swap_mb)
        return self._create(host, flavor)

    def make_flavor(self, *, ephemeral_gb: int, swap_mb: int) -> str:
        """Return the id of a new flavor for guests with such disks."""
        flavor = {
            "name": f"scratch-{os.getpid()}-{self.booted}",
            "vcpus": 1,
            "ram": 96,
            "disk": 1,
            "OS-FLV-EXT-DATA:ephemeral": ephemeral_gb,
            "swap": swap_mb,
        }
        made = self.place.nova.post("/flavors", json={"flavor": flavor}).json()
        flavor_id = str(made["flavor"]["id"])
        self.place.made.append(f"/flavors/{flavor_id}")
        return flavor_id

    def flavor(self, name: str = FLAVOR) -> str:
        """Return the id of the flavor with that name."""
        return _one(self.place.nova.get("/flavors").json()["flavors"], name)

    def image(self, name: str = IMAGE) -> str:
        """Return the id of the image with that name."""
        return _one(self.place.glance.get("/images").json()["images"], name)

    def _create(self, host: str, flavor: str, **more: Any) -> str:
        place = self.place
        server = {
            "name": f"guest-{os.getpid()}-{self.booted}",
            "flavorRef": flavor,
            "imageRef": self.image(),
            "networks": [{"uuid": place.network["networks"][0]["id"]}],
            "host": host,
            **more,
        }
        self.booted += 1
        made = place.nova.post("/servers", json={"server": server}).json()["server"]
        place.made.append(f"/servers/{made['id']}")
        server_id = str(made["id"])
        until(lambda: self._status(server_id) == "ACTIVE", "the guest to be active")
        return server_id

    def _status(self, server_id: str) -> str:
        server = self.place.cloud.server(server_id)
        assert server.status != "ERROR", server.fault
        return server.status

    def console(self, server_id: str) -> str:
        """Return the last that the guest wrote to its console where it is now."""
        return self.place.cloud.console_lines(server_id, 200)

    def ticks(self, server_id: str) -> list[Tick]:
        """Return what the guest has counted of late, the last one last.

        Raises KernelGaveUp when its kernel has, which nothing but a restart mends.
        """
        told = self.console(server_id)
        if PANIC in told.rstrip().rpartition("\n")[2]:
            raise KernelGaveUp(f"the guest's kernel has given up: {told[-3000:]}")
        found = re.findall(
            r"^tick (\d+) boot (\d+) uptime ([\d.]+)\s*$", told, re.MULTILINE
        )
        return [Tick(int(boot), int(tick), float(up)) for tick, boot, up in found]

    def later(self, server_id: str, than: Tick) -> Tick:
        """Return what the guest has counted, once that is more than before."""

        def look() -> Tick | None:
            last = self.ticks(server_id)[-1:]
            return last[0] if last and last[0] > than else None

        return until(look, f"the guest to count further than {than}")

    def said_of_its_disk(self, server_id: str) -> tuple[int, int]:
        """Return boot and tick that the guest found on its disk when it started."""
        found = re.findall(
            r"disk said: 'boot=(\d+) tick=(\d+)'", self.console(server_id)
        )
        assert found, self.console(server_id)
        boot, tick = found[-1]
        return int(boot), int(tick)

    def domains(self, server_id: str) -> dict[str, str]:
        """Return the state of the guest's domain on each host that has one."""
        command = (
            f"virsh list --all --uuid | grep -qx {server_id} || exit 0;"
            f" virsh domstate {server_id}"
        )
        told = {host: self.run(host, command).strip() for host in self.names}
        return {host: state for host, state in told.items() if state}

    def folders(self, server_id: str) -> dict[str, list[str]]:
        """Return what is named after the instance on each host, and the files in it."""
        found: dict[str, list[str]] = {}
        for host in self.names:
            listed = self.run(
                host,
                f"cd {shlex.quote(self.instances)} && find . -path '*{server_id}*'"
                " -printf '%P\\n' | sort",
            )
            if listed:
                found[host] = listed.split()
        return found

    def make_folder_of_bases(self, host: str) -> None:
        """The host has a folder of images, in which its Nova may write."""
        folder = shlex.quote(f"{self.instances}/_base")
        parent = shlex.quote(self.instances)
        self.run(host, f"mkdir -p {folder} && chown --reference={parent} {folder}")

    def metadata(self, host: str, server_id: str) -> dict[str, Any]:
        """Return what the guest's config drive says of it, read from its file."""
        folder = shlex.quote(f"{self.instances}/{server_id}")
        listed = self.run(host, f"virsh domblklist {server_id}")
        assert f"{server_id}/disk.config" in listed, listed
        text = self.run(
            host,
            f"isoinfo -R -x /openstack/latest/meta_data.json -i {folder}/disk.config",
        )
        read: dict[str, Any] = json.loads(text)
        return read

    def sums(self, host: str, server_id: str, *names: str) -> list[str]:
        """Return the SHA-256 of files of the instance's folder on a host."""
        files = " ".join(shlex.quote(name) for name in names)
        folder = shlex.quote(f"{self.instances}/{server_id}")
        return self.run(host, f"cd {folder} && sha256sum {files}").splitlines()


def until(look: Callable[[], T | None], what: str) -> T:
    """Return the first true answer of ``look``; fail when there is none in time."""
    deadline, pause = time.monotonic() + PATIENCE, 0.5
    while time.monotonic() < deadline:
        answer = look()
        if answer:
            return answer
        time.sleep(pause)
        pause = min(2.0, 1.5 * pause)
    raise AssertionError(f"not within {PATIENCE:.0f} s: {what}")


def _one(found: list[dict[str, Any]], name: str) -> str:
    return next(str(it["id"]) for it in found if it["name"] == name)
