"""Snapshots of every host's capacity and usage: the history of the capacity."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Count

from migrations_app.inventory.rows import BATCH, write_each
from migrations_app.inventory.snapshot_history import FINE, roll_up
from migrations_app.models import (
    Cloud,
    Hypervisor,
    Instance,
    LaneOf,
    OneByOne,
    Snapshot,
)

# One snapshot of a host in so long a time at most: enough for a chart of a day.
APART = timedelta(minutes=5)


def take_snapshots(cloud: Cloud, *, now: datetime) -> int:
    """Store a snapshot of each host seen at ``now`` whose last one is older than APART.

    Returns the number of new snapshots. A host with several nodes (Ironic, VMware) has
    one, with their sums. Finished hours and days are summed up (``rollup``).
    """
    hosts: dict[str, Snapshot] = {}
    for seen in Hypervisor.objects.filter(cloud=cloud, seen_at=now).iterator():
        row = hosts.get(seen.host)
        if row is None:
            row = hosts[seen.host] = _nothing(cloud, seen.host, now)
        row.vcpus_capacity += seen.vcpus_capacity
        row.vcpus_used += seen.vcpus_used
        row.pcpus_capacity += seen.pcpus_capacity
        row.pcpus_used += seen.pcpus_used
        row.memory_capacity += seen.memory_capacity
        row.memory_used += seen.memory_used
        row.disk_capacity += seen.disk_capacity
        row.disk_used += seen.disk_used
    there = Instance.objects.filter(cloud=cloud).exclude(host="").order_by()
    for host, count in there.values_list("host").annotate(count=Count("pk")):
        if host in hosts:
            hosts[host].instances = count
    recent = Snapshot.objects.filter(cloud=cloud, grain=FINE, at__gt=now - APART)
    for host in recent.order_by().values_list("host", flat=True).distinct():
        hosts.pop(host, None)
    write_each(
        OneByOne(LaneOf.HYPERVISORS, now),
        list(hosts.values()),
        _write,
        named=lambda row: f"history of {row.host} of {cloud.name}",
    )
    roll_up(cloud, now=now)
    return len(hosts)


def _write(rows: Sequence[Snapshot]) -> None:
    Snapshot.objects.bulk_create(rows, batch_size=BATCH, ignore_conflicts=True)


def _nothing(cloud: Cloud, host: str, now: datetime) -> Snapshot:
    return Snapshot(
        cloud=cloud,
        host=host,
        grain=FINE,
        at=now,
        instances=0,
        vcpus_capacity=0,
        vcpus_used=0,
        pcpus_capacity=0,
        pcpus_used=0,
        memory_capacity=0,
        memory_used=0,
        disk_capacity=0,
        disk_used=0,
    )
