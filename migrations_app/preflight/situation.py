"""A situation in which a move is advised on: a small cloud of plain values.

novaweb may enter its hosts and Nova's database, and an instance is to go to a chosen
host.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from migrations_app.integrations.interfaces import (
    DISK_GB,
    MEMORY_MB,
    PCPU,
    VCPU,
    Disk,
    Flavor,
    Guest,
    HostFacts,
    Hypervisor,
    InstanceRow,
    Place,
    Port,
    Server,
    Service,
    Stock,
    Survey,
    Volume,
)
from migrations_app.preflight.capacity import fits_by_stock
from migrations_app.preflight.facts import Facts

SOURCE, TARGET = "compute-30", "compute-34"
HOSTS = (SOURCE, "compute-31", "compute-32", TARGET)
ID = "5f0c1d7e-0000-4000-8000-000000000001"
GIB = 1024**3
INSTANCES = "/var/lib/nova/instances"
IMAGE = "debian-12"
BASE = f"{INSTANCES}/_base/90f087a90d3b1a14d0c5959a5c3cecab313c7cd1"
SCRATCH = f"{INSTANCES}/_base/ephemeral_20_40d1d2c"
RELEASE = 33
NOW = datetime(2026, 1, 1, tzinfo=UTC)
OFF = {"vm_state": "stopped", "status": "SHUTOFF", "power_state": 4}
FLAVOR = Flavor("m1.small", vcpus=1, ram_mb=2048, disk_gb=20)


@dataclass(frozen=True, slots=True)
class Situation:
    """One situation: what is different from a running instance with local disks.

    ``extra`` are extra specs of the flavor, ``server`` fields of the instance,
    ``facts`` fields of the facts; ``at_source`` and ``at_target`` what the hosts say,
    ``stock`` what they have of a resource class, by host; ``guest`` fields of the guest
    as libvirt has it. ``raw``: its local disks are; ``vfat``: its config drive is, as a
    disk. ``seen``: novaweb may enter the hosts and Nova's database. ``authority`` names
    what shows that the advice is right.
    """

    title: str
    server: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    at_source: Mapping[str, Any] = field(default_factory=dict)
    at_target: Mapping[str, Any] = field(default_factory=dict)
    guest: Mapping[str, Any] = field(default_factory=dict)
    service_of: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    stock: Mapping[str, Mapping[str, Stock]] = field(default_factory=dict)
    room_mb: int = 400_000
    raw: bool = False
    vfat: bool = False
    seen: bool = True
    release: int = RELEASE
    target: str | None = TARGET
    authority: str = field(kw_only=True)

    @property
    def known(self) -> Facts:
        """All that the rules are told."""
        server = _server(self)
        place = Place(SOURCE, SOURCE, 1, "OS1")
        default: dict[str, Any] = {
            "server": server,
            "hypervisors": {host: self._hypervisor(host) for host in HOSTS},
            "services": {host: self._service(host) for host in HOSTS},
            "group": None,
            "migrations": (),
            "ports": (Port("n-1", SOURCE, "ACTIVE"),),
            "fits": {
                TARGET: fits_by_stock(server, self._hypervisor(TARGET)) is not False
            },
            "taken_at": NOW,
            "release": (self.release, self.release),
            "control": (self.release, self.release),
            "volumes": tuple(Volume(it, "in-use", "nova") for it in server.volumes),
            "image_there": None if server.image is None else True,
            "held": {SOURCE: server.resources},
        }
        row = InstanceRow(place, server.vm_state, None, server.power_state, None)
        looked_at: dict[str, Any] = {
            "entered": True,
            "database": True,
            "row": row,
            "place": Place(TARGET, TARGET, 2, "OS1"),
            "survey": self._survey(server),
        }
        return Facts(**{**default, **(looked_at if self.seen else {}), **self.facts})

    def _hypervisor(self, host: str) -> Hypervisor:
        free = self.room_mb if host == TARGET else 400_000
        return Hypervisor(
            id=host,
            host=host,
            node=host,
            type="QEMU",
            version=8002002,
            zone="OS1",
            aggregates=(),
            enabled=True,
            up=True,
            disabled_reason=None,
            stock={
                VCPU: Stock(32, 0, 4.0, 44, 32),
                PCPU: Stock(32, 0, 1.0, 8, 32),
                MEMORY_MB: Stock(512880, 512, 1.0, 512368 - free, 512880),
                DISK_GB: Stock(5928, 0, 1.0, 892, 5928),
                **self.stock.get(host, {}),
            },
        )

    def _service(self, host: str) -> Service:
        default = Service(host, "nova-compute", host, "OS1", enabled=True, up=True)
        return replace(default, **self.service_of.get(host, {}))

    def _survey(self, server: Server) -> Survey:
        host: dict[str, Any] = {
            "free": 4000 * GIB,
            "resize_there": False,
            "libvirt": "10.0.0",
            "qemu": "8.2.2",
            "nova": f"{self.release}.0.0",
            "instances": INSTANCES,
            "rsync": "3.2.7",
        }
        target = {
            "folder_there": False,
            "domain": "",
            "shared": False,
            "takes_machine": True,
            "takes_cpu": True,
            "reaches": True,
            "nova_reaches": True,
            "libvirt_reaches": True,
        }
        source = {"folder_there": True, "domain": "running", "bases": {BASE: GIB}}
        return Survey(
            _guest(server, self),
            HostFacts(SOURCE, **{**host, **source, **self.at_source}),
            HostFacts(TARGET, **{**host, **target, **self.at_target}),
        )


def _server(given: Situation) -> Server:
    default = Server(
        id=ID,
        name="web-01",
        project_id="web",
        status="ACTIVE",
        vm_state="active",
        task_state=None,
        power_state=1,
        host=SOURCE,
        node=SOURCE,
        zone="OS1",
        pinned_zone=None,
        flavor=replace(FLAVOR, extra_specs=given.extra),
        image=IMAGE,
    )
    return replace(default, **given.server)


def _guest(server: Server, given: Situation) -> Guest:
    folder = f"{INSTANCES}/{server.id}"
    made: list[tuple[str, str, int, tuple[str, ...]]] = []
    if server.image is not None:
        size = server.flavor.disk_gb * GIB
        made.append(("disk", "disk", size, (BASE,)))
    if size := server.flavor.ephemeral_gb * GIB:
        made.append(("disk.eph0", "disk", size, (SCRATCH,)))
    if server.config_drive:
        drive = "disk" if given.vfat else "cdrom"
        made.append(("disk.config", drive, GIB // 2048, ()))
    disks = [
        Disk(f"{folder}/{name}", name, device, "file", "qcow2", size, size // 10, chain)
        for name, device, size, chain in made
    ]
    disks += [Disk(f"/dev/{it}", it, "disk", "block") for it in server.volumes]
    uefi = (server.image_properties or {}).get("hw_firmware_type") == "uefi"
    state = "shut off" if server.vm_state == "stopped" else "running"
    if given.raw:
        disks = [replace(disk, format="raw", chain=()) for disk in disks]
    default = Guest(
        domain="instance-00000001",
        state=state,
        machine="pc-q35-8.2",
        cpu="<cpu/>",
        disks=tuple(disks),
        folder=folder if made else "",
        tpm="hw:tpm_version" in server.flavor.extra_specs,
        pinned="hw:cpu_policy" in server.flavor.extra_specs,
        io_pinned="hw:cpu_policy" in server.flavor.extra_specs,
        nvram=f"/var/lib/libvirt/qemu/nvram/{server.name}_VARS.fd" if uefi else "",
    )
    return replace(default, **given.guest)
