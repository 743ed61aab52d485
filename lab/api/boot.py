"""Makes an instance of the seed, and finishes one that an earlier run began."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from lab.api.connection import Cloud
from lab.api.ready import FAKE_IMAGE
from lab.progress import LabError, say

PATIENCE_SECONDS = 120
VOLUME_SECONDS = 20
WAY_OUT = (
    "`python3 -m lab seed` makes it anew; if that does not help, "
    "`python3 -m lab reset` removes all instances, for `seed` to begin again."
)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """One instance to be there."""

    name: str
    project: str
    flavor: str
    zone: str
    image: str = FAKE_IMAGE
    config_drive: bool = False
    group: tuple[str, str] | None = None  # name, policy
    from_volume: bool = False
    data_volume: bool = False
    stopped: bool = False
    locked: bool = False


class Boot:
    """Makes instances, and what they need, as the projects' own users."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        compute = cloud.admin.compute
        self.flavors = {flavor.name: flavor.id for flavor in compute.flavors()}
        self.images = {i.name: i.id for i in cloud.admin.image.images()}
        self.networks = {n.name: n.id for n in cloud.admin.network.networks()}

    def create(self, server: Wanted) -> Any:
        compute = self.cloud.member(server.project).compute
        request: dict[str, Any] = {
            "name": server.name,
            "flavor_id": self.flavors[server.flavor],
            "config_drive": server.config_drive,
            "networks": [{"uuid": self.networks[f"{server.project}-net"]}],
            # A boot-from-volume instance has no image that would keep it off
            # a libvirt host, where no volume can be attached.
            "availability_zone": server.zone,
        }
        if server.from_volume:
            request["block_device_mapping_v2"] = [self._root_volume(server)]
        else:
            request["image_id"] = self.images[server.image]
        if server.group:
            group = self._group(server.project, *server.group)
            request["scheduler_hints"] = {"group": group}
        return compute.create_server(**request)

    def remove(self, server: Any) -> None:
        """The instance is gone; its volumes are there."""
        compute = self.cloud.admin.compute
        compute.delete_server(server.id)
        compute.wait_for_delete(server, interval=0.3, wait=PATIENCE_SECONDS)

    def finish(self, server: Wanted, there: Any) -> None:
        """The instance has its volume and is stopped or locked, if it should be."""
        compute = self.cloud.member(server.project).compute
        if server.data_volume and not list(compute.volume_attachments(there.id)):
            volume = self._volume(server.project, f"{server.name}-volume", size=1)
            compute.create_volume_attachment(there.id, volume_id=volume)
        if server.stopped and there.status == "ACTIVE":
            compute.stop_server(there.id)
            _until(self.cloud, there.id, "SHUTOFF")
        if server.locked and not there.is_locked:
            self.cloud.admin.compute.lock_server(
                there.id, locked_reason="The web team asks before it is moved."
            )

    def _group(self, project: str, name: str, policy: str) -> str:
        compute = self.cloud.member(project).compute
        for group in compute.server_groups():
            if group.name == name:
                return str(group.id)
        return str(compute.create_server_group(name=name, policy=policy).id)

    def _root_volume(self, server: Wanted) -> dict[str, Any]:
        volume = self._volume(server.project, f"{server.name}-root", size=2)
        storage = self.cloud.member(server.project).block_storage
        storage.set_volume_bootable_status(volume, True)
        return {
            "boot_index": 0,
            "uuid": volume,
            "source_type": "volume",
            "destination_type": "volume",
            "delete_on_termination": False,
        }

    def _volume(self, project: str, name: str, *, size: int) -> str:
        """Return a volume of that name that can be attached; a broken one is remade."""
        storage = self.cloud.member(project).block_storage
        for volume in storage.volumes(name=name):
            if self._comes_free(storage, volume):
                return str(volume.id)
            say(f"{name} is {volume.status}: it is made anew")
            admin = self.cloud.admin.block_storage
            admin.reset_volume_status(volume, "error", "detached", None)
            admin.delete_volume(volume, force=True)
            admin.wait_for_delete(volume, interval=0.3, wait=60)
        volume = storage.create_volume(size=size, name=name, volume_type="fake")
        storage.wait_for_status(volume, "available", wait=60, interval=0.3)
        return str(volume.id)

    def _comes_free(self, storage: Any, volume: Any) -> bool:
        # an instance that has just been removed lets go of it a moment later
        deadline = time.monotonic() + VOLUME_SECONDS
        while volume.status not in {"available", "error"}:
            if time.monotonic() > deadline:
                return False
            time.sleep(0.3)
            volume = storage.get_volume(volume.id)
        return bool(volume.status == "available")


def settled(cloud: Cloud, server_id: str) -> Any:
    """Return the instance once nothing is under way with it.

    Raises LabError if it never ran; what has failed since is returned as it is.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        server = cloud.admin.compute.get_server(server_id)
        if server.status == "ERROR" and server.launched_at is None:
            reason = (server.fault or {}).get("message", "Nova gives no reason")
            raise LabError(f"{server.name} is in ERROR: {reason}. {WAY_OUT}")
        if server.status != "BUILD" and server.task_state is None:
            return server
        if time.monotonic() > deadline:
            raise LabError(f"{server.name} is still {server.status}. {WAY_OUT}")
        time.sleep(0.3)


def _until(cloud: Cloud, server_id: str, status: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (server := settled(cloud, server_id)).status != status:
        if server.status == "ERROR" or time.monotonic() > deadline:
            raise LabError(f"{server.name} is {server.status} instead of {status}")
        time.sleep(0.3)
