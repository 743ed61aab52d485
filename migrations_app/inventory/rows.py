"""Converts a cloud's answers to rows, and stores many rows at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import TypeVar

import structlog
from django.db import models, transaction

from migrations_app.integrations import interfaces
from migrations_app.models import Cloud, Hypervisor, Instance, OneByOne
from migrations_app.runs.engine.walk import DATABASE_AWAY

log = structlog.get_logger(__name__)
Row = TypeVar("Row", bound=models.Model)

# How many rows are held in memory and written by one statement (SQLite, which takes
# fewer parameters, is given several by Django).
BATCH = 500

_NO_STOCK = interfaces.Stock(total=0, reserved=0, ratio=1.0, used=0, max_unit=0)


def clip(value: str | None, length: int) -> str:
    """Return the text with at most that length, and as every database stores it.

    NUL, and halves of surrogate pairs, which JSON can hold and UTF-8 cannot, are none.
    """
    text = (value or "").encode("utf-8", "replace").decode("utf-8")
    return text.replace("\x00", "")[:length]


def hypervisor_row(
    cloud: Cloud, seen: interfaces.Hypervisor, now: datetime
) -> Hypervisor:
    """Return the hypervisor as an unsaved row."""
    vcpus = seen.stock.get(interfaces.VCPU, _NO_STOCK)
    pcpus = seen.stock.get(interfaces.PCPU, _NO_STOCK)
    memory = seen.stock.get(interfaces.MEMORY_MB, _NO_STOCK)
    disk = seen.stock.get(interfaces.DISK_GB, _NO_STOCK)
    nova_vcpus = seen.counted.get(interfaces.VCPU, (None, None))
    nova_memory = seen.counted.get(interfaces.MEMORY_MB, (None, None))
    nova_disk = seen.counted.get(interfaces.DISK_GB, (None, None))
    return Hypervisor(
        cloud=cloud,
        uuid=seen.id,
        host=clip(seen.host, 255),
        node=clip(seen.node, 255),
        type=clip(seen.type, 50),
        version=seen.version,
        zone=clip(seen.zone, 255),
        aggregates=list(seen.aggregates),
        tenants=list(seen.tenants),
        enabled=seen.enabled,
        up=seen.up,
        disabled_reason=clip(seen.disabled_reason, 255),
        vcpus_total=vcpus.total,
        vcpus_reserved=vcpus.reserved,
        vcpus_ratio=vcpus.ratio,
        vcpus_used=vcpus.used,
        pcpus_total=pcpus.total,
        pcpus_reserved=pcpus.reserved,
        pcpus_ratio=pcpus.ratio,
        pcpus_used=pcpus.used,
        memory_total=memory.total,
        memory_reserved=memory.reserved,
        memory_ratio=memory.ratio,
        memory_used=memory.used,
        disk_total=disk.total,
        disk_reserved=disk.reserved,
        disk_ratio=disk.ratio,
        disk_used=disk.used,
        stock={name: asdict(stock) for name, stock in seen.stock.items()},
        nova_vcpus=nova_vcpus[0],
        nova_vcpus_used=nova_vcpus[1],
        nova_memory=nova_memory[0],
        nova_memory_used=nova_memory[1],
        nova_disk=nova_disk[0],
        nova_disk_used=nova_disk[1],
        seen_at=now,
    )


def instance_row(
    cloud: Cloud, seen: interfaces.Server, now: datetime, *, project_name: str = ""
) -> Instance:
    """Return the server as an unsaved row.

    Its disk is the disk allocated on its host. Its group is the one it was created in,
    if Nova reports it (since 2.100).
    """
    hints = seen.hints or {}
    return Instance(
        cloud=cloud,
        uuid=seen.id,
        name=clip(seen.name, 255),
        project_id=clip(seen.project_id, 64),
        project_name=clip(project_name, 255),
        host=clip(seen.host, 255),
        zone=clip(seen.zone, 255),
        pinned_zone=clip(seen.pinned_zone, 255),
        group=clip(str(hints.get("group") or ""), 36),
        status=clip(seen.status, 50),
        vm_state=clip(seen.vm_state, 50),
        task_state=clip(seen.task_state, 50),
        power_state=seen.power_state,
        flavor_name=clip(seen.flavor.name, 255),
        vcpus=seen.flavor.vcpus,
        memory=seen.flavor.ram_mb,
        disk=seen.resources.get(interfaces.DISK_GB, 0),
        flavor_disk=seen.flavor.disk_gb + seen.flavor.ephemeral_gb,
        resources=seen.resources,
        config_drive=seen.config_drive,
        volume_backed=seen.image is None,
        addresses=[clip(each, 64) for each in seen.addresses],
        image=clip(seen.image, 36),
        volumes=[clip(each, 36) for each in seen.volumes],
        locked=seen.locked,
        created_at=seen.created_at,
        updated_at=seen.updated_at,
        seen_at=now,
    )


def write_each(
    lane: OneByOne,
    rows: Sequence[Row],
    write: Callable[[Sequence[Row]], None],
    *,
    named: Callable[[Row], str],
) -> list[Row]:
    """Write the rows together; where one of them cannot be stored, each alone.

    What cannot be is noted in the lane, and its last good row stays; it is returned.
    Raises what a database raises that is away.
    """
    failed: list[Row] = []
    try:
        with transaction.atomic():
            write(rows)
    except DATABASE_AWAY:
        raise
    except Exception:
        log.exception("rows not written together", lane=lane.lane.value)
        for row in rows:
            if not lane.serve(named(row), partial(_alone, write, row)):
                failed.append(row)
    else:
        for row in rows:
            lane.succeeded(named(row))
    return failed


def _alone(write: Callable[[Sequence[Row]], None], row: Row) -> bool:
    with transaction.atomic():
        write([row])
    return True


def write_hypervisors(rows: Sequence[Hypervisor]) -> None:
    """Insert or update every row."""
    Hypervisor.objects.bulk_create(
        rows,
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["cloud", "uuid"],
        update_fields=_all_but_the_key(Hypervisor),
    )


def write_instances(
    cloud: Cloud, rows: Iterable[Instance], *, now: datetime, names_known: bool
) -> None:
    """Insert or update every row, except instances refreshed after ``now``.

    ``now`` is when this reading began: a page read before a move ended must not
    overwrite the result of the move. If the names of the projects could not be read,
    the known names stay; so does the group, which the list of groups sets.
    """
    fresh = {row.uuid: row for row in rows}
    fields = _all_but_the_key(Instance)
    fields.remove("group")
    if not names_known:
        fields.remove("project_name")
    facts = [name for name in fields if name != "seen_at"]
    same = []
    with transaction.atomic():
        # all of them are locked, so that a refresh comes wholly before or after
        known = Instance.objects.select_for_update().filter(
            cloud=cloud, uuid__in=list(fresh)
        )
        for old in known.order_by("pk"):
            if old.seen_at > now:
                del fresh[old.uuid]
            elif _facts(old, facts) == _facts(fresh[old.uuid], facts):
                # most of them, most of the time: a fifth of the cost of writing all
                same.append(old.pk)
                del fresh[old.uuid]
        Instance.objects.filter(pk__in=same).update(seen_at=now)
        Instance.objects.bulk_create(
            fresh.values(),
            batch_size=BATCH,
            update_conflicts=True,
            unique_fields=["cloud", "uuid"],
            update_fields=fields,
        )


def _facts(row: Instance, names: Sequence[str]) -> list[object]:
    return [getattr(row, name) for name in names]


def _all_but_the_key(model: type[models.Model]) -> list[str]:
    key = {"id", "cloud", "uuid"}
    return [
        field.name for field in model._meta.concrete_fields if field.name not in key
    ]
