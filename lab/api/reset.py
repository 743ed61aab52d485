"""Empties the cloud: no instance, volume or group, every host enabled."""

from __future__ import annotations

import time

from lab.api.connection import Cloud
from lab.progress import LabError, say

PATIENCE_SECONDS = 180


def reset(cloud: Cloud) -> None:
    """Delete all instances, volumes and groups, and enable all hosts."""
    began = time.monotonic()
    compute = cloud.admin.compute
    _enable(cloud)
    count = _delete_servers(cloud)
    for group in compute.server_groups(all_projects=True):
        compute.delete_server_group(group.id)
    if cloud.facts["cinder"]:
        _delete_volumes(cloud)
    say(f"deleted {count} instances in {time.monotonic() - began:.0f} s")


def _enable(cloud: Cloud) -> None:
    compute = cloud.admin.compute
    for service in compute.services(binary="nova-compute"):
        if service.status == "disabled":
            compute.enable_service(service)


def _delete_servers(cloud: Cloud) -> int:
    compute = cloud.admin.compute
    asked: set[str] = set()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        left = list(compute.servers(all_projects=True))
        if not left:
            return len(asked)
        for server in left:
            if server.id not in asked:
                compute.delete_server(server.id)
                asked.add(server.id)
        if time.monotonic() > deadline:
            names = ", ".join(server.name for server in left)
            raise LabError(f"These instances are not deleted yet: {names}")
        time.sleep(0.3)


def _delete_volumes(cloud: Cloud) -> None:
    storage = cloud.admin.block_storage
    deadline = time.monotonic() + PATIENCE_SECONDS
    asked: set[str] = set()
    while volumes := list(storage.volumes(all_projects=True)):
        for volume in volumes:
            if volume.id not in asked and volume.status != "detaching":
                storage.delete_volume(volume.id, force=True)
                asked.add(volume.id)
        if time.monotonic() > deadline:
            names = ", ".join(volume.name for volume in volumes)
            raise LabError(f"These volumes are not deleted yet: {names}")
        time.sleep(0.3)
