"""Guests with a disk of every kind, and what each disk holds as the guest finds it."""

from __future__ import annotations

import os
import random
import re
import subprocess
import tempfile
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from shlex import quote
from xml.etree import ElementTree

from proof.disks.cells import NAMES, VOLUME
from proof.disks.situations import OTHER, SAME, Situation
from tests.processes.hypervisors import IMAGE, until
from tests.processes.layouts.guests import COUNT_AT, Guests

EPHEMERAL_GB, SWAP_MB = 1, 64
SIZE = "1G"  # of the flavor's root disk
# Where something is written that no other guest has: Nova's own files end before.
WRITTEN = {"disk": "600M", "disk.eph0": "600M", "disk.swap": "30M"}


@dataclass(frozen=True, kw_only=True)
class OneDisk:
    """A disk as a guest's domain has it: its name in the matrix, and how it is read."""

    name: str
    path: str
    format: str


@dataclass
class Whole(Guests):
    """The hosts of a lab, and the guests that are made in a situation."""

    flavors: dict[str, str] = field(default_factory=dict)
    guests: dict[str, str] = field(default_factory=dict)
    images: list[str] = field(default_factory=list)

    def host(self, number: str) -> str:
        """Return Nova's name of the host with that number."""
        return next(name for name in self.names if name.endswith(number))

    def guest(self, situation: Situation) -> str:
        """Return the id of a guest of that situation, which counts where it may leave.

        One that a move brought away from there is deleted, and another is made.
        """
        known = self.guests.get(situation.name)
        if known is not None:
            server = self.place.cloud.server(known)
            here = server.host == self.host(situation.source)
            if server.status == "ACTIVE" and (here or situation.symmetric):
                return known
        self.close()  # guests cost time, and keep their files
        made = self._make(situation)
        self.guests[situation.name] = made
        return made

    def close(self) -> None:
        """No guest of ours is left, nor its folders, volume and image."""
        for server in self.guests.values():
            self.place.nova.delete(f"/servers/{server}")
        for server in self.guests.values():
            until(partial(self._gone, server), f"{server} to be gone")
        self.guests.clear()
        for image in self.images:
            self.place.glance.delete(f"/images/{image}", raise_exc=False)
        self.images.clear()

    def _gone(self, server: str) -> bool:
        # what Nova has set aside it leaves where a move failed
        folders = (path for paths in self.folders(server).values() for path in paths)
        return not any(path.startswith(f"{server}/") for path in folders)

    def _make(self, situation: Situation) -> str:
        host = self.host(situation.source)
        image = self._image(situation)
        server = self._create(host, self._flavor(), config_drive=True, imageRef=image)
        until(lambda: self.ticks(server), "the guest to count")
        volume = self.volume()
        with open(self.device(volume), "r+b") as device:
            device.write(os.urandom(1 << 20))
        self.attach(server, volume, tag="data")  # so that it goes with the guest
        if situation.image_gone:
            self.place.glance.delete(f"/images/{image}")
        return server

    def write(self, host: str, server: str) -> None:
        """Each local disk holds something new, as if the guest had written it."""
        monitor = f"virsh qemu-monitor-command --hmp {server}"
        listed = self.run(host, f"{monitor} 'info block'")
        found = re.findall(r": (\S+) \(.*\)\n\s+Attached to: +(\S+)", listed)
        devices = {path.rpartition("/")[2]: device for path, device in found}
        for disk in self.disks(host, server):
            name = disk.path.rpartition("/")[2]
            if name not in WRITTEN:
                continue
            what = f"-P {random.randrange(1, 256)} {WRITTEN[name]} 1M"  # noqa: S311
            for do in (f"write {what}", "flush"):
                command = f'qemu-io -d {devices[name]} "{do}"'
                self.run(host, f"{monitor} {quote(command)}")
            # the monitor says nothing of an error
            read = f"qemu-io -r -U -f {disk.format} -c {quote(f'read {what}')}"
            self.run(host, f"{read} {quote(disk.path)}")

    def _flavor(self) -> str:
        key = "whole"
        if key not in self.flavors:
            made = self.make_flavor(ephemeral_gb=EPHEMERAL_GB, swap_mb=SWAP_MB)
            self.flavors[key] = made
        return self.flavors[key]

    def _image(self, situation: Situation) -> str:
        """Return the id of an image as large as the root disk, or smaller."""
        if situation.grown and not situation.image_gone:
            return self.image()
        glance = self.place.glance
        new = {
            "name": f"{IMAGE}-{situation.name}-{os.getpid()}-{self.booted}",
            "disk_format": "qcow2",
            "container_format": "bare",
        }
        image = str(glance.post("/images", json=new).json()["id"])
        self.images.append(image)
        with tempfile.TemporaryDirectory(prefix="novaweb-disks-") as folder:
            file = Path(folder, "image.qcow2")
            file.write_bytes(Path(self.facts["libvirt"]["image"]).read_bytes())
            if not situation.grown:
                words = ["qemu-img", "resize", "-q", "-f", "qcow2", str(file), SIZE]
                subprocess.run(words, check=True)
            glance.put(
                f"/images/{image}/file",
                data=file.read_bytes(),
                headers={"Content-Type": "application/octet-stream"},
            )
        return image

    def disks(self, host: str, server: str) -> list[OneDisk]:
        """Return all disks of a guest, as its domain has them."""
        text = self.run(host, f"virsh dumpxml --inactive {server}")
        found = []
        for disk in ElementTree.fromstring(text).iterfind("devices/disk"):  # noqa: S314
            source, driver = disk.find("source"), disk.find("driver")
            if source is None or driver is None:
                continue
            path = str(source.get("file") or source.get("dev"))
            name = NAMES.get(path.rpartition("/")[2], VOLUME)
            found.append(OneDisk(name=name, path=path, format=str(driver.get("type"))))
        return found

    def contents(self, host: str, server: str) -> dict[str, str]:
        """Return a checksum of what each disk of a guest holds for it.

        Of the whole chain, in the formats that libvirt and the images themselves name;
        without the guest's own count on its root disk, which is all that it writes
        after its first tick.
        """
        sums = {}
        for disk in self.disks(host, server):
            out = quote(f"{self.instances}/{server}.compared")
            convert = f"qemu-img convert -U -f {disk.format} -O raw"
            text = f"trap 'rm -f {out}' EXIT\n{convert} {quote(disk.path)} {out}"
            if disk.name == "root":
                text += (
                    f" && dd if=/dev/zero of={out} bs=512 seek={COUNT_AT}"
                    " count=1 conv=notrunc status=none"
                )
            sums[disk.name] = self.run(host, f"{text} && b2sum <{out}").split()[0]
        return sums

    def prepare(self, situation: Situation, server: str, *, target: str) -> None:
        """The target has the backing files that the situation wants, and no others."""
        if target in self.facts["libvirt"]["shared_by"]:
            return
        source = str(self.place.cloud.server(server).host)
        folder = quote(f"{self.instances}/_base")
        neighbour = f"beside {situation.name}"
        if neighbour in self.guests:
            return
        self.make_folder_of_bases(target)
        guests = "virsh list --all --uuid"
        until(lambda: not self.run(target, guests).split(), "guests before to be gone")
        self.run(target, f"rm -f {folder}/*")
        made = f"cd {folder} && sha256sum ephemeral_* swap_*"
        if situation.bases == OTHER:
            image = self._image(situation)
            beside = self._create(target, self._flavor(), imageRef=image)
            self.guests[neighbour] = beside
            here, there = (set(self.run(it, made).split()) for it in (source, target))
            assert len(here & there) == len(here) / 2, "only their names are the same"
        elif situation.bases == SAME:
            for path in self.run(source, f"{made} || true").split()[1::2]:
                it = quote(f"{self.instances}/_base/{path}")
                self.run(source, f"rsync -aS {it} {target}:{it}")
