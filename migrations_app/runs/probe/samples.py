"""What the prober keeps in the database: which probes are whose, and the answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog
from django.db import models, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from migrations_app.errors import LostLease, told
from migrations_app.models import LaneOf, OneByOne, Probe, Sample
from migrations_app.models.failed_item import resting
from migrations_app.models.lease import Lease, free
from migrations_app.models.states import WALKING_RUNS, RunState
from migrations_app.runs.engine import run_log
from migrations_app.runs.probe import gaps
from migrations_app.runs.probe.gaps import Answer

log = structlog.get_logger(__name__)
LEASE = timedelta(seconds=4)
# A worker that may not probe leaves it to others for so long.
RETRY_AFTER = timedelta(seconds=30)
# When the run is over the guest may still boot: it is probed until it has answered for
# so long, and for so long at most.
ANSWERS_AFTER_END, LONGEST_BOOT = timedelta(seconds=3), timedelta(minutes=5)
# What was answered in full is kept for so long while a run goes on, and a probe that
# has so many rows ends: about a day without any answer.
KEEP_ANSWERS, MAX_ROWS = timedelta(hours=4), 90_000


class ProbeLease(Lease[Probe]):
    """The right to probe guests, and to write what they answered.

    All that is written in one turn is of one moment, so its clock is frozen.
    """

    def __init__(self, rows: QuerySet[Probe], token: str, now: datetime) -> None:
        super().__init__(rows, span=LEASE, clock=lambda: now, token=token)

    def _due(self, now: datetime) -> Q:
        return Q(over_at=None)


def save_and_claim(
    token: str, answers: Mapping[int, Sequence[Answer]], *, room: int
) -> dict[int, str]:
    """Write what was answered, and return the targets that are ours now, by run.

    ``answers`` has an item for every run that was ours; answers of probes taken over by
    another worker are not written. New probes are taken, ``room`` at most. An error
    about one probe is noted, and the others are served: that one is not probed here for
    a while.
    """
    now = timezone.now()
    lane = OneByOne(LaneOf.PROBES, now)
    ours = {probe.run_id: probe for probe in _renew(token, list(answers), now)}
    unwritten = {run: answers[run] for run in ours}
    if _write_together(unwritten):
        unwritten = {}
    for run, probe in list(ours.items()):
        keep = partial(_keep, probe, unwritten.get(run, ()), token, now)
        if not lane.serve(f"guest of run {run}", keep, number=run):
            del ours[run]
    taken = {probe.run_id: probe for probe in _claim(token, now, room, lane)}
    return {run: probe.target for run, probe in (ours | taken).items()}


def _keep(probe: Probe, answers: Sequence[Answer], token: str, now: datetime) -> bool:
    """Write what was answered; return whether the probing goes on here."""
    try:
        _write({probe.run_id: answers})
        if _is_over(probe, now):
            _end(probe, token, now)
            return False
    except Exception as error:
        release_with_reason(token, probe.run_id, told(error))
        raise
    if probe.run.state == RunState.HELD:
        ProbeLease(_of(probe.pk), token, now).drop()
        return False
    return True


def release_with_reason(token: str, run: int, sentence: str) -> dict[int, str]:
    """Note why the probe cannot be done here; another worker may try it later."""
    now = timezone.now()
    lease = ProbeLease(_of(run), token, now)
    with suppress(LostLease), transaction.atomic():
        new = lease.mine().exclude(trouble=sentence).exists()
        lease.write(lease="", lease_until=now + RETRY_AFTER, trouble=sentence)
        if new:
            run_log.add_note(run, f"The guest is not probed: {sentence}", at=now)
    return {}


def release_all(token: str) -> dict[int, str]:
    """Let other workers go on at once with what was ours."""
    ProbeLease(Probe.objects.all(), token, timezone.now()).drop()
    return {}


def _renew(token: str, runs: list[int], now: datetime) -> list[Probe]:
    lease = ProbeLease(_of(*runs), token, now)
    with suppress(LostLease):  # of all at once
        lease.renew()
    return list(lease.mine().select_related("run"))


def _claim(token: str, now: datetime, room: int, lane: OneByOne) -> list[Probe]:
    ended = Q(run__ended_at__gt=now - LONGEST_BOOT)
    due = Probe.objects.filter(
        free(now), Q(run__state__in=WALKING_RUNS) | ended, over_at__isnull=True
    ).exclude(pk__in=resting(LaneOf.PROBES, now))
    taken = []
    for probe in due.select_related("run").order_by("pk")[: max(0, room)]:
        lease = ProbeLease(_of(probe.pk), token, now)
        take = partial(_take, lease, probe, now)
        if lane.serve(f"guest of run {probe.pk}", take, number=probe.pk):
            taken.append(probe)
    return taken


def _take(lease: ProbeLease, probe: Probe, now: datetime) -> bool:
    if not lease.claim():
        return False
    _begin(lease, probe, now)
    return True


def _begin(lease: ProbeLease, probe: Probe, now: datetime) -> None:
    if probe.begun_at is None:
        with suppress(LostLease), transaction.atomic():
            lease.write(begun_at=now)
            text = f"The guest is probed every 200 ms: {probe.target}."
            run_log.add_note(probe.run_id, text, at=now)


def _write_together(answers: Mapping[int, Sequence[Answer]]) -> bool:
    """Write all in one transaction; False if one of them cannot be written."""
    try:
        _write(answers)
    except Exception as error:  # noqa: BLE001 - each alone raises it again
        log.warning("answers of probes not written together", reason=told(error))
        return False
    return True


def _write(answers: Mapping[int, Sequence[Answer]]) -> None:
    rows = [_row(run, found) for run, found in answers.items() if found]
    if not rows:
        return
    with transaction.atomic():
        Sample.objects.bulk_create(rows)
        for row in rows:
            Probe.objects.filter(pk=row.run_id).update(
                sent=F("sent") + len(row.answers), lost=F("lost") + row.lost, trouble=""
            )


def _row(run: int, found: Sequence[Answer]) -> Sample:
    ordered = sorted(found, key=lambda answer: answer.at)
    begin = ordered[0].at
    lost = sum(answer.latency is None for answer in ordered)
    pairs = [
        [
            round(1000 * (answer.at - begin)),
            None if answer.latency is None else round(answer.latency, 2),
        ]
        for answer in ordered
    ]
    at = datetime.fromtimestamp(begin, UTC)
    return Sample(run_id=run, at=at, lost=lost, answers=pairs)


def _is_over(probe: Probe, now: datetime) -> bool:
    """Tell whether there is nothing more to learn."""
    ended = probe.run.ended_at
    rows = Sample.objects.filter(run=probe.run_id)
    if now.second == 0:  # about once a minute
        rows.filter(lost=0, at__lt=now - KEEP_ANSWERS).delete()
        if rows.count() > MAX_ROWS:
            return True
    if ended is None:
        return False
    if now - ended > LONGEST_BOOT or probe.sent == probe.lost:
        return True
    last = rows.filter(at__gte=now - ANSWERS_AFTER_END - timedelta(seconds=2))
    counted = last.aggregate(lost=models.Sum("lost"), rows=models.Count("pk"))
    return (
        now - ended > ANSWERS_AFTER_END and counted["rows"] >= 2 and not counted["lost"]
    )


def _end(probe: Probe, token: str, now: datetime) -> None:
    result = gaps.read(of_run(probe.run_id))
    with suppress(LostLease), transaction.atomic():
        ProbeLease(_of(probe.pk), token, now).release(
            over_at=now, result=result.as_dict()
        )
        run_log.add_note(probe.run_id, f"{probe.target}: {gaps.words(result)}", at=now)


def of_run(run: int) -> list[Answer]:
    """Return the answers of a run's guest that are kept, oldest first."""
    rows = Sample.objects.filter(run=run)
    return [
        Answer(at.timestamp() + offset / 1000, latency)
        for at, pairs in rows.values_list("at", "answers")
        for offset, latency in pairs
    ]


def _of(*runs: int) -> QuerySet[Probe]:
    return Probe.objects.filter(pk__in=runs)
