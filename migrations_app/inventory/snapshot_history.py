"""History of the capacity in three grains: minutes, hours, days, all in UTC.

Hours and days keep the highest value of each figure: a chart of a year then shows the
peak usage of a host, not the average.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Max

from migrations_app.inventory.rows import BATCH
from migrations_app.models import Cloud, Snapshot

FINE, HOURLY, DAILY = 5, 60, 1440
FIGURES = (
    *("instances", "vcpus_capacity", "vcpus_used"),
    *("pcpus_capacity", "pcpus_used"),
    *("memory_capacity", "memory_used", "disk_capacity", "disk_used"),
)
# So many hours or days are summed up in one reading; the rest in the next ones.
AT_ONCE = 48


def kept(grain: int) -> timedelta:
    """Return how long snapshots of that grain are kept."""
    days = {
        FINE: settings.NOVAWEB_SNAPSHOT_FINE_DAYS,
        HOURLY: settings.NOVAWEB_SNAPSHOT_HOURLY_DAYS,
        DAILY: settings.NOVAWEB_SNAPSHOT_DAYS,
    }
    return timedelta(days=days[grain])


def roll_up(cloud: Cloud, *, now: datetime) -> None:
    """Create the snapshots of finished hours and days; delete old snapshots.

    A snapshot is deleted only when it is part of a coarser one. Called at every
    reading; it needs only two short queries until an hour has ended.
    """
    whole = _sum_up(cloud, FINE, HOURLY, now)
    _sum_up(cloud, HOURLY, DAILY, whole)
    for grain, coarser in ((FINE, HOURLY), (HOURLY, DAILY), (DAILY, None)):
        limit = now - kept(grain)
        if coarser is not None:
            last = _last(cloud, coarser)
            if last is None:
                continue
            limit = min(limit, last + timedelta(minutes=coarser))
        Snapshot.objects.filter(cloud=cloud, grain=grain, at__lt=limit).delete()


def _sum_up(cloud: Cloud, fine: int, coarse: int, until: datetime) -> datetime:
    """Sum up the periods ended before ``until``; return the end of the last one."""
    length = timedelta(minutes=coarse)
    end = _floor(until, coarse)
    last = _last(cloud, coarse)
    ours = Snapshot.objects.filter(cloud=cloud, grain=fine)
    for _ in range(AT_ONCE):
        left = ours if last is None else ours.filter(at__gte=last + length)
        first = left.order_by("at").values_list("at", flat=True).first()
        if first is None or _floor(first, coarse) >= end:
            return end
        last = _floor(first, coarse)
        within = ours.filter(at__gte=last, at__lt=last + length).order_by()
        highest: dict[str, Any] = {f"highest_{name}": Max(name) for name in FIGURES}
        summed = within.values("host").annotate(**highest)
        Snapshot.objects.bulk_create(
            (
                Snapshot(
                    cloud=cloud,
                    host=row["host"],
                    grain=coarse,
                    at=last,
                    **{name: dict(row)[f"highest_{name}"] for name in FIGURES},
                )
                for row in summed
            ),
            batch_size=BATCH,
            ignore_conflicts=True,
        )
    return end if last is None else last + length


def _last(cloud: Cloud, grain: int) -> datetime | None:
    ours = Snapshot.objects.filter(cloud=cloud, grain=grain)
    return ours.order_by("-at").values_list("at", flat=True).first()


def _floor(at: datetime, minutes: int) -> datetime:
    seconds = 60 * minutes
    return datetime.fromtimestamp(at.timestamp() // seconds * seconds, UTC)
