"""Measurement of copy speeds by any worker, one at a time in each cloud.

A measurement runs detached on its source host. A worker starts it, releases it and
checks it later; only the answer of the host counts, so that any worker can continue
after a crash.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from functools import partial
from itertools import groupby
from typing import Any

import structlog
from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from migrations_app.audit import recorder
from migrations_app.audit.command_entries import before_and_after, text_of
from migrations_app.errors import NovawebError, Unfit, Unreachable, own_fault
from migrations_app.integrations import connect
from migrations_app.integrations.clouds import known_clouds
from migrations_app.integrations.host_commands import copy_speed
from migrations_app.integrations.host_commands.copy_speed import Measurement
from migrations_app.integrations.host_commands.detached_job import JobIs
from migrations_app.integrations.interfaces import Command, Hosts
from migrations_app.inventory.copy_speeds import actions as copy_speed_actions
from migrations_app.models import (
    AuditEntry,
    Cloud,
    CopySpeed,
    Hypervisor,
    LaneOf,
    MigrationRequest,
    OneByOne,
)
from migrations_app.models.failed_item import resting
from migrations_app.models.states import OPEN_REQUESTS

log = structlog.get_logger(__name__)
LOOK_EVERY = timedelta(seconds=2)
# For so long a row belongs to the worker that took it: longer than it asks a host.
HELD = timedelta(seconds=90)
PATIENCE = timedelta(minutes=5)
# So many are looked at before other jobs have a turn; a look takes up to two
# answers of a host.
AT_ONCE = 5
# So many measurements of a pair are kept.
KEPT = 20
# The nightly measuring is skipped when no worker was there at its hour: not by day.
LATEST = timedelta(hours=1)


def is_due(now: datetime) -> bool:
    """Tell whether a measurement is to be looked at, or the nightly ones planned."""
    if _due(now).exists():
        return True
    following = next_at(now)
    if following is None:
        return False
    clouds = Cloud.objects.filter(name__in=known_clouds())
    return clouds.exclude(speeds_due_at=following).exists()


def measure_due(now: datetime) -> int:
    """Plan and check measurements that are due; return the number of checks."""
    plan_nightly(now)
    lane, looks = OneByOne(LaneOf.SPEEDS, now), 0
    for _ in range(AT_ONCE):
        row = _due(now).select_related("cloud").order_by("look_again_at", "id").first()
        if row is None:
            break
        pair = f"{row.source} to {row.target} of {row.cloud.name}"
        looks += bool(lane.serve(pair, partial(_take, row, now), number=row.pk))
    return looks


def _due(now: datetime) -> models.QuerySet[CopySpeed]:
    """Return running measurements that are due, and the next ones of idle clouds."""
    under_way = CopySpeed.objects.filter(
        cloud=models.OuterRef("cloud"), at=None, begun_at__isnull=False
    )
    turn = models.Q(begun_at__isnull=False) | ~models.Exists(under_way)
    due = CopySpeed.objects.filter(turn, look_again_at__lte=now)
    return due.exclude(pk__in=resting(LaneOf.SPEEDS, now))


def _take(row: CopySpeed, now: datetime) -> bool:
    # whoever pushes the time on is the one who looks; the others find it not due
    mine = CopySpeed.objects.filter(pk=row.pk, look_again_at=row.look_again_at)
    if not mine.update(look_again_at=now + HELD):
        return False
    if row.begun_at is None and not _begin(row, now):
        _again(row, now)
        return False
    try:
        hosts = _hosts(row)
        _look(row, hosts, now)
    except Unreachable as error:
        if now - (row.begun_at or now) > PATIENCE:
            _end(row, now, trouble=error.sentence)
        else:
            _again(row, now)
    except NovawebError as error:
        _end(row, now, trouble=error.sentence)
    except Exception as error:
        # the others of its cloud wait for it: it must not be tried for ever
        _end(row, now, trouble=own_fault(error))
        raise
    return True


def _begin(row: CopySpeed, now: datetime) -> bool:
    """Start it, unless another one runs in its cloud (a unique index decides)."""
    try:
        with transaction.atomic():
            begun = CopySpeed.objects.filter(pk=row.pk, begun_at=None, at=None)
            row.begun_at = now
            return bool(begun.update(begun_at=now))
    except IntegrityError:
        return False


def _hosts(row: CopySpeed) -> Hosts:
    hosts = connect.world_of(row.cloud.name).hosts
    if hosts is None:
        raise Unfit(
            f"novaweb may no longer enter the hosts of {row.cloud.name}: set"
            " NOVAWEB_SSH."
        )
    return hosts


def _look(row: CopySpeed, hosts: Hosts, now: datetime) -> None:
    size = settings.NOVAWEB_SPEED_SIZE
    measured = Measurement(row.source, row.target, row.token, size)
    state = copy_speed.stands(hosts.run(row.source, measured.look))
    if state.done:
        _end(row, now, mbit=copy_speed.mbit(measured, state))
    elif state.stands in {JobIs.ENDED, JobIs.CUT}:
        _end(row, now, trouble=copy_speed.why(measured, state))
    elif row.begun_at and now - row.begun_at > PATIENCE:
        minutes = int(PATIENCE.total_seconds() // 60)
        _end(
            row,
            now,
            trouble=f"{size} MiB were not copied within {minutes} minutes: the"
            f" network from {row.source} to {row.target} is very slow, or the"
            " copy hangs.",
        )
    else:
        if state.stands is JobIs.ABSENT:
            _run(row, hosts, measured.start)
        _again(row, now)
        return
    try:
        _run(row, hosts, measured.forget)
    except NovawebError as error:
        # the next measurement from there removes what has grown old
        log.warning("left behind", host=row.source, reason=error.sentence)


def _run(row: CopySpeed, hosts: Hosts, command: Command) -> None:
    """Run a command that changes something on the source; it is audited."""

    before_and_after(
        lambda: hosts.run(row.source, command),
        {"host": row.source, "name": command.name, **text_of(command.text)},
        verbs=("speed.command", "speed.answered"),
        write=lambda verb, after: _record(verb, row, after),
    )


def _record(verb: str, row: CopySpeed, after: dict[str, Any]) -> AuditEntry:
    return recorder.record(
        verb,
        about=recorder.CloudObject(
            cloud=row.cloud.name, source=row.source, target=row.target
        ),
        after=after,
    )


def _again(row: CopySpeed, now: datetime) -> None:
    CopySpeed.objects.filter(pk=row.pk, at=None).update(look_again_at=now + LOOK_EVERY)


def _end(
    row: CopySpeed, now: datetime, *, mbit: int | None = None, trouble: str = ""
) -> None:
    same = CopySpeed.objects.filter(
        cloud=row.cloud_id, source=row.source, target=row.target
    )
    with transaction.atomic():
        ended = same.filter(pk=row.pk, at=None).update(
            at=now,
            look_again_at=None,
            mbit=mbit,
            trouble=trouble,
            latest=mbit is not None,
        )
        if not ended:
            return
        if mbit is not None:
            same.filter(latest=True).exclude(pk=row.pk).update(latest=False)
        old = list(same.order_by("-id").values_list("pk", flat=True)[KEPT:])
        same.filter(pk__in=old, latest=False).delete()
        if mbit is None:
            _record("speed.failed", row, {"trouble": trouble})
        else:
            _record("speed.measured", row, {"mbit": mbit})


# -- every night ----------------------------------------------------------------------


def next_at(now: datetime) -> datetime | None:
    """Return the time of the next nightly measurement; None if switched off."""
    if not settings.NOVAWEB_SPEED_AT:
        return None
    hour = time.fromisoformat(settings.NOVAWEB_SPEED_AT)
    local = timezone.localtime(now)
    today = local.replace(hour=hour.hour, minute=hour.minute, second=0, microsecond=0)
    return today if today > local else today + timedelta(days=1)


def plan_nightly(now: datetime) -> None:
    """Create the nightly measurements of every cloud, once per night."""
    following = next_at(now)
    if following is None:
        return
    lane = OneByOne(LaneOf.SPEEDS, now)
    for cloud in Cloud.objects.filter(name__in=known_clouds()):
        if cloud.speeds_due_at != following:
            plan = partial(_plan_cloud, cloud, now, following)
            lane.serve(f"the night of {cloud.name}", plan)


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
