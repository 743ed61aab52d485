"""Guests with volumes, and what disks hold as a guest sees them, asked past novaweb."""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from shlex import quote
from typing import Any
from xml.etree import ElementTree

from keystoneauth1.adapter import Adapter

from migrations_app.integrations.interfaces import Attachment
from tests.processes.hypervisors import Hypervisors, until

COUNT_AT = 81920  # the sector that a guest keeps its count in (lab/guest/init)


@dataclass
class Guests(Hypervisors):
    """The hosts of a layout and the guests on them."""

    @property
    def cinder(self) -> Adapter:
        session = self.place.nova.session
        return Adapter(
            session, service_type="block-storage", default_microversion="3.70"
        )

    def boot_from_volume(self, host: str) -> str:
        """Return the id of a new guest whose one disk is a volume; it counts."""
        root = {
            "boot_index": 0,
            "uuid": self.image(),
            "source_type": "image",
            "destination_type": "volume",
            "volume_size": 1,
            "volume_type": "loop",
            "delete_on_termination": True,
        }
        server = self._create(
            host, self.flavor(), imageRef="", block_device_mapping_v2=[root]
        )
        until(lambda: self.ticks(server), "the guest to count")
        return server

    def volume(self) -> str:
        """Return the id of a new volume, on which guests count, too."""
        name = f"data-{os.getpid()}-{self.booted}"
        wanted = {"size": 1, "name": name, "volume_type": "loop"}
        made = self.cinder.post("/volumes", json={"volume": wanted}).json()["volume"]

        def available() -> bool:
            found = self.cinder.get(f"/volumes/{made['id']}").json()["volume"]
            assert found["status"] != "error"
            return bool(found["status"] == "available")

        until(available, "the volume to be available")
        volume = str(made["id"])
        with open(self.device(volume), "r+b") as device:
            device.write(b"count here")
        return volume

    def device(self, volume: str) -> str:
        """Return the path of a volume, which is the same on every host."""
        return f"{self.facts['state_dir']}/cinder/volumes/{volume}"

    def attach(self, server: str, *volumes: str, tag: str = "") -> None:
        """Attach volumes as a project does; the first with the tag, gone with it."""
        for volume in volumes:
            it: dict[str, Any] = {"volumeId": volume}
            if tag and volume == volumes[0]:
                it |= {"tag": tag, "delete_on_termination": True}
            path = f"/servers/{server}/os-volume_attachments"
            self.place.nova.post(path, json={"volumeAttachment": it})
            self._until_in_use(volume)

    def _until_in_use(self, volume: str) -> None:
        def in_use() -> bool:
            found = self.cinder.get(f"/volumes/{volume}").json()["volume"]
            return bool(found["status"] == "in-use")

        until(in_use, f"{volume} to be attached")

    def attachments(self, server: str) -> list[Attachment]:
        """Return what Nova has attached to a guest, by device."""
        found = self.place.cloud.attachments(server)
        return sorted(found, key=lambda each: each.device)

    def expect_attached(self, volume: str, host: str) -> None:
        """Cinder says that the volume is attached to that host, and to no other."""

        def there() -> bool:
            found = self.cinder.get(f"/volumes/{volume}").json()["volume"]
            return {it["host_name"] for it in found["attachments"]} == {host}

        until(there, f"{volume} to be attached to {host} alone")

    def counted_on(self, volume: str) -> tuple[int, int]:
        """Return boot and tick that guests have kept last on a volume."""
        file = f"{self.device(volume)}.raw"
        with open(file, "rb") as disk:
            disk.seek(512)
            said = disk.read(512).rstrip(b"\0").decode()
        found = re.fullmatch(r"boot=(\d+) tick=(\d+)\s*", said)
        return (int(found[1]), int(found[2])) if found else (0, 0)

    def expect_counting_on(self, volume: str, server: str) -> None:
        """The guest counts on the volume, further than it has counted."""
        now = self.ticks(server)[-1]
        last = (now.boot, now.tick)
        until(lambda: self.counted_on(volume) > last, f"the count on {volume}")

    def formats(self, host: str, server: str) -> dict[str, str]:
        """Return path and format of each file that is a disk, as libvirt has them."""
        text = self.run(host, f"virsh dumpxml --inactive {server}")
        disks = ElementTree.fromstring(text).iterfind("devices/disk[@type='file']")  # noqa: S314
        found = {}
        for disk in disks:
            source, driver = disk.find("source"), disk.find("driver")
            if source is not None and driver is not None:
                found[str(source.get("file"))] = str(driver.get("type"))
        return found

    def contents(self, host: str, server: str) -> dict[str, str]:
        """Return a checksum of what each disk of a guest that runs holds for it.

        Of the whole chain, in the formats that libvirt and the images themselves name;
        without the guest's own count, which is all that it writes after its first tick.
        """
        sums = {}
        for path, form in self.formats(host, server).items():
            name, out = path.rpartition("/")[2], f"{path}.compared"
            text = f"trap 'rm -f {quote(out)}' EXIT\n"
            text += f"qemu-img convert -U -f {form} -O raw {quote(path)} {quote(out)}"
            if name == "disk":
                text += (
                    f" && dd if=/dev/zero of={quote(out)} bs=512 seek={COUNT_AT}"
                    " count=1 conv=notrunc status=none"
                )
            # a gigabyte of noughts takes SHA-256 three times as long
            text += f" && b2sum <{quote(out)}"
            sums[name] = self.run(host, text).split()[0]
        return sums

    def chain(self, host: str, server: str) -> list[str]:
        """Return the formats of the root disk's images, the last base last."""
        disk, form = self._root(host, server)
        ask = f"qemu-img info -U -f {form} --backing-chain --output=json {quote(disk)}"
        return [it["format"] for it in json.loads(self.run(host, ask))]

    def _root(self, host: str, server: str) -> tuple[str, str]:
        found = self.formats(host, server)
        return next((path, it) for path, it in found.items() if path.endswith("/disk"))
