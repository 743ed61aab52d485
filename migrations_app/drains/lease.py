"""Who works at a drain now: as runs/engine/lease.py says of runs."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import models

from migrations_app.errors import LostLease
from migrations_app.models import Drain
from migrations_app.models.states import DrainState
from migrations_app.runs.engine.lease import Clock, lease_span

# Those that somebody has to look at; a paused one waits for a person.
AT_WORK = [
    str(state)
    for state in (
        DrainState.PLANNING,
        DrainState.APPROVED,
        DrainState.RUNNING,
        DrainState.CANCELLING,
    )
]


def due_drains(now: datetime) -> models.QuerySet[Drain]:
    """Return the drains that are due and free, the longest due first."""
    free = models.Q(lease="") | models.Q(lease_until__lt=now)
    return Drain.objects.filter(
        free, state__in=AT_WORK, look_again_at__lte=now
    ).order_by("look_again_at")


@dataclass(slots=True)
class DrainLease:
    """The right to write to one drain, until it lapses or is given back."""

    drain_id: int
    clock: Clock
    token: str = field(default_factory=lambda: uuid.uuid4().hex)

    def claim(self) -> bool:
        """Take the drain if it is due and free; False when it is not ours."""
        now = self.clock()
        mine = due_drains(now).order_by().filter(pk=self.drain_id)
        return bool(mine.update(lease=self.token, lease_until=now + lease_span()))

    def write(self, *, only: DrainState | None = None, **fields: Any) -> None:
        """Write to the drain and renew the lease; ``only`` in that state.

        Raises LostLease, also when people have changed the state meanwhile.
        """
        mine = Drain.objects.filter(pk=self.drain_id, lease=self.token)
        if only is not None:
            mine = mine.filter(state=str(only))
        fields.setdefault("lease_until", self.clock() + lease_span())
        if mine.update(**fields) != 1:
            raise LostLease

    def renew(self) -> None:
        """Keep it for another span, if it is ours still."""
        Drain.objects.filter(pk=self.drain_id, lease=self.token).update(
            lease_until=self.clock() + lease_span()
        )

    def release(self, look_again_at: datetime | None) -> None:
        """Give it back, to be looked at again then; never later than people asked."""
        self.write(lease="", lease_until=None, look_again_at=look_again_at)
