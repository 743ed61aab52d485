"""The nightly measurements of copy speeds: planned once a night in each cloud."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from functools import partial
from itertools import groupby

from django.conf import settings
from django.db import models, transaction
from django.utils import timezone

from migrations_app.audit import recorder
from migrations_app.integrations import connect
from migrations_app.integrations.clouds import known_clouds
from migrations_app.inventory.copy_speeds import actions as copy_speed_actions
from migrations_app.models import (
    Cloud,
    CopySpeed,
    Hypervisor,
    LaneOf,
    MigrationRequest,
    OneByOne,
)
from migrations_app.models.states import OPEN_REQUESTS

# It is skipped when no worker was there at its hour: not by day.
LATEST = timedelta(hours=1)


def is_due(now: datetime) -> bool:
    """Tell whether the next night of a cloud is not planned yet."""
    following = next_at(now)
    if following is None:
        return False
    clouds = Cloud.objects.filter(name__in=known_clouds())
    return clouds.exclude(speeds_due_at=following).exists()


def next_at(now: datetime) -> datetime | None:
    """Return the time of the next nightly measurement; None if switched off."""
    if not settings.NOVAWEB_SPEED_AT:
        return None
    hour = time.fromisoformat(settings.NOVAWEB_SPEED_AT)
    local = timezone.localtime(now, timezone.get_default_timezone())
    today = local.replace(hour=hour.hour, minute=hour.minute, second=0, microsecond=0)
    return today if today > local else today + timedelta(days=1)


def plan(now: datetime) -> None:
    """Create the nightly measurements of every cloud, once per night."""
    following = next_at(now)
    if following is None:
        return
    lane = OneByOne(LaneOf.SPEEDS, now)
    for cloud in Cloud.objects.filter(name__in=known_clouds()):
        if cloud.speeds_due_at != following:
            night = partial(_plan_cloud, cloud, now, following)
            lane.serve(f"the night of {cloud.name}", night)


def _plan_cloud(cloud: Cloud, now: datetime, following: datetime) -> None:
    """Plan this night, and move the next one on; a night that fails is left out."""
    before = cloud.speeds_due_at
    mine = Cloud.objects.filter(pk=cloud.pk, speeds_due_at=before)
    try:
        with transaction.atomic():
            moved = mine.update(speeds_due_at=following)
            if moved and before is not None and now - LATEST < before <= now:
                _plan(cloud, now)
    except Exception:
        mine.update(speeds_due_at=following)
        raise


def _plan(cloud: Cloud, now: datetime) -> None:
    if connect.world_of(cloud.name).hosts is None:
        return
    pairs = sorted(neighbours(_usable(cloud)) | _wanted(cloud))
    rows = [
        copy_speed_actions.new(cloud, *each, by=recorder.SYSTEM, now=now)
        for each in pairs
    ]
    if rows:
        CopySpeed.objects.bulk_create(rows, ignore_conflicts=True)
        recorder.record(
            "speed.planned",
            about=recorder.CloudObject(cloud=cloud.name),
            after={"pairs": len(rows)},
        )


def _usable(cloud: Cloud) -> list[tuple[str, str]]:
    hosts = Hypervisor.objects.filter(cloud=cloud, up=True, enabled=True)
    return list(hosts.order_by("zone", "host").values_list("zone", "host"))


def neighbours(hosts: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Return pairs with each host once as source and once as target.

    ``hosts`` are (zone, name), sorted: those of one zone form a ring. A thousand hosts
    need a thousand measurements, not a million.
    """
    pairs: set[tuple[str, str]] = set()
    for _, members in groupby(hosts, key=lambda each: each[0]):
        ring = [host for _, host in members]
        if len(ring) > 1:
            pairs.update(zip(ring, [*ring[1:], ring[0]], strict=True))
    return pairs


def _wanted(cloud: Cloud) -> set[tuple[str, str]]:
    """Return the pairs of open requests."""
    requests = MigrationRequest.objects.filter(
        cloud=cloud, state__in=OPEN_REQUESTS
    ).exclude(models.Q(target=None) | models.Q(target="") | models.Q(source=""))
    return {
        (source, target)
        for source, target in requests.values_list("source", "target")
        if target
    }
