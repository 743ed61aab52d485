"""The cloud is complete: hosts in their zones, flavors, images, networks."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lab.api.connection import Cloud
from lab.progress import LabError, heartbeat, say

# name: (VCPU, MiB of memory, GiB of disk)
FLAVORS = {
    "m1.tiny": (1, 512, 1),
    "m1.small": (1, 2048, 20),
    "m1.medium": (2, 4096, 40),
    "m1.large": (4, 8192, 80),
    # the article's example
    "c1.big": (20, 4506, 62),
    "lab.micro": (1, 96, 1),
}
NETWORKS = {"web": "10.10.0.0/24", "batch": "10.20.0.0/24"}
FAKE_IMAGE = "fake-image"
REAL_IMAGE = "counter"
BACKEND_SECONDS = 180


def ensure(cloud: Cloud) -> None:
    """Every host is up and in its zone, and everything to boot from exists."""
    # while the hosts still start
    _flavors(cloud)
    _images(cloud)
    _networks(cloud)
    if cloud.facts["cinder"]:
        _volume_types(cloud)
    hosts(cloud)
    _zones(cloud)
    if cloud.facts["cinder"]:
        _backend(cloud)


def hosts(cloud: Cloud) -> None:
    """Every host has reported to Nova since its nova-compute was started."""
    want = {*cloud.facts["fake_hosts"], *cloud.facts["libvirt_hosts"]}
    own_name = cloud.facts["nodes"]  # where it is another than Nova's
    missing = set(want)
    began = time.monotonic()
    patience = 90 + 12 * len(want)
    compute = cloud.admin.compute

    def how_far() -> str:
        return f"{len(want) - len(missing)} of {len(want)} up"

    with heartbeat("hosts", how_far):
        while True:
            up = {
                service.host
                for service in compute.services(binary="nova-compute")
                if service.state == "up" and _reported(cloud, service)
            }
            nodes = {node.name for node in compute.hypervisors()}
            missing = {
                host
                for host in want
                if host not in up or own_name.get(host, host) not in nodes
            }
            if not missing:
                break
            if time.monotonic() - began > patience:
                raise LabError(
                    "These hosts did not come up: "
                    + ", ".join(sorted(missing))
                    + f". See {cloud.facts['run_dir']}/nova-HOST.log"
                )
            time.sleep(0.5)
    say(f"{len(want)} hosts are up")


def _reported(cloud: Cloud, service: Any) -> bool:
    # For half a minute Nova calls a service up whose process has ended. The
    # time of its pid file is when the present one was started.
    started = Path(cloud.facts["run_dir"]) / f"nova-{service.host}.pid"
    if not started.exists() or not service.updated_at:
        return False
    updated = datetime.fromisoformat(service.updated_at).replace(tzinfo=UTC)
    return updated.timestamp() >= started.stat().st_mtime


def _zones(cloud: Cloud) -> None:
    compute = cloud.admin.compute
    aggregates = {aggregate.name: aggregate for aggregate in compute.aggregates()}
    for host, zone in cloud.facts["zones"].items():
        if zone not in aggregates:
            aggregates[zone] = compute.create_aggregate(
                name=zone, availability_zone=zone
            )
        if host not in (aggregates[zone].hosts or []):
            compute.add_host_to_aggregate(aggregates[zone], host)


def _flavors(cloud: Cloud) -> None:
    compute = cloud.admin.compute
    have = {flavor.name for flavor in compute.flavors()}
    for name, (vcpus, ram, disk) in FLAVORS.items():
        if name not in have:
            compute.create_flavor(name=name, vcpus=vcpus, ram=ram, disk=disk)


def _images(cloud: Cloud) -> None:
    have = {image.name for image in cloud.admin.image.images()}
    if FAKE_IMAGE not in have:
        # Zeros: the fake driver never reads it. The property keeps it off
        # libvirt hosts (ImagePropertiesFilter), and "qemu" the other way.
        zeros = Path(cloud.facts["state_dir"]) / "fake.img"
        zeros.write_bytes(bytes(65536))
        _upload(cloud, FAKE_IMAGE, zeros, "raw", "fake")
    real = cloud.facts.get("libvirt", {}).get("image")
    if real and REAL_IMAGE not in have:
        _upload(cloud, REAL_IMAGE, Path(real), "qcow2", "qemu")


def _upload(cloud: Cloud, name: str, file: Path, form: str, hypervisor: str) -> None:
    cloud.admin.create_image(
        name,
        filename=str(file),
        disk_format=form,
        container_format="bare",
        visibility="public",
        img_hv_type=hypervisor,
        wait=True,
    )


def _networks(cloud: Cloud) -> None:
    network = cloud.admin.network
    have = {net.name: net for net in network.networks()}
    subnets = {subnet.name for subnet in network.subnets()}
    projects = {p.name: p.id for p in cloud.admin.identity.projects()}
    for project, cidr in NETWORKS.items():
        name = f"{project}-net"
        net: Any = have.get(name) or network.create_network(
            name=name, project_id=projects[project], port_security_enabled=False
        )
        if f"{project}-subnet" not in subnets:
            network.create_subnet(
                name=f"{project}-subnet",
                network_id=net.id,
                project_id=projects[project],
                ip_version=4,
                cidr=cidr,
                enable_dhcp=False,
            )


def _volume_types(cloud: Cloud) -> None:
    storage = cloud.admin.block_storage
    have = {kind.name for kind in storage.types()}
    for name in cloud.facts["volume_types"]:
        if name not in have:
            backend = {"volume_backend_name": name}
            storage.create_type(name=name, extra_specs=backend)


def _backend(cloud: Cloud) -> None:
    """cinder-scheduler has heard of its backend; before, new volumes are errors."""
    storage = cloud.admin.block_storage
    deadline = time.monotonic() + BACKEND_SECONDS
    with heartbeat("volumes", lambda: "the scheduler has not heard of a backend yet"):
        while len(list(storage.backend_pools())) < len(cloud.facts["volume_types"]):
            if time.monotonic() > deadline:
                raise LabError(
                    "cinder-scheduler does not hear of a backend: see "
                    f"{cloud.facts['run_dir']}/cinder-volume.log"
                )
            time.sleep(0.5)
    say("volumes can be made")
