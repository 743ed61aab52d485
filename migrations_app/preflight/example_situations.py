"""Typical situations, and what is advised in each: docs/advice.md.

``python -m migrations_app.preflight advice > docs/advice.md`` writes it; a test holds
it true. A situation is a small cloud of plain values, in which novaweb may enter the
hosts and Nova's database, and an instance that is to go to a chosen host.
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
    Base,
    Disk,
    Flavor,
    Guest,
    HostFacts,
    Hypervisor,
    InstanceRow,
    Place,
    Port,
    Server,
    ServerGroup,
    Service,
    Stock,
    Survey,
    Volume,
)
from migrations_app.preflight.facts import Facts

SOURCE, TARGET = "compute-30", "compute-34"
HOSTS = (SOURCE, "compute-31", "compute-32", TARGET)
ID = "5f0c1d7e-0000-4000-8000-000000000001"
GIB = 1024**3
INSTANCES = "/var/lib/nova/instances"
BASE = f"{INSTANCES}/_base/d004f7f8d3f79a053fad5f9e54a4aed9e2864561"
SCRATCH = f"{INSTANCES}/_base/ephemeral_20_40d1d2c"
RELEASE = 33
FLAVOR = Flavor("m1.small", vcpus=1, ram_mb=2048, disk_gb=20)
EPHEMERAL = {"flavor": replace(FLAVOR, ephemeral_gb=20)}
RAW = {"libvirt.images_type": "raw"}
OFF = {"vm_state": "stopped", "status": "SHUTOFF", "power_state": 4}


@dataclass(frozen=True, slots=True)
class Situation:
    """One situation: what is different from a running instance with local disks.

    ``extra`` are extra specs of the flavor, ``server`` fields of the instance,
    ``facts`` fields of the facts; ``at_source`` and ``at_target`` what the hosts say.
    ``raw``: its local disks are.
    """

    title: str
    server: Mapping[str, Any] = field(default_factory=dict)
    extra: Mapping[str, str] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    at_source: Mapping[str, Any] = field(default_factory=dict)
    at_target: Mapping[str, Any] = field(default_factory=dict)
    service_of: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    room_mb: int = 400_000
    raw: bool = False
    target: str | None = TARGET

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
            "fits": {},
            "taken_at": datetime(2026, 1, 1, tzinfo=UTC),
            "release": (RELEASE, RELEASE),
            "volumes": tuple(Volume(it, "in-use", "nova") for it in server.volumes),
            "image_there": None if server.image is None else True,
            "held": {SOURCE: server.resources},
            "entered": True,
            "database": True,
            "row": InstanceRow(place, server.vm_state, None, server.power_state, None),
            "place": Place(TARGET, TARGET, 2, "OS1"),
            "survey": self._survey(server),
        }
        return Facts(**{**default, **self.facts})

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
            "nova": f"{RELEASE}.0.0",
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
        image="debian-12",
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
        made.append(("disk.config", "cdrom", GIB // 2048, ()))
    disks = [
        Disk(f"{folder}/{name}", name, device, "file", "qcow2", size, size // 10, chain)
        for name, device, size, chain in made
    ]
    disks += [Disk(f"/dev/{it}", it, "disk", "block") for it in server.volumes]
    state = "shut off" if server.vm_state == "stopped" else "running"
    if given.raw:
        disks = [replace(disk, format="raw", chain=()) for disk in disks]
    return Guest(
        domain="instance-00000001",
        state=state,
        machine="pc-q35-8.2",
        cpu="<cpu/>",
        disks=tuple(disks),
        folder=folder if made else "",
        tpm="hw:tpm_version" in server.flavor.extra_specs,
        pinned="hw:cpu_policy" in server.flavor.extra_specs,
    )


def group(policy: str, host: str) -> ServerGroup:
    """Return a group of the instance and another member, which is on that host."""
    return ServerGroup("g-1", "web", policy, 1, (ID, "web-02"), {"web-02": host})


def _made(content: str) -> dict[str, Any]:
    """Return what a host says of the file that ephemeral disks stand on there."""
    return {"made": {SCRATCH: Base(20 * GIB, content, content)}}


SITUATIONS: tuple[Situation, ...] = (
    Situation("Running, on shared storage", at_target={"shared": True}),
    Situation(
        "Running, on shared storage, with a config drive",
        {"config_drive": True},
        at_target={"shared": True},
    ),
    Situation("Running, with local disks"),
    Situation("Running, with local disks and a config drive", {"config_drive": True}),
    Situation(
        "Running, with local disks and a config drive, the scheduler is to choose",
        {"config_drive": True},
        target=None,
    ),
    Situation(
        "Running, with local disks and a config drive, Nova 2024.2, no ssh for Nova",
        {"config_drive": True},
        facts={"release": (30, 30)},
        at_target={"nova_reaches": False},
    ),
    Situation("Running, booted from a volume", {"image": None, "volumes": ("vda",)}),
    Situation(
        "Running, booted from a volume, with a config drive",
        {"image": None, "volumes": ("vda",), "config_drive": True},
    ),
    Situation("Running, with local disks and a data volume", {"volumes": ("vdb",)}),
    Situation("Stopped", OFF),
    Situation("Stopped, the scheduler is to choose", OFF, target=None),
    Situation("Stopped, with a data volume", {**OFF, "volumes": ("vdb",)}),
    Situation("Locked by its project", {"locked": True, "locked_reason": "month end"}),
    Situation("With pinned processors", extra={"hw:cpu_policy": "dedicated"}),
    Situation("With a PCI device", extra={"pci_passthrough:alias": "a100:1"}),
    Situation("With a virtual TPM", extra={"hw:tpm_version": "2.0"}),
    Situation("In an affinity group", facts={"group": group("affinity", SOURCE)}),
    Situation(
        "In an anti-affinity group that has a member on the target",
        facts={"group": group("anti-affinity", TARGET)},
    ),
    Situation("The target has no room", room_mb=1024),
    Situation(
        "The target is disabled",
        service_of={TARGET: {"enabled": False, "disabled_reason": "Migrations Only"}},
    ),
    Situation("The source's nova-compute is down", service_of={SOURCE: {"up": False}}),
    Situation(
        "Stopped, and the source's nova-compute is down",
        OFF,
        service_of={SOURCE: {"up": False}},
    ),
    Situation(
        "Very big and busy",
        {"flavor": replace(FLAVOR, name="x1.huge", vcpus=32, ram_mb=262_144)},
    ),
    Situation(
        "The target has an older CPU",
        at_target={"takes_cpu": False, "cpu_why": "the CPU is incompatible"},
    ),
    Situation(
        "Neither libvirt nor Nova's SSH reaches the target",
        at_target={"libvirt_reaches": False, "nova_reaches": False},
    ),
    Situation(
        "A folder of the instance was left on the target",
        at_target={"folder_there": True},
    ),
    Situation(
        "The hosts keep instances at different paths",
        at_target={"instances": "/srv/nova/instances"},
    ),
    Situation(
        "With an ephemeral disk, whose backing file the target has otherwise",
        EPHEMERAL,
        at_source=_made("a"),
        at_target=_made("b"),
    ),
    Situation(
        "With an ephemeral disk, whose backing file the target has not",
        EPHEMERAL,
        at_source=_made("a"),
        at_target={"made": {SCRATCH: Base(None)}},
    ),
    Situation(
        "With an ephemeral disk, whose backing file was put on the target",
        EPHEMERAL,
        at_source=_made("a"),
        at_target=_made("a"),
    ),
    Situation(
        "The hosts keep raw disks, with use_cow_images on",
        at_source={"settings": RAW},
        at_target={"settings": RAW},
        raw=True,
    ),
    Situation(
        "Stopped, and the hosts keep raw disks, with use_cow_images on",
        OFF,
        at_source={"settings": RAW},
        at_target={"settings": RAW},
        raw=True,
    ),
)
