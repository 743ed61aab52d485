"""Measurement of copy speeds by any worker, one at a time in each cloud.

A measurement runs detached on its source host. A worker starts it, releases it and
checks it later; only the answer of the host counts, so that any worker can continue
after a crash.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from django.conf import settings
from django.db import IntegrityError, models, transaction

from migrations_app.audit import recorder
from migrations_app.audit.command_entries import before_and_after, text_of
from migrations_app.errors import NovawebError, Unfit, Unreachable, own_fault
from migrations_app.integrations import connect
from migrations_app.integrations.host_commands import copy_speed
from migrations_app.integrations.host_commands.copy_speed import Measurement
from migrations_app.integrations.host_commands.detached_job import JobIs
from migrations_app.integrations.interfaces import Command, Hosts
from migrations_app.inventory.copy_speeds import nightly
from migrations_app.models import AuditEntry, CopySpeed, LaneOf, OneByOne
from migrations_app.models.failed_item import resting

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


def is_due(now: datetime) -> bool:
    """Tell whether a measurement is to be looked at, or the nightly ones planned."""
    if _due(now).exists():
        return True
    return nightly.is_due(now)


def measure_due(now: datetime) -> int:
    """Plan and check measurements that are due; return the number of checks."""
    nightly.plan(now)
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
            f"novaweb may not enter the hosts of {row.cloud.name}: set NOVAWEB_SSH for"
            " its workers."
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
