"""Builds the planner's model of a cloud from novaweb's copy."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

import structlog
from django.conf import settings

from migrations_app.drains.planner.model import Fleet, Group, Guest, Host
from migrations_app.errors import own_fault
from migrations_app.integrations import interfaces
from migrations_app.integrations.interfaces import DISK_GB, MEMORY_MB, VCPU, Stock
from migrations_app.models import (
    Cloud,
    Hypervisor,
    Instance,
    MigrationRequest,
    ServerGroup,
)
from migrations_app.preflight.estimate import estimate
from migrations_app.preflight.rule import COLD, LIVE
from migrations_app.wording import within

log = structlog.get_logger(__name__)
# read as tuples: there may be a thousand hosts
_OF_HOSTS = (
    *("host", "zone", "tenants", "enabled", "up", "disabled_reason", "stock"),
    *(
        f"{name}_{part}"
        for name in ("vcpus", "memory", "disk")
        for part in ("total", "reserved", "ratio", "used")
    ),
)
_PROCEDURES = {"ACTIVE": LIVE, "PAUSED": LIVE, "SHUTOFF": COLD}
_VM_STATES = {"ACTIVE": "active", "PAUSED": "paused", "SHUTOFF": "stopped"}

_WAYS_OUT = {
    "VERIFY_RESIZE": (
        "Let its project, or an administrator, confirm or revert its earlier move "
        "first."
    ),
    "ERROR": (
        "Find out what happened and repair it first. Before any hard reboot look on "
        "all hosts in question which of them has the guest."
    ),
    "SUSPENDED": "Resume it first.",
    "RESCUE": "Unrescue it first.",
    "SHELVED": "Unshelve it first.",
    "SOFT_DELETED": "Restore it if it is still wanted, else delete it for good.",
    "BUILD": "Wait until it has been built.",
    "UNKNOWN": "Wait until its cell can be reached again.",
}


def fleet_of(
    cloud: Cloud,
    hosts: Collection[str],
    instances: Collection[str] = (),
    *,
    asked: bool = True,
) -> Fleet:
    """Return every host of the cloud, and the guests on ``hosts`` and ``instances``.

    ``instances`` are UUIDs. All members of their groups are included. With ``asked`` a
    guest that an open request already moves cannot be moved. Other reasons against a
    move are included as far as the copy shows them; the pre-flight finds the rest. The
    number of queries does not depend on the number of instances.
    """
    in_order = Hypervisor.objects.filter(cloud=cloud).order_by("host")
    rows = [*in_order.values_list(*_OF_HOSTS, named=True)]
    down = {row.host for row in rows if not row.up}
    found = _in_question(cloud, hosts, instances)
    members: dict[str, set[str]] = defaultdict(set)
    for row in found:
        members[row.group].add(row.uuid)
    requests = _asked(cloud) if asked else {}
    return Fleet(
        hosts={row.host: _host_or_none(row) for row in rows},
        guests={
            row.uuid: _guest_or_none(
                row, down=row.host in down, request=requests.get(row.uuid)
            )
            for row in found
        },
        groups={
            group.uuid: Group(
                id=group.uuid,
                name=group.name,
                policy=group.policy,
                max_per_host=group.max_per_host,
                members=frozenset(members[group.uuid]),
            )
            for group in ServerGroup.objects.filter(
                cloud=cloud, uuid__in=[uuid for uuid in members if uuid]
            )
        },
    )


def _in_question(
    cloud: Cloud, hosts: Collection[str], instances: Collection[str]
) -> list[Instance]:
    """Return the selected instances, and the members of their groups.

    One query for each condition, with its own index: a query with all conditions would
    scan all instances.
    """
    known = Instance.objects.filter(cloud=cloud).exclude(host="").order_by()
    found = {row.uuid: row for row in known.filter(uuid__in=list(instances))}
    found |= {row.uuid: row for row in known.filter(host__in=list(hosts))}
    groups = {row.group for row in found.values()} - {""}
    found |= {row.uuid: row for row in known.filter(group__in=groups)}
    return [*found.values()]


def _asked(cloud: Cloud) -> dict[str, int]:
    """Return the open request of each instance that has one, by UUID."""
    still_open = MigrationRequest.objects.filter(cloud=cloud, open_instance__gt="")
    return dict(still_open.order_by().values_list("instance", "id"))


def _host_or_none(row: Any) -> Host:
    """Return the host; one that cannot be made out takes no instance."""
    try:
        return _host(row)
    except Exception as error:
        log.exception("host left out", host=row.host)
        return Host(
            name=row.host,
            zone=row.zone,
            stock={},
            why_not=f"{row.host} is left out: {own_fault(error)}",
            projects=frozenset(),
        )


def _host(row: Any) -> Host:
    why_not = ""
    stock = _stock(row)
    if not row.up:
        why_not = f"{row.host} is down."
    elif not row.enabled:
        reason = f": {within(row.disabled_reason)}" if row.disabled_reason else ""
        why_not = f"{row.host} is disabled{reason}."
    elif not stock:
        why_not = (
            f"Placement does not know {row.host}, so no instance can be placed there."
        )
    return Host(
        name=row.host,
        zone=row.zone,
        stock=stock,
        why_not=why_not,
        projects=frozenset(row.tenants),
    )


def _stock(row: Any) -> dict[str, Stock]:
    """Return the host's stock by resource class, without empty ones.

    If only the three columns are known (a copy by an earlier version), one instance may
    use the whole stock, as in libvirt's driver.
    """
    if row.stock:
        known: Mapping[str, Stock] = {
            name: Stock(**each) for name, each in row.stock.items()
        }
    else:
        columns = {VCPU: "vcpus", MEMORY_MB: "memory", DISK_GB: "disk"}
        known = {
            name: Stock(
                total=getattr(row, f"{column}_total"),
                reserved=getattr(row, f"{column}_reserved"),
                ratio=getattr(row, f"{column}_ratio"),
                used=getattr(row, f"{column}_used"),
                max_unit=getattr(row, f"{column}_total"),
            )
            for name, column in columns.items()
        }
    return {name: stock for name, stock in known.items() if stock.total}


def _guest_or_none(row: Instance, *, down: bool, request: int | None) -> Guest:
    """Return the guest; one that cannot be made out is not moved, and says so."""
    try:
        return _guest(row, down=down, request=request)
    except Exception as error:
        log.exception("instance left out", instance=row.uuid)
        return Guest(
            id=row.uuid,
            name=row.name,
            project=row.project_id,
            host=row.host,
            status=row.status,
            resources={},
            zone=row.pinned_zone,
            group=row.group,
            procedure="",
            why_not=own_fault(error),
            way_out="Have it mended, then request the move of it alone.",
            seconds=0.0,
        )


def _guest(row: Instance, *, down: bool, request: int | None) -> Guest:
    procedure = _PROCEDURES.get(row.status, "")
    why_not, way_out = _why_not(row, down=down, request=request)
    return Guest(
        id=row.uuid,
        name=row.name,
        project=row.project_id,
        host=row.host,
        status=row.status,
        resources=_resources(row),
        zone=row.pinned_zone,
        group=row.group,
        procedure=procedure,
        why_not=why_not,
        way_out=way_out,
        seconds=_seconds(row, procedure) if procedure else 0.0,
    )


def _resources(row: Instance) -> dict[str, int]:
    if row.resources:
        return dict(row.resources)
    told = {VCPU: row.vcpus, MEMORY_MB: row.memory, DISK_GB: row.disk}
    return {name: amount for name, amount in told.items() if amount}


def _why_not(row: Instance, *, down: bool, request: int | None) -> tuple[str, str]:
    """Return why the instance cannot be moved now, and a remedy; both empty if it can.

    A lock does not prevent novaweb, an administrator, from moving it; the pre-flight
    warns of it.
    """
    if request is not None:
        return (
            f"Request {request} already moves {row.name}.",
            "Wait until that request has ended, or withdraw it.",
        )
    if row.status not in _PROCEDURES:
        return (
            f"{row.name} is {row.status}: Nova moves it neither live nor cold.",
            _WAYS_OUT.get(row.status, "Bring it to ACTIVE or SHUTOFF first."),
        )
    if row.task_state:
        return (
            f"Nova is busy with {row.name} ({row.task_state}).",
            "Wait until it is done, then look again.",
        )
    if down:
        return (
            (
                f"{row.host} is down: Nova moves no instance from it, including"
                f" {row.name}."
            ),
            "Start its nova-compute again; if the host is lost, fence it and evacuate.",
        )
    return "", ""


def _seconds(row: Instance, procedure: str) -> float:
    """Return the middle of the estimated duration of a move, in seconds.

    The copy speed is NOVAWEB_COPY_SPEED, because no target is chosen yet.
    """
    server = interfaces.Server(
        id=row.uuid,
        name=row.name,
        project_id=row.project_id,
        status=row.status,
        vm_state=row.vm_state or _VM_STATES[row.status],
        task_state=None,
        power_state=row.power_state,
        host=row.host,
        node=None,
        zone=row.zone,
        pinned_zone=None,
        # its disk is what its host pays for, so all of it is there to be copied
        flavor=interfaces.Flavor(row.flavor_name, row.vcpus, row.memory, row.disk),
        image="any",
    )
    least, most = estimate(
        server, procedure, speed=settings.NOVAWEB_COPY_SPEED
    ).duration
    return (least + most) / 2
