"""Plain values for the rules: a small cloud where nothing speaks against a move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from migrations_app.integrations.interfaces import (
    DISK_GB,
    MEMORY_MB,
    VCPU,
    Disk,
    Flavor,
    Guest,
    HostFacts,
    Hypervisor,
    InstanceRow,
    Migration,
    Move,
    Place,
    Port,
    Server,
    ServerGroup,
    Service,
    Stock,
    Survey,
)
from migrations_app.preflight.facts import Facts
from migrations_app.preflight.finding import Finding, Severity
from migrations_app.preflight.rule import LIVE
from migrations_app.preflight.rules import RULES

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
WEB = "5f0c1d7e-0000-4000-8000-000000000001"
SOURCE, TARGET, OTHER = "compute-30", "compute-34", "compute-31"
GIB = 1024**3
INSTANCES = "/var/lib/nova/instances"
# as Nova names the file of image i-1
BASE = f"{INSTANCES}/_base/02552e99091ae86b4c5ff9f985097f353d1e9346"
FLAVOR = Flavor("m1.small", vcpus=2, ram_mb=4096, disk_gb=20)


def server(**changes: Any) -> Server:
    """An active, image-backed instance on the source."""
    default = Server(
        id=WEB,
        name="web-1",
        project_id="p-1",
        status="ACTIVE",
        vm_state="active",
        task_state=None,
        power_state=1,
        host=SOURCE,
        node=f"{SOURCE}.example.org",
        zone="OS1",
        pinned_zone=None,
        flavor=FLAVOR,
        image="i-1",
    )
    return replace(default, **changes)


def with_specs(**specs: str) -> Server:
    """The instance with a flavor of these extra specs; __ stands for a colon."""
    extra = {name.replace("__", ":"): value for name, value in specs.items()}
    return server(flavor=replace(FLAVOR, extra_specs=extra))


def stock(
    *, vcpus: int = 64, ram_mb: int = 65536, disk_gb: int = 1000
) -> dict[str, Stock]:
    """A host's stock with so much free of each class."""
    return {
        VCPU: Stock(64, 0, 1.0, 64 - vcpus, 64),
        MEMORY_MB: Stock(65536, 0, 1.0, 65536 - ram_mb, 65536),
        DISK_GB: Stock(1000, 0, 1.0, 1000 - disk_gb, 1000),
    }


def hypervisor(host: str, **changes: Any) -> Hypervisor:
    """An empty QEMU host in zone OS1."""
    default = Hypervisor(
        id=f"rp-{host}",
        host=host,
        node=f"{host}.example.org",
        type="QEMU",
        version=8002000,
        zone="OS1",
        aggregates=(),
        enabled=True,
        up=True,
        disabled_reason=None,
        stock=stock(),
    )
    return replace(default, **changes)


def service(host: str, **changes: Any) -> Service:
    """A nova-compute that is up and enabled."""
    default = Service(f"s-{host}", "nova-compute", host, "OS1", enabled=True, up=True)
    return replace(default, **changes)


def group(policy: str, *, on: str = OTHER, max_per_host: int = 1) -> ServerGroup:
    """A group of the instance and one other member, which is on that host."""
    return ServerGroup("g-1", "web", policy, max_per_host, (WEB, "m-2"), {"m-2": on})


def record(status: str, *, age: timedelta = timedelta(0), number: int = 7) -> Migration:
    """A record of a live migration from the source to the target, so old."""
    then = NOW - age
    return Migration(
        number,
        f"u-{number}",
        WEB,
        "live-migration",
        status,
        SOURCE,
        TARGET,
        then,
        then,
    )


def port(vnic_type: str) -> Port:
    """A bound network port."""
    return Port("n-1", SOURCE, "ACTIVE", vnic_type=vnic_type)


def facts(
    *hypervisors: Hypervisor,
    services: Sequence[Service] = (),
    release: int | None = None,
    **changes: Any,
) -> Facts:
    """Three hosts, of which the ones given replace those of the same name."""
    hosts = {name: hypervisor(name) for name in (SOURCE, OTHER, TARGET)}
    hosts |= {each.host: each for each in hypervisors}
    found = {name: service(name) for name in hosts}
    found |= {each.host: each for each in services}
    default = Facts(
        server=server(),
        hypervisors=hosts,
        services=found,
        group=None,
        migrations=(),
        ports=(port("normal"),),
        fits={},
        taken_at=NOW,
    )
    known = None if release is None else (release, release)
    return replace(default, **{"release": known, "control": known, **changes})


def guest(*disks: Disk, **changes: Any) -> Guest:
    """A running domain with one disk in its folder, unless others are given."""
    folder = f"{INSTANCES}/{WEB}"
    base = Disk(
        source=f"{folder}/disk",
        target="vda",
        device="disk",
        kind="file",
        format="qcow2",
        virtual_size=20 * GIB,
        taken=3 * GIB,
        chain=(BASE,),
    )
    default = Guest(
        domain="instance-00000001",
        state="running",
        machine="pc-q35-8.2",
        cpu="<cpu/>",
        disks=disks or (base,),
        folder=folder,
    )
    return replace(default, **changes)


def seen(
    the_guest: Guest | None = None,
    *,
    source: Mapping[str, Any] | None = None,
    target: Mapping[str, Any] | None = None,
    unread: Mapping[str, str] | None = None,
    **changes: Any,
) -> Facts:
    """The same cloud, with both hosts entered: local disks, nothing left behind."""
    host = {
        "free": 900 * GIB,
        "resize_there": False,
        "libvirt": "10.0.0",
        "qemu": "8.2.2",
        "nova": "33.0.0",
        "instances": INSTANCES,
        "rsync": "3.2.7",
    }
    here = {"folder_there": True, "domain": "running", "bases": {BASE: GIB}}
    there = {
        "folder_there": False,
        "domain": "",
        "shared": False,
        "takes_machine": True,
        "takes_cpu": True,
        "reaches": True,
        "nova_reaches": True,
        "libvirt_reaches": True,
    }
    found = Survey(
        guest=the_guest or guest(),
        source=HostFacts(SOURCE, **{**host, **here, **(source or {})}),
        target=HostFacts(TARGET, **{**host, **there, **(target or {})}),
        unread=unread or {},
    )
    given: dict[str, Any] = {"entered": True, "survey": found, **changes}
    return facts(**given)


def by_hand(the_guest: Guest | None = None, **changes: Any) -> Facts:
    """The same, with a way into Nova's database: it could be moved by hand."""
    place = Place(SOURCE, SOURCE, 1, "OS1")
    given: dict[str, Any] = {
        "database": True,
        "row": InstanceRow(place, "active", None, 1, NOW),
        "place": Place(TARGET, TARGET, 2, "OS1"),
        "held": {SOURCE: {VCPU: 2, MEMORY_MB: 4096, DISK_GB: 20}},
        **changes,
    }
    return seen(the_guest, **given)


def move(target: str | None = TARGET, **options: Any) -> Move:
    """The move of the instance from the source."""
    return Move(WEB, "web-1", SOURCE, target, options)


def finding(
    name: str, given: Facts, *, to: str | None = TARGET, by: str = LIVE, **options: Any
) -> Finding | None:
    """Return what one rule says; None: nothing."""
    (rule,) = [each for each in RULES if each.id == name]
    return rule(given, move(to, **options), by)


def said(
    name: str, given: Facts, *, to: str | None = TARGET, by: str = LIVE, **options: Any
) -> Severity | None:
    """Return how heavy one rule's finding is; None: it says nothing."""
    found = finding(name, given, to=to, by=by, **options)
    return found.severity if found else None
