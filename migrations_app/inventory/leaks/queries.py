"""What is known of leaks, to be read; scan.py finds them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import Count, Min, Q, QuerySet

from migrations_app.models import Hypervisor, Leak, LeakLook


@dataclass(frozen=True, slots=True)
class Looks:
    """How far the looking has come. ``oldest``: when the least fresh look was."""

    hosts: int
    unseen: int
    oldest: datetime | None
    troubled: list[LeakLook]
    every: float


def leaks() -> QuerySet[Leak]:
    """Return all leaks with their clouds, by host."""
    return Leak.objects.select_related("cloud").order_by("host", "kind", "subject")


def of_host(host: Hypervisor) -> QuerySet[Leak]:
    """Return the leaks of the host."""
    return leaks().filter(cloud=host.cloud_id, host=host.host)


def looks() -> Looks:
    """Return how fresh what is known of leaks is, and where looking fails."""
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
