"""The pretend cloud's rows in the words of ``interfaces``."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from string import ascii_lowercase

from migrations_app.integrations.interfaces import (
    Action,
    ActionEvent,
    Attachment,
    Flavor,
    Hypervisor,
    Migration,
    Port,
    Progress,
    Server,
    ServerGroup,
    Service,
    Stock,
)
from pretend.store import Row, Store

MIB, GIB = 1024**2, 1024**3
# How much of what one pass copied is dirty again when it is through.
AGAIN = 0.6
PASSES = 3
CONTROL = ("nova-conductor", "nova-scheduler")
RESIZING = {"resize_prep", "resize_migrating", "resize_migrated", "resize_finish"}


def time_of(seconds: float) -> datetime:
    """Return a time of the store."""
    return datetime.fromtimestamp(seconds, UTC)


def status(vm_state: str, task_state: str | None) -> str:
    """Return Nova's word for both (nova/api/openstack/common.py, _STATE_MAP)."""
    if task_state == "migrating":
        return "MIGRATING"
    if task_state == "resize_reverting":
        return "REVERT_RESIZE"
    if task_state in RESIZING:
        return "RESIZE"
    return {"stopped": "SHUTOFF", "resized": "VERIFY_RESIZE"}.get(
        vm_state, vm_state.upper()
    )


# Nova's major version that tells first to which zone a server is pinned (2.96).
TELLS_PINS = 29


def server(row: Row, release: int = 0) -> Server:
    """Return a server. Nova tells of a fault only in ERROR.

    ``release``: as this major version of Nova tells it; 0: as the newest.
    """
    pin_told = not 0 < release < TELLS_PINS
    return Server(
        id=row["id"],
        name=row["name"],
        project_id=row["project_id"],
        status="DELETED"
        if row["deleted"]
        else status(row["vm_state"], row["task_state"]),
        vm_state=row["vm_state"],
        task_state=row["task_state"],
        power_state=row["power_state"],
        host=row["host"],
        node=row["node"],
        zone=row["zone"],
        pinned_zone=row["pinned_zone"] if pin_told else None,
        pin_told=pin_told,
        flavor=Flavor(**json.loads(row["flavor"])),
        image=row["image"],
        config_drive=bool(row["config_drive"]),
        locked=bool(row["locked"]),
        locked_reason=row["locked_reason"],
        volumes=tuple(json.loads(row["volumes"])),
        fault=row["fault"] if row["vm_state"] == "error" else None,
        user_id=row["user_id"],
        created_at=time_of(row["created_at"]),
        updated_at=time_of(row["updated_at"]),
        addresses=tuple(json.loads(row["addresses"])),
    )


def service(row: Row) -> Service:
    """Return the nova-compute of a host."""
    return Service(
        id=row["service_id"],
        binary="nova-compute",
        host=row["host"],
        zone=row["zone"],
        enabled=bool(row["enabled"]),
        up=bool(row["up"] and not row["forced_down"]),
        disabled_reason=row["disabled_reason"],
        updated_at=time_of(row["updated_at"]),
        forced_down=bool(row["forced_down"]),
    )


def control(binary: str, now: float) -> Service:
    """Return one of the services that run on the controller."""
    return Service(
        id=str(uuid.uuid5(uuid.NAMESPACE_DNS, f"service.{binary}")),
        binary=binary,
        host="controller",
        zone="internal",
        enabled=True,
        up=True,
        updated_at=time_of(now),
    )


def hypervisor(row: Row, stock: dict[str, Stock]) -> Hypervisor:
    """Return a host."""
    return Hypervisor(
        id=row["id"],
        host=row["host"],
        node=row["node"],
        type=row["type"],
        version=row["version"],
        zone=row["zone"],
        aggregates=tuple(json.loads(row["aggregates"])),
        enabled=bool(row["enabled"]),
        up=bool(row["up"] and not row["forced_down"]),
        disabled_reason=row["disabled_reason"],
        stock=stock,
        counted={name: (it.total, it.used + it.reserved) for name, it in stock.items()},
    )


def group(row: Row, members: Iterable[Row], server_id: str) -> ServerGroup:
    """Return the group of a server, with the hosts of the other members."""
    hosts = {member["id"]: member["host"] for member in members}
    return ServerGroup(
        id=row["id"],
        name=row["name"],
        policy=row["policy"],
        max_per_host=row["max_per_host"],
        members=tuple(hosts),
        hosts={key: host for key, host in hosts.items() if key != server_id},
    )


def migration(row: Row) -> Migration:
    """Return a migration record."""
    return Migration(
        id=row["id"],
        uuid=row["uuid"],
        server_id=row["server_id"],
        type=row["type"],
        status=row["status"],
        source=row["source"],
        target=row["target"],
        created_at=time_of(row["created_at"]),
        updated_at=time_of(row["updated_at"]),
    )


def action(row: Row, events: Iterable[Row] = ()) -> Action:
    """Return an action with the events given."""
    return Action(
        request_id=row["request_id"],
        name=row["name"],
        user_id=row["user_id"],
        started_at=time_of(row["started_at"]),
        message=row["message"],
        events=tuple(
            ActionEvent(
                name=event["name"],
                result=event["result"] or None,
                host=event["host"],
                details=event["details"],
                started_at=time_of(event["started_at"]),
                finished_at=time_of(event["finished_at"]) if event["result"] else None,
            )
            for event in events
        ),
    )


def port(row: Row) -> Port:
    """Return a network port."""
    return Port(
        id=row["id"],
        host=row["host"],
        status=row["status"],
        vnic_type=row["vnic_type"],
        vif_type="tap",
    )


def progress(guest: Server, move: Row, store: Store) -> Progress | None:
    """Return the counters of a running live migration, as old as Nova's are.

    What remains falls with each pass over the memory, and rises when the next one
    begins, since the guest has written meanwhile.
    """
    if move["type"] != "live-migration" or move["status"] not in (
        "queued",
        "preparing",
        "running",
    ):
        return None
    if move["status"] != "running":
        return Progress()
    tick = store.setting("progress_seconds")
    since = max(0.0, store.now() - move["running_since"])
    if tick:
        since -= since % tick
    at = since / max(store.setting("live_seconds"), 0.001) * PASSES
    number, within = int(at), at % 1
    memory = guest.flavor.ram_mb * MIB
    passes = [int(memory * max(AGAIN**n, 0.1)) for n in range(number + 1)]
    left = int(passes[-1] * (1 - within))
    disk = guest.flavor.disk_gb * GIB if move["block"] else 0
    copied = min(disk, int(disk * at / (PASSES - 1)))
    return Progress(
        memory_total=memory,
        memory_processed=sum(passes) - left,
        memory_remaining=left,
        disk_total=disk,
        disk_processed=copied,
        disk_remaining=disk - copied,
    )


def attachments(server: Row) -> list[Attachment]:
    """Return the volumes of a server; a device is given by position unless noted."""
    noted = json.loads(server["devices"])
    first = 0 if server["image"] is None else 1
    return [
        Attachment(**noted[volume])
        if volume in noted
        else Attachment(
            volume_id=volume,
            device=f"/dev/vd{ascii_lowercase[first + position]}",
            root=first + position == 0,
        )
        for position, volume in enumerate(json.loads(server["volumes"]))
    ]
