"""The lease of a run: which process walks it now.

It is short (settings.NOVAWEB_LEASE) so that a run whose worker died is soon taken
over; lease_heartbeat.py renews it while a neighbour takes its time. Its clock is
that of the walk: time that a test makes pass, passes for leases too.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet

from migrations_app.models import LaneOf, Run
from migrations_app.models.failed_item import resting
from migrations_app.models.lease import Clock, Lease, free
from migrations_app.models.states import WALKING_RUNS


def lease_span() -> timedelta:
    """Return how long a lease is believed without being renewed."""
    return timedelta(seconds=settings.NOVAWEB_LEASE)


def due_runs(now: datetime) -> QuerySet[Run]:
    """Return the runs that are due and that nobody walks, the longest due first.

    A run that could not even be looked at rests for some seconds.
    """
    return _unwalked(now).filter(_due(now))


def next_due(now: datetime) -> datetime | None:
    """Return when the first of the runs that nobody walks is due; None: there is none.

    That is in the past if it is due already.
    """
    waiting = _unwalked(now).filter(state__in=WALKING_RUNS, look_again_at__isnull=False)
    return waiting.values_list("look_again_at", flat=True).first()


def _unwalked(now: datetime) -> QuerySet[Run]:
    free_runs = Run.objects.filter(free(now))
    return free_runs.exclude(pk__in=resting(LaneOf.RUNS, now)).order_by("look_again_at")


def _due(now: datetime) -> Q:
    return Q(state__in=WALKING_RUNS, look_again_at__lte=now)


class RunLease(Lease[Run]):
    """The right to write to one run."""

    def __init__(self, run_id: int, clock: Clock) -> None:
        rows = Run.objects.filter(pk=run_id)
        super().__init__(rows, span=lease_span(), clock=clock)
        self.run_id = run_id

    def _due(self, now: datetime) -> Q:
        return _due(now)

    def _noted(self, now: datetime) -> dict[str, Any]:
        return {"looked_at": now}
