"""Removes old logs, probe answers, messages and kept answers of the API.

Audit entries, requests, plans, findings and decisions are never removed
(docs/adr/0011-the-trail-is-kept.md). Data removed from a run is noted with the run, and
each removal is audited, but for answers that were kept for a day at most anyhow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import partial

import structlog
from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from migrations_app.audit import recorder
from migrations_app.models import (
    Delivery,
    KeptAnswer,
    LaneOf,
    Line,
    Notice,
    OneByOne,
    Removal,
    Run,
    Sample,
)
from migrations_app.models.failed_item import resting
from migrations_app.models.kept_answer import too_old
from migrations_app.runs.log_export import log_sha256
from migrations_app.runs.queries import LOG, SAMPLES

log = structlog.get_logger(__name__)
# One job does no more than this, and is rung again while there is something left.
RUNS_AT_ONCE, ROWS_AT_ONCE = 100, 1000


def is_due(now: datetime) -> bool:
    """Return whether any data is old enough to be removed."""
    return any(
        rows.exists()
        for rows in (
            _with_log(now),
            _with_samples(now),
            _notices(now),
            _sent(now),
            too_old(now),
        )
    )


def remove_due(now: datetime) -> int:
    """Remove some old data, each part in its own transaction; return how much.

    A part that fails is noted, and keeps no other one waiting.
    """
    lane = OneByOne(LaneOf.REMOVALS, now)
    removed = 0
    for run in list(_with_log(now)[:RUNS_AT_ONCE]):
        lines = Line.objects.filter(run=run)
        part = partial(_remove, run, LOG, lines, log_sha256)
        removed += lane.serve(f"log of run {run.pk}", part, number=run.pk) or 0
    for run in list(_with_samples(now)[:RUNS_AT_ONCE]):
        part = partial(_remove, run, SAMPLES, Sample.objects.filter(run=run))
        removed += lane.serve(f"samples of run {run.pk}", part, number=run.pk) or 0
    removed += lane.serve("kept answers", partial(_remove_kept_answers, now)) or 0
    for what, rows in (("notices", _notices(now)), ("deliveries", _sent(now))):
        removed += lane.serve(what, partial(_remove_messages, what, rows)) or 0
    return removed


def _since(days: int, now: datetime) -> datetime | None:
    """Return the time before which data is old; None if it is kept forever."""
    return now - timedelta(days=days) if days > 0 else None


def _with_log(now: datetime) -> models.QuerySet[Run]:
    since = _since(settings.NOVAWEB_KEEP_LOGS_DAYS, now)
    if since is None:
        return Run.objects.none()
    gone = Removal.objects.filter(run=models.OuterRef("pk"), what=LOG)
    old = Run.objects.filter(ended_at__lt=since).exclude(models.Exists(gone))
    rows = old.exclude(pk__in=resting(LaneOf.REMOVALS, now))
    return rows.select_related("request__cloud").order_by("ended_at")


def _with_samples(now: datetime) -> models.QuerySet[Run]:
    since = _since(settings.NOVAWEB_KEEP_SAMPLES_DAYS, now)
    if since is None:
        return Run.objects.none()
    gone = Removal.objects.filter(run=models.OuterRef("pk"), what=SAMPLES)
    # what the answers told is read out of them when the probing is over, and is kept
    old = Run.objects.filter(ended_at__lt=since, probe__over_at__lt=since)
    rows = old.exclude(models.Exists(gone)).exclude(
        pk__in=resting(LaneOf.REMOVALS, now)
    )
    return rows.select_related("request__cloud").order_by("ended_at")


def _notices(now: datetime) -> models.QuerySet[Notice]:
    since = _since(settings.NOVAWEB_KEEP_MESSAGES_DAYS, now)
    return Notice.objects.filter(at__lt=since) if since else Notice.objects.none()


def _sent(now: datetime) -> models.QuerySet[Delivery]:
    since = _since(settings.NOVAWEB_KEEP_MESSAGES_DAYS, now)
    # what is still to be sent has not ended
    return (
        Delivery.objects.filter(ended_at__lt=since)
        if since
        else Delivery.objects.none()
    )


def _remove(
    run: Run,
    what: str,
    rows: models.QuerySet[Line] | models.QuerySet[Sample],
    sha256: Callable[[Iterable[Line]], str] | None = None,
) -> int:
    digest = sha256(Line.objects.filter(run=run).iterator()) if sha256 else ""
    try:
        with transaction.atomic():
            noted = Removal.objects.create(
                run=run, what=what, count=0, sha256=digest, at=timezone.now()
            )
            count, _ = rows.delete()
            Removal.objects.filter(pk=noted.pk).update(count=count)
            after = {"what": what, "count": count}
            if digest:
                after["log_sha256"] = digest
            recorder.record("retention.removed", about=run, after=after)
    except IntegrityError:
        if not Removal.objects.filter(run=run, what=what).exists():
            raise
        log.info("removed by another worker", run=run.pk, what=what)
        return 0
    return count


def _remove_kept_answers(now: datetime) -> int:
    """Remove some; the trail has what was done, so that nothing is lost with them."""
    numbers = list(
        too_old(now).order_by("pk").values_list("pk", flat=True)[:ROWS_AT_ONCE]
    )
    old = KeptAnswer.objects.filter(pk__in=numbers)
    return old.delete()[0]


def _remove_messages(
    what: str, rows: models.QuerySet[Notice] | models.QuerySet[Delivery]
) -> int:
    numbers = list(rows.order_by("pk").values_list("pk", flat=True)[:ROWS_AT_ONCE])
    if not numbers:
        return 0
    with transaction.atomic():
        _, by_model = rows.model._default_manager.filter(pk__in=numbers).delete()
        count = by_model.get(rows.model._meta.label, 0)
        if count:
            after = {"what": what, "count": count, "up_to": numbers[-1]}
            recorder.record("retention.removed", after=after)
    return count
