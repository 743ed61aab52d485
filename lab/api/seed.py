"""The situation that the lab starts from, in the spirit of the article."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from lab.api.connection import Cloud
from lab.api.ready import FAKE_IMAGE, REAL_IMAGE
from lab.progress import LabError, say

PATIENCE_SECONDS = 120
ARTICLE = "--article"
ARTICLE_REASON = "Migrations Only"


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


AFFINITY = ("web-together", "affinity")
ANTI_AFFINITY = ("web-apart", "anti-affinity")


def wanted(cloud: Cloud) -> list[Wanted]:
    """Return the instances of the seed that this lab can hold."""
    one, two = cloud.facts["fake_zones"]
    zones = set(cloud.facts["zones"].values())
    every = [
        Wanted(name="web-0", project="web", flavor="m1.tiny", zone=one),
        Wanted(name="web-1", project="web", flavor="m1.small", zone=two),
        Wanted(name="web-2", project="web", flavor="m1.tiny", zone=one),
        Wanted(name="web-3", project="web", flavor="m1.small", zone=two),
        _web("web-cfg", one, config_drive=True),
        _web("web-together-0", two, group=AFFINITY),
        _web("web-together-1", two, group=AFFINITY),
        _web("web-apart-0", one, group=ANTI_AFFINITY),
        _web("web-apart-1", two, group=ANTI_AFFINITY),
        _web("web-stopped", two, stopped=True),
        _web("web-locked", one, locked=True),
        Wanted(name="batch-big", project="batch", flavor="c1.big", zone=one),
        Wanted(
            name="batch-cfg",
            project="batch",
            flavor="m1.large",
            zone=two,
            config_drive=True,
        ),
    ]
    if cloud.facts["cinder"]:
        every += [
            Wanted(
                name="batch-volume",
                project="batch",
                flavor="m1.small",
                zone=one,
                from_volume=True,
            ),
            Wanted(
                name="batch-data",
                project="batch",
                flavor="m1.medium",
                zone=two,
                data_volume=True,
            ),
        ]
    every += [
        Wanted(
            name=name,
            project="web",
            flavor="lab.micro",
            zone=cloud.facts["libvirt_zone"],
            image=REAL_IMAGE,
            config_drive=name == "real-cfg",
        )
        for name in ("real-0", "real-cfg")
        if cloud.facts["libvirt_hosts"]
    ]
    return [server for server in every if server.zone in zones]


def _web(
    name: str,
    zone: str,
    *,
    config_drive: bool = False,
    group: tuple[str, str] | None = None,
    stopped: bool = False,
    locked: bool = False,
) -> Wanted:
    return Wanted(
        name=name,
        project="web",
        flavor="m1.tiny",
        zone=zone,
        config_drive=config_drive,
        group=group,
        stopped=stopped,
        locked=locked,
    )


def seed(cloud: Cloud, *arguments: str) -> None:
    """Every instance of the seed exists and is in the state it should be in.

    With names, only those. With `--article` compute-34 is disabled with the article's
    reason.
    """
    began = time.monotonic()
    have = {s.name: s for s in cloud.admin.compute.servers(all_projects=True)}
    boot = _Boot(cloud)
    names = set(arguments) - {ARTICLE}
    servers = [it for it in wanted(cloud) if not names or it.name in names]
    made = [server for server in servers if server.name not in have]
    for server in made:
        have[server.name] = boot.create(server)
    for server in servers:
        settled = _settled(cloud, have[server.name].id)
        if server in made:
            boot.finish(server, settled)
            say(f"{server.name} on {settled.hypervisor_hostname}")
    if ARTICLE in arguments:
        _as_in_the_article(cloud)
    say(f"seeded {len(made)} instances in {time.monotonic() - began:.0f} s")


class _Boot:
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

    def finish(self, server: Wanted, made: Any) -> None:
        compute = self.cloud.member(server.project).compute
        if server.data_volume:
            volume = self._volume(server.project, f"{server.name}-volume", size=1)
            compute.create_volume_attachment(made.id, volume_id=volume)
        if server.stopped:
            compute.stop_server(made.id)
            _until(self.cloud, made.id, "SHUTOFF")
        if server.locked:
            self.cloud.admin.compute.lock_server(
                made.id, locked_reason="The web team asks before it is moved."
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
        storage = self.cloud.member(project).block_storage
        for volume in storage.volumes(name=name):
            return str(volume.id)
        volume = storage.create_volume(size=size, name=name, volume_type="fake")
        storage.wait_for_status(volume, "available", wait=60, interval=0.3)
        return str(volume.id)


def _settled(cloud: Cloud, server_id: str) -> Any:
    """Return the instance once nothing is under way with it."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        server = cloud.admin.compute.get_server(server_id)
        if server.status == "ERROR":
            reason = (server.fault or {}).get("message", "Nova gives no reason")
            raise LabError(f"{server.name} is in ERROR: {reason}")
        if server.status != "BUILD" and server.task_state is None:
            return server
        if time.monotonic() > deadline:
            raise LabError(f"{server.name} is still {server.status}")
        time.sleep(0.3)


def _until(cloud: Cloud, server_id: str, status: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (server := _settled(cloud, server_id)).status != status:
        if time.monotonic() > deadline:
            raise LabError(f"{server.name} is {server.status} instead of {status}")
        time.sleep(0.3)


def _as_in_the_article(cloud: Cloud) -> None:
    compute = cloud.admin.compute
    for service in compute.services(binary="nova-compute"):
        if service.host == "compute-34":
            compute.disable_service(service, disabled_reason=ARTICLE_REASON)
            say(f"compute-34 is disabled: {ARTICLE_REASON}")
