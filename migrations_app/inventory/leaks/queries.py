"""Queries on stale resources; scan.py finds them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Count, Min, Q, QuerySet

from migrations_app.models import Hypervisor, Leak, LeakLook


@dataclass(frozen=True, slots=True)
class Looks:
    """Progress of the scans; ``oldest`` is the time of the oldest scan."""

    hosts: int
    unseen: int
    oldest: datetime | None
    troubled: list[LeakLook]
    every: float


def leaks() -> QuerySet[Leak]:
    """Return all stale resources with their clouds, by host."""
    return Leak.objects.select_related("cloud").order_by("host", "kind", "subject")


def of_host(host: Hypervisor) -> QuerySet[Leak]:
    """Return the stale resources of the host."""
    return leaks().filter(cloud=host.cloud_id, host=host.host)


def looks() -> Looks:
    """Return the age of the scans, and the failed ones."""
    counted = LeakLook.objects.aggregate(
        hosts=Count("pk"),
        unseen=Count("pk", filter=Q(looked_at=None)),
        oldest=Min("looked_at"),
    )
    troubled = LeakLook.objects.exclude(trouble="").select_related("cloud")
    return Looks(
        **counted,
        troubled=list(troubled[:3]),
        every=settings.NOVAWEB_LEAKS_EVERY,
    )
