"""Items that could not be served, and how lanes serve one item after the other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

import structlog
from django.db import Error, connection, models
from django.db.models import F, QuerySet

from migrations_app.errors import LostLease, NovawebError, told

log = structlog.get_logger(__name__)
T = TypeVar("T")
# A failed item rests for so long, and twice as long after each further failure.
PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(minutes=5)
# One that failed no more, and was served no more either, is forgotten: it is gone.
KEPT = timedelta(days=1)


class LaneOf(models.TextChoices):
    """What is served there, as pages and metrics name it."""

    RUNS = "runs", "runs"
    STARTS = "starts", "starts of requests"
    EXPIRY = "expiry", "requests to expire"
    DRAINS = "drains", "drains"
    DRAIN_EXPIRY = "drain expiry", "drains to expire"
    CLOUDS = "clouds", "clouds to read"
    HYPERVISORS = "hypervisors", "hypervisors to read"
    INSTANCES = "instances", "instances to read"
    MIGRATIONS = "migrations", "migration records to read"
    ENABLING = "enabling", "hosts to enable"
    LEAKS = "leaks", "hosts to scan for stale resources"
    SPEEDS = "speeds", "copy speeds to measure"
    PROBES = "probes", "guests to probe"
    SWEEPS = "sweeps", "folders to remove"
    REMOVALS = "removals", "old records to remove"
    REFUSALS = "refusals", "refused sign-ins to record"
    PERIODIC = "periodic", "periodic jobs"


class FailedItem(models.Model):
    """An item whose last attempt failed; the row goes when one succeeds.

    ``item`` names it for people, ``number`` is its primary key if it has one.
    """

    lane = models.CharField(max_length=20)  # one of LaneOf
    item = models.CharField(max_length=255)
    number = models.BigIntegerField(null=True, blank=True)
    sentence = models.TextField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    again_at = models.DateTimeField()
    times = models.PositiveIntegerField(default=1)

    class Meta:
        ordering = ("lane", "item")
        constraints = (
            models.UniqueConstraint(
                fields=("lane", "item"), name="one_failure_an_item"
            ),
        )

    def __str__(self) -> str:
        return f"{self.words}: {self.item}"

    @property
    def words(self) -> str:
        """The lane, as pages name it."""
        known = {each.value: each.label for each in LaneOf}
        return known.get(self.lane, self.lane)


def resting(lane: LaneOf, now: datetime) -> QuerySet[FailedItem, int | None]:
    """Return the numbers of the items that failed and are not yet tried again.

    A failure that is still to come was noted before the clock was set back: it holds
    nothing up.
    """
    rows = FailedItem.objects.filter(
        lane=lane, number__isnull=False, again_at__gt=now, last_at__lte=now
    )
    return rows.order_by().values_list("number", flat=True)


class OneByOne:
    """Serves items one by one: one that fails is noted, and keeps none waiting."""

    def __init__(self, lane: LaneOf, now: datetime) -> None:
        self.lane = lane
        self.now = now
        self._noted: set[str] | None = None

    def serve(
        self, item: str, do: Callable[[], T], *, number: int | None = None
    ) -> T | None:
        """Return what ``do`` returns; None after any exception, which is noted then.

        Raises LostLease, since that is no failure, and what happened if it cannot be
        noted, since then it is the database that is away, for all items alike.
        """
        try:
            done = do()
        except LostLease:
            raise
        except Exception as error:  # noqa: BLE001 - noted, and logged with it
            self.note(item, error, number=number)
            return None
        self.succeeded(item)
        return done

    def note(self, item: str, error: Exception, *, number: int | None = None) -> str:
        """Note the failure; return its sentence. Raises it if that cannot be noted."""
        lane, item = self.lane, item.replace("\x00", "")[:255]
        sentence = told(error)
        if isinstance(error, NovawebError):
            log.warning("item failed", lane=lane.value, item=item, reason=sentence)
        else:
            log.error("item failed", lane=lane.value, item=item, exc_info=error)
        try:
            if isinstance(error, Error) and not connection.in_atomic_block:
                connection.close()  # it may have been cut
            self._write(item, sentence, number)
        except Error:
            raise error from None
        if self._noted is not None:
            self._noted.add(item)
        return sentence

    def succeeded(self, item: str) -> None:
        """Forget its failure, if there was one."""
        item = item.replace("\x00", "")[:255]
        if item in self._known():
            FailedItem.objects.filter(lane=self.lane, item=item).delete()
            self._known().discard(item)

    def _known(self) -> set[str]:
        if self._noted is None:
            rows = FailedItem.objects.filter(lane=self.lane).order_by()
            self._noted = set(rows.values_list("item", flat=True))
        return self._noted

    def _write(self, item: str, sentence: str, number: int | None) -> None:
        now = self.now
        FailedItem.objects.filter(lane=self.lane, last_at__lt=now - KEPT).delete()
        row, made = FailedItem.objects.get_or_create(
            lane=self.lane,
            item=item,
            defaults={
                "number": number,
                "sentence": sentence,
                "first_at": now,
                "last_at": now,
                "again_at": now + PAUSE,
            },
        )
        if made:
            return
        pause = min(PAUSE * 2 ** min(row.times, 10), LONGEST_PAUSE)
        FailedItem.objects.filter(pk=row.pk).update(
            number=number,
            sentence=sentence,
            last_at=now,
            again_at=now + pause,
            times=F("times") + 1,
        )
