"""What pages and the API read of our copy of the clouds."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Max, QuerySet
from django.utils import timezone

from migrations_app.errors import Gone, Unfit
from migrations_app.models import (
    Cloud,
    FailedItem,
    Hypervisor,
    Instance,
    MigrationRequest,
    NovaMigration,
    ServerGroup,
    Snapshot,
)

FAILED_SHOWN = 20

_NO_INSTANCE = (
    "No instance {uuid} is known here. A new instance appears when the inventory is"
    " read again; otherwise it was deleted."
)


@dataclass(frozen=True)
class Freshness:
    """Age of the copy of a cloud, and the error of the last reading."""

    cloud: Cloud
    stale: bool

    @property
    def as_of(self) -> datetime | None:
        """The time of the last complete reading; None if never."""
        return self.cloud.synced_at


def freshness() -> list[Freshness]:
    """Return the age of the copy of each cloud, by name."""
    late = timezone.now() - timedelta(seconds=3 * settings.NOVAWEB_SYNC_EVERY)
    return [
        Freshness(
            cloud=cloud,
            stale=bool(
                cloud.trouble or cloud.synced_at is None or cloud.synced_at < late
            ),
        )
        for cloud in Cloud.objects.all()
    ]


def failed_items() -> list[FailedItem]:
    """Return what workers could not serve, of whichever lane, the oldest first."""
    return list(FailedItem.objects.order_by("first_at", "pk")[:FAILED_SHOWN])


# -- inventory ----------------------------------------------------------------------


def instances() -> QuerySet[Instance]:
    """Return all instances with their clouds."""
    return Instance.objects.select_related("cloud")


def instance(uuid: str) -> Instance:
    """Return the instance. Raises Gone when our copy of the clouds has none."""
    row = instances().filter(uuid=uuid).first()
    if row is None:
        raise Gone(_NO_INSTANCE.format(uuid=uuid))
    return row


def group_of(of: Instance) -> ServerGroup | None:
    """Return the server group of the instance, if it is in one that is known."""
    if not of.group:
        return None
    return ServerGroup.objects.filter(cloud=of.cloud_id, uuid=of.group).first()


def group_mates(of: Instance, *, most: int = 20) -> list[Instance]:
    """Return the other members of its server group, by name."""
    if not of.group:
        return []
    rows = Instance.objects.filter(cloud=of.cloud_id, group=of.group)
    return list(rows.exclude(pk=of.pk)[:most])


def nova_moves(of: Instance, *, most: int = 10) -> list[NovaMigration]:
    """Return Nova's own records of its moves that run, or ended within a day."""
    rows = NovaMigration.objects.filter(cloud=of.cloud_id, instance=of.uuid)
    return list(rows[:most])


def instances_of(uuids: Collection[str]) -> dict[str, Instance]:
    """Return the instances of these UUIDs. Raises Gone when one is not known."""
    found = {row.uuid: row for row in instances().filter(uuid__in=list(uuids))}
    for uuid in uuids:
        if uuid not in found:
            raise Gone(_NO_INSTANCE.format(uuid=uuid))
    return {uuid: found[uuid] for uuid in uuids}


def uuids_of(names: Sequence[str], *, cloud: str = "") -> list[str]:
    """Return the UUIDs of instances that are given by name or UUID.

    Raises Gone for an unknown name, Unfit for an ambiguous one.
    """
    rows: QuerySet[Instance] = Instance.objects.order_by()
    if cloud:
        rows = rows.filter(cloud__name=cloud)
    meant = rows.filter(name__in=names) | rows.filter(
        uuid__in=[name.lower() for name in names]
    )
    by_name: dict[str, list[str]] = {}
    known = set()
    for uuid, name in meant.values_list("uuid", "name"):
        by_name.setdefault(name, []).append(uuid)
        known.add(uuid)
    found = []
    for name in names:
        uuids = [name.lower()] if name.lower() in known else by_name.get(name, [])
        if not uuids:
            raise Gone(f"No instance {name} is known here.")
        if len(uuids) > 1:
            raise Unfit(
                f"{len(uuids)} instances are called {name}. Use the UUID, which is on"
                " its page."
            )
        found += uuids
    return found


def hypervisors() -> QuerySet[Hypervisor]:
    """Return all hypervisors with their clouds."""
    return Hypervisor.objects.select_related("cloud")


def hypervisor(host: str, *, cloud: str = "") -> Hypervisor:
    """Return the hypervisor whose nova-compute has that name. Raises Gone."""
    rows = hypervisors().filter(host=host)
    row = (rows.filter(cloud__name=cloud) if cloud else rows).first()
    if row is None:
        raise Gone(
            f"No hypervisor {host} is known here. Choose one from the list of"
            " hypervisors."
        )
    return row


def snapshots(of: Hypervisor, *, since: datetime, grain: int) -> list[Snapshot]:
    """Return the host's snapshots of that grain (minutes) since then, oldest first."""
    rows = Snapshot.objects.filter(cloud=of.cloud_id, host=of.host, at__gte=since)
    return list(rows.filter(grain=grain).order_by("at"))


def mark_of(host: Hypervisor, moves: Iterable[MigrationRequest]) -> str:
    """Return a text that changes when the data of the page may have changed.

    ``moves`` are the result of ``moves_at``.
    """
    there = Instance.objects.filter(cloud=host.cloud_id, host=host.host)
    read = there.order_by().aggregate(number=Count("pk"), last=Max("seen_at"))
    facts = (
        *(host.vcpus_used, host.pcpus_used, host.memory_used, host.disk_used),
        *(host.up, host.enabled),
        *(host.seen_at, read["number"], read["last"]),
        *((move.pk, move.state) for move in moves),
    )
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]
