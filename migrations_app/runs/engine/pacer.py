"""The pacer: several times a second, ring for everything that is due.

Every worker process runs one; a lease in the database lets one of them at a time do
it, and a dead one is replaced as soon as its lease lapses. When nobody answers the
bell (Redis is gone, or every worker is busy with something long) it walks itself: so
no run that is due waits for more than a few seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from migrations_app.models import LaneOf, OneByOne, Pacer
from migrations_app.models.lease import Clock, Lease
from migrations_app.runs.engine.lease import due_runs, next_due

INTERVAL = 1.0  # seconds between two ticks
# Seconds between two glances, at most and at least: the next one is when the next run
# becomes due, so that it need not wait for it.
GLANCE, SOONEST = 0.2, 0.05
LEASE = timedelta(seconds=3)
# A run that is due for so long was rung for in vain.
UNANSWERED = timedelta(seconds=2.5)


class PacerLease(Lease[Pacer]):
    """The right to be the pacer. Its row shows when somebody last was."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(Pacer.objects.filter(pk=1), span=LEASE, clock=clock)

    def _noted(self, now: datetime) -> dict[str, Any]:
        return {"seen_at": now}


@dataclass(slots=True)
class PacerTimer:
    """What the pacer does about once a second, and its lease."""

    ring: Callable[[], bool]  # have a worker look at what is due; False: no bell
    walk: Callable[[], object]  # look at what is due oneself
    other: Callable[[datetime], datetime | None]  # since when is anything else due
    clock: Clock = timezone.now
    lease: PacerLease = field(init=False)
    heard: bool = field(default=True, init=False)  # the last ring

    def __post_init__(self) -> None:
        self.lease = PacerLease(self.clock)

    def claim(self) -> bool:
        """Become the pacer, or stay it; False when another process is."""
        return self.lease.claim()

    def tick(self) -> bool:
        """Look once for what is due; True when this process is the pacer.

        An error is noted, so that periodic jobs are rung for all the same. Raises it
        when the database is away.
        """
        if not self.claim():
            return False
        lane = OneByOne(LaneOf.PERIODIC, self.clock())
        lane.serve("whether runs are due", self._look)
        return True

    def glance(self) -> float:
        """Ring if a run has become due; return in how many seconds to glance again.

        For who was the pacer at the last tick. What else may be due waits for the next
        tick, as does a bell that is broken.
        """
        if not self.heard:
            return GLANCE
        now = self.clock()
        due = next_due(now)
        if due is None:
            return GLANCE
        if due <= now:
            self.heard = self.ring()
            return GLANCE  # whom it woke looks at all that becomes due meanwhile
        return min(GLANCE, max(SOONEST, (due - now).total_seconds()))

    def _look(self) -> None:
        now = self.clock()
        run = due_runs(now).values_list("look_again_at", flat=True).first()
        since = [at for at in (run, self.other(now)) if at is not None]
        if not since:
            return
        self.heard = self.ring()
        if not self.heard or now - min(since) > UNANSWERED:
            self.walk()

    def release(self) -> None:
        """Give the lease back, so that another process need not wait for it."""
        self.lease.drop()
