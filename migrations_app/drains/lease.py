"""The lease of a drain: who works at it now. Span and clock are those of runs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from migrations_app.models import Drain, LaneOf
from migrations_app.models.failed_item import resting
from migrations_app.models.lease import Clock, Lease, free
from migrations_app.models.states import WALKING_DRAINS, DrainState
from migrations_app.runs.engine.lease import lease_span


def due_drains(now: datetime) -> QuerySet[Drain]:
    """Return the drains that are due and free, the longest due first.

    A drain that could not even be looked at rests for some seconds.
    """
    due = Drain.objects.filter(free(now), _due(now))
    return due.exclude(pk__in=resting(LaneOf.DRAINS, now)).order_by("look_again_at")


def _due(now: datetime) -> Q:
    return Q(state__in=WALKING_DRAINS, look_again_at__lte=now)


class DrainLease(Lease[Drain]):
    """The right to write to one drain."""

    def __init__(self, drain_id: int, clock: Clock) -> None:
        rows = Drain.objects.filter(pk=drain_id)
        super().__init__(rows, span=lease_span(), clock=clock)
        self.drain_id = drain_id

    def write(self, *, only: DrainState | None = None, **fields: Any) -> None:
        """Write to the drain and renew the lease; ``only`` in that state.

        Raises LostLease, also when people have changed the state meanwhile.
        """
        super().write(where=None if only is None else Q(state=only), **fields)

    def _due(self, now: datetime) -> Q:
        return _due(now)
