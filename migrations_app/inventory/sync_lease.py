"""Decides when and by which process a cloud is read: one at a time, with a time limit.

Each decision is one conditional UPDATE, so that any number of worker processes can make
it at once.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils.timezone import get_default_timezone, localtime

from migrations_app.errors import NovawebError
from migrations_app.integrations.clouds import known_clouds
from migrations_app.models import Cloud
from migrations_app.models.lease import Clock, Lease

# Nova forgets deleted instances when its database is tidied (nova-manage db
# archive_deleted_rows): after so long a gap what it tells may lack some.
LONGEST_GAP = timedelta(hours=1)


class Overtaken(NovawebError):
    """Another process reads this cloud now; this one must stop writing."""

    def __init__(self, cloud_name: str) -> None:
        super().__init__(f"Another worker has taken over reading {cloud_name}.")


def due_clouds(now: datetime) -> list[str]:
    """Return the clouds that must be read now, each to one caller only.

    A returned cloud is due again NOVAWEB_SYNC_EVERY seconds later, whether or not the
    reading succeeds, so that a cloud that is down is not queried every second.
    """
    due = Q(sync_due_at__isnull=True) | Q(sync_due_at__lte=now)
    waiting = Cloud.objects.filter(due, name__in=known_clouds())
    following = now + timedelta(seconds=settings.NOVAWEB_SYNC_EVERY)
    return [
        name
        for name in waiting.values_list("name", flat=True)
        if Cloud.objects.filter(due, name=name).update(sync_due_at=following)
    ]


def make_due(names: Sequence[str] | None = None) -> list[str]:
    """Request a full reading of the clouds (all, if none is named)."""
    known = known_clouds()
    asked = known if names is None else [name for name in known if name in names]
    Cloud.objects.filter(name__in=asked).update(sync_due_at=None, full_scan_asked=True)
    return asked


def full_scan_due(cloud: Cloud, now: datetime) -> bool:
    """Return whether the whole cloud must be read, not only changes.

    This is so at first, after a failed full scan, on request, after a long gap or a
    clock that was set back, and once every night (NOVAWEB_FULL_SCAN_HOUR).
    """
    read_to, scanned = cloud.changes_until, cloud.full_scan_at
    if cloud.full_scan_asked or read_to is None or scanned is None:
        return True
    if read_to > now or read_to < now - LONGEST_GAP:
        return True
    local = localtime(now, get_default_timezone())
    night = local.replace(
        hour=settings.NOVAWEB_FULL_SCAN_HOUR, minute=0, second=0, microsecond=0
    )
    if night > local:
        night -= timedelta(days=1)
    return scanned < night


class SyncLease(Lease[Cloud]):
    """The right to write one cloud's inventory, shown by ``Cloud.sync_began_at`` alone.

    Its token is the moment at which the reading process last renewed it. One that was
    not renewed for ten times the longest answer (NOVAWEB_CLOUD_TIMEOUT) is taken for
    dead.
    """

    def __init__(self, cloud_name: str, *, clock: Clock) -> None:
        super().__init__(
            Cloud.objects.filter(name=cloud_name),
            span=timedelta(seconds=10 * settings.NOVAWEB_CLOUD_TIMEOUT),
            clock=clock,
            lost=lambda: Overtaken(cloud_name),
        )
        self._said_at: datetime | None = None

    def _free(self, now: datetime) -> Q:
        return Q(sync_began_at=None) | Q(sync_began_at__lt=now - self.span)

    def _ours(self) -> Q:
        # before it is taken no row is ours; a null would be anybody's
        return Q(sync_began_at=self._said_at) if self._said_at else Q(pk__in=())

    def _held(self, now: datetime) -> dict[str, Any]:
        return {"sync_began_at": now}

    def _nobody(self) -> dict[str, Any]:
        return {"sync_began_at": None}

    def _took(self, now: datetime) -> None:
        self._said_at = now


class Turn:
    """One reading of a cloud: what it writes of itself, by the lease that it holds.

    Every write says that we are alive. Each raises Overtaken when the turn is no
    longer ours.
    """

    def __init__(self, lease: SyncLease, now: datetime) -> None:
        self.cloud = lease.rows.get()
        self._lease = lease
        self._now = now
        self._began = time.monotonic()

    @classmethod
    def take(cls, cloud_name: str, *, now: datetime) -> Turn | None:
        """Return the lease; None if another process has it."""
        Cloud.objects.get_or_create(name=cloud_name)
        began = time.monotonic()

        def clock() -> datetime:
            # the caller's time, which goes on as long as the reading takes
            return now + timedelta(seconds=time.monotonic() - began)

        lease = SyncLease(cloud_name, clock=clock)
        return cls(lease, now) if lease.claim() else None

    def go_on(self) -> None:
        """Say that we are alive."""
        self._lease.renew()

    def begin_full_scan(self) -> None:
        """Require a successful full scan from now on.

        Raises Overtaken if another process has the lease.
        """
        self._lease.write(changes_until=None, full_scan_asked=False)

    def groups_read(self) -> None:
        """Record that the server groups were read."""
        self._lease.write(layout_read_at=self._now)

    def end_well(self, *, whole: bool) -> None:
        """The copy is as fresh as when the reading began; the turn is given back."""
        took = time.monotonic() - self._began
        columns: dict[str, object] = {"sync_seconds": took}
        if whole:
            columns.update(full_scan_at=self._now, full_scan_seconds=took)
        self._lease.release(
            synced_at=self._now, changes_until=self._now, trouble="", **columns
        )

    def end_badly(self, trouble: str) -> None:
        """Record the error sentence and release the lease; the copy stays.

        If another process has the lease, nothing is written.
        """
        self._lease.drop(trouble=trouble)
