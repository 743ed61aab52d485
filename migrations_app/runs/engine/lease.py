"""The lease: which process walks a run now.

Claiming is one conditional UPDATE; so is every later write, filtered by the token.
Zero rows means that the run is no longer ours: ``LostLease``, and nothing more is
written. A lease is short (settings.NOVAWEB_LEASE) so that a run whose worker died is
soon taken over; lease_heartbeat.py renews it while a neighbour takes its time.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import models

from migrations_app.errors import LostLease
from migrations_app.models import Run
from migrations_app.models.states import WALKING_RUNS

Clock = Callable[[], datetime]
WALKING = [str(state) for state in WALKING_RUNS]


def lease_span() -> timedelta:
    """Return how long a lease is believed without being renewed."""
    return timedelta(seconds=settings.NOVAWEB_LEASE)


def due_runs(now: datetime) -> models.QuerySet[Run]:
    """Return the runs that are due and that nobody walks, the longest due first."""
    free = models.Q(lease="") | models.Q(lease_until__lt=now)
    return Run.objects.filter(free, state__in=WALKING, look_again_at__lte=now).order_by(
        "look_again_at"
    )


@dataclass(slots=True)
class Lease:
    """The right to write to one run, until it lapses or is given back."""

    run_id: int
    clock: Clock
    token: str = field(default_factory=lambda: uuid.uuid4().hex)

    def claim(self) -> bool:
        """Take the run if it is due and free; False when it is not ours to walk."""
        now = self.clock()
        return bool(
            due_runs(now)
            .order_by()
            .filter(pk=self.run_id)
            .update(lease=self.token, lease_until=now + lease_span(), looked_at=now)
        )

    def write(self, **fields: Any) -> None:
        """Write to the run and renew the lease. Raises LostLease."""
        fields.setdefault("lease_until", self.clock() + lease_span())
        changed = Run.objects.filter(pk=self.run_id, lease=self.token).update(**fields)
        if changed != 1:
            raise LostLease

    def renew(self) -> None:
        """Keep the run for another span, if it is ours still."""
        Run.objects.filter(pk=self.run_id, lease=self.token).update(
            lease_until=self.clock() + lease_span()
        )

    def release(self, look_again_at: datetime | None) -> None:
        """Give the run back, to be looked at again then; None: never by itself."""
        self.write(lease="", lease_until=None, look_again_at=look_again_at)
