"""Leases: which process works at a row now, and may write to it.

Taking a row, keeping it and giving it back is one guarded UPDATE each, whose count of
rows is looked at; so is every other write of the process that works at it. No row:
another process has it, and nothing was written. A lease that is not renewed lapses, so
that the row of a process that died is taken over by another one. No lock is held
meanwhile, and no transaction is open.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar

from django.db import models
from django.db.models import Q, QuerySet

from migrations_app.errors import LostLease, NovawebError

Clock = Callable[[], datetime]
Row = TypeVar("Row", bound=models.Model)


class Leased(models.Model):
    """A row at which one process at a time works: its token, and until when.

    Until ``lease_until`` has passed nobody takes the row, not even one without a
    token: a row can be left alone until then.
    """

    lease = models.CharField(max_length=32, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True


def free(now: datetime) -> Q:
    """Return what is true of the rows of a Leased model that nobody holds then."""
    return Q(lease_until=None) | Q(lease_until__lt=now)


class Lease(Generic[Row]):
    """The right to write to ``rows``, of which there is one as a rule.

    It is good for ``span`` by ``clock`` from the moment it was taken or renewed, and
    every write renews it. ``lost`` makes the error that says that it is ours no more.
    """

    def __init__(
        self,
        rows: QuerySet[Row],
        *,
        span: timedelta,
        clock: Clock,
        token: str = "",
        lost: Callable[[], NovawebError] = LostLease,
    ) -> None:
        self.rows = rows
        self.span = span
        self.clock = clock
        self.token = token or uuid.uuid4().hex
        self._lost = lost

    def claim(self) -> bool:
        """Take the rows that are free and due, or stay who has them; False: none."""
        now = self.clock()
        rows = self.rows.filter(self._free(now) | self._ours(), self._due(now))
        if not rows.update(**self._held(now), **self._noted(now)):
            return False
        self._took(now)
        return True

    def mine(self) -> QuerySet[Row]:
        """Return those of the rows that nobody has taken from us."""
        return self.rows.filter(self._ours())

    def write(self, *, where: Q | None = None, **fields: Any) -> None:
        """Write to the rows that are ours (and where that is so), and renew the lease.

        Raises LostLease when there is none.
        """
        self._write(self.mine().filter(where or Q()), fields)

    def renew(self) -> None:
        """Keep the rows for another span. Raises LostLease."""
        self._write(self.mine(), {})

    def release(self, **fields: Any) -> None:
        """Write for the last time, and give the rows back. Raises LostLease."""
        self.write(**{**self._nobody(), **fields})

    def drop(self, **fields: Any) -> None:
        """Give back what is ours still, if anything is."""
        self.mine().update(**{**self._nobody(), **fields})

    def _write(self, rows: QuerySet[Row], fields: dict[str, Any]) -> None:
        now = self.clock()
        if not rows.update(**{**self._held(now), **fields}):
            raise self._lost()
        self._took(now)

    # -- what differs from table to table ----------------------------------------------
    def _due(self, now: datetime) -> Q:
        """What must be true of a row, beside being free, for anybody to take it."""
        return Q()

    def _noted(self, now: datetime) -> dict[str, Any]:
        """Return the columns to write when a row is taken, besides the token."""
        return {}

    def _free(self, now: datetime) -> Q:
        return free(now)

    def _ours(self) -> Q:
        return Q(lease=self.token)

    def _held(self, now: datetime) -> dict[str, Any]:
        return {"lease": self.token, "lease_until": now + self.span}

    def _nobody(self) -> dict[str, Any]:
        return {"lease": "", "lease_until": None}

    def _took(self, now: datetime) -> None:
        """Called after each UPDATE by which the rows are ours from then on."""
