"""Every table that has leases: a row of it that is due, and how its lease is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Model

from migrations_app.drains.lease import DrainLease
from migrations_app.errors import LostLease
from migrations_app.inventory.sync_lease import Overtaken, SyncLease
from migrations_app.models import Cloud, Drain, Lane, Pacer, Probe, Run
from migrations_app.models.lease import Lease
from migrations_app.notifications import delivery
from migrations_app.runs.engine.lease import RunLease
from migrations_app.runs.engine.pacer import PacerLease
from migrations_app.runs.probe.samples import ProbeLease
from tests import factories

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)


class Clock:
    def __init__(self) -> None:
        self.time = NOON

    def __call__(self) -> datetime:
        return self.time


@dataclass(frozen=True)
class Table:
    """A table with leases: a row of it that is due, and how its lease is made."""

    model: type[Model]
    row: Callable[[], Model]
    lease: Callable[[Model, Clock], Lease[Any]]
    lost: type[Exception] = LostLease

    def __str__(self) -> str:
        return self.model.__name__


def run() -> Run:
    made = factories.run()
    Run.objects.filter(pk=made.pk).update(look_again_at=NOON)
    return made


def drain() -> Drain:
    return Drain.objects.create(
        cloud=factories.cloud(),
        hosts=["compute-30"],
        state="running",
        token="a1b2c3d4",
        asked_by_name="olga",
        asked_at=NOON,
        expires_at=NOON,
        look_again_at=NOON,
    )


def lane_lease(row: Model, clock: Clock) -> Lease[Lane]:
    return Lease(Lane.objects.filter(pk=row.pk), span=delivery.LEASE, clock=clock)


def probe_lease(row: Model, clock: Clock) -> ProbeLease:
    lease = ProbeLease(Probe.objects.filter(pk=row.pk), "", NOON)
    lease.clock = clock
    return lease


TABLES = [
    Table(Run, run, lambda row, clock: RunLease(row.pk, clock)),
    Table(Drain, drain, lambda row, clock: DrainLease(row.pk, clock)),
    Table(
        Pacer,
        lambda: Pacer.objects.get_or_create(pk=1)[0],
        lambda row, clock: PacerLease(clock),
    ),
    Table(Lane, lambda: Lane.objects.create(key="mail"), lane_lease),
    Table(
        Probe,
        lambda: Probe.objects.create(run=factories.run(), target="icmp:10.0.0.5"),
        probe_lease,
    ),
    Table(
        Cloud,
        lambda: factories.cloud("one"),
        lambda row, clock: SyncLease("one", clock=clock),
        lost=Overtaken,
    ),
]
