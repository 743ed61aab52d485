"""What pages and the API read of our copy of the clouds."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Count, Max, QuerySet
from django.utils import timezone

from migrations_app.errors import Gone
from migrations_app.models import (
    Cloud,
    Hypervisor,
    Instance,
    MigrationRequest,
    Snapshot,
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


# -- inventory ----------------------------------------------------------------------


def instances() -> QuerySet[Instance]:
    """Return all instances with their clouds."""
    return Instance.objects.select_related("cloud")


def instance(uuid: str) -> Instance:
    """Return the instance. Raises Gone when our copy of the clouds has none."""
    row = instances().filter(uuid=uuid).first()
    if row is None:
        raise Gone(
            f"No instance {uuid} is known here. A new instance appears when the"
            " inventory is read again; otherwise it was deleted."
        )
    return row


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
        *(host.vcpus_used, host.memory_used, host.disk_used, host.up, host.enabled),
        *(host.seen_at, read["number"], read["last"]),
        *((move.pk, move.state) for move in moves),
    )
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]
