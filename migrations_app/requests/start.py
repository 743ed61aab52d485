"""Starts approved requests automatically, in their window and as approved."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog
from django.db import models, transaction
from django.db.models import F
from django.utils import timezone

from migrations_app.audit import recorder
from migrations_app.errors import Gone, NovawebError, told
from migrations_app.models import (
    Cloud,
    LaneOf,
    MigrationRequest,
    OneByOne,
    Probe,
    Run,
    Step,
)
from migrations_app.models.failed_item import resting
from migrations_app.models.states import BEFORE_START, RequestState, request_sources
from migrations_app.requests import group_mates, recent_check
from migrations_app.requests import plan as request_plan
from migrations_app.requests.actions import replace_plan
from migrations_app.requests.approvals import evaluate
from migrations_app.requests.plan import Draft
from migrations_app.requests.recent_check import RecentCheck
from migrations_app.requests.windows import schedule
from migrations_app.runs import reenable_hosts
from migrations_app.runs.engine import run_log

log = structlog.get_logger(__name__)
# An approved request that could not be checked is tried again after so long.
PAUSE = timedelta(seconds=5)
LATE = (
    "The request was not started in time: create a new one if the move is still needed."
)


def due_since(now: datetime) -> datetime | None:
    """Return since when a request waits to start or expire; None if none does."""
    due = _due(now).values_list("look_again_at", flat=True).first()
    expired = _expired(now).values_list("expires_at", flat=True).first()
    return min((at for at in (due, expired) if at is not None), default=None)


def start_due(now: datetime, *, most: int | None = None) -> int:
    """Expire overdue requests and start up to ``most`` due ones.

    Returns the number started. Every request tried gets a later due time, whatever the
    result. An error about one of them is noted and said on its page.
    """
    over = OneByOne(LaneOf.EXPIRY, now)
    for request in _expired(now).select_related("cloud"):
        expire = partial(_expire, request, LATE)
        over.serve(f"request {request.pk}", expire, number=request.pk)
    lane = OneByOne(LaneOf.STARTS, now)
    started = 0
    for request in _due(now).select_related("cloud")[:most]:
        begun = partial(_start_or_tell, request, now)
        item = f"request {request.pk}"
        started += bool(lane.serve(item, begun, number=request.pk))
    return started


def _due(now: datetime) -> models.QuerySet[MigrationRequest]:
    rows = MigrationRequest.objects.filter(
        # the moves of a drain are started and ended by it alone
        drain=None,
        state=RequestState.APPROVED,
        look_again_at__lte=now,
        expires_at__gt=now,
    )
    return rows.exclude(pk__in=resting(LaneOf.STARTS, now)).order_by("look_again_at")


def _expired(now: datetime) -> models.QuerySet[MigrationRequest]:
    rows = MigrationRequest.objects.filter(
        drain=None, state__in=BEFORE_START, expires_at__lte=now
    )
    return rows.exclude(pk__in=resting(LaneOf.EXPIRY, now)).order_by("expires_at")


def _start_or_tell(request: MigrationRequest, now: datetime) -> bool:
    """Start the request; what stands in the way is said on its page, raised or not."""
    try:
        return _start(request, now)
    except Exception as error:
        # an error of our own, or of the database, which the lane notes
        _wait(request, told(error))
        raise


def _start(request: MigrationRequest, now: datetime) -> bool:
    # whoever pushes the time on is the one who tries; the others find it not due
    mine = _due(now).order_by().filter(pk=request.pk).update(look_again_at=now + PAUSE)
    if mine != 1:
        return False
    if sentence := reenable_hosts.in_the_way(request):
        _wait(request, sentence)
        return False
    if said := _calendar(request, now):
        if said.over:
            _expire(request, said.sentence)
        else:
            _wait(request, said.sentence, until=said.again)
        return False
    if recent := recent_check.unchanged(request, now):
        return begin(request, recent, timezone.now())
    try:
        drawn = request_plan.redraft(request)
    except Gone as error:
        _expire(request, error.sentence)
        return False
    except NovawebError as error:
        _wait(request, error.sentence)
        return False
    if drawn.unread:
        _wait(request, next(iter(drawn.unread.values())))
        return False
    if drawn.digest != request.plan_digest:
        why = next(iter(drawn.silent.values()), "")
        if why := why or request_plan.too_late(request, drawn):
            _wait(request, why)
        else:
            replace_plan(request, drawn)
        return False
    # the look took its time, and a run that was due since would count as late
    return begin(request, drawn, timezone.now())


def begin(request: MigrationRequest, drawn: Draft | RecentCheck, now: datetime) -> bool:
    """Start the run of an approved request whose plan is unchanged.

    ``drawn`` proves that. Returns False if the state of the request has changed
    meanwhile.
    """
    with transaction.atomic():
        # takes the row's lock: of two that may not run at once one finds the other
        Cloud.objects.filter(pk=request.cloud_id).update(name=F("name"))
        # the look at the cloud took its time: a freeze may have been made meanwhile
        if reenable_hosts.in_the_way(request) or _calendar(request, timezone.now()):
            return False
        if group_mates.heading(request.cloud.name, drawn.mates) != drawn.heading:
            return False
        changed = MigrationRequest.objects.filter(
            pk=request.pk,
            plan_digest=drawn.digest,
            state=RequestState.APPROVED,
        ).update(state=RequestState.RUNNING, why="", look_again_at=None, checked={})
        if changed != 1:
            return False
        refusal, right = evaluate.permit(request, now=now)
        if refusal:
            _send_back(request, refusal, right)
            return False
        run = Run.objects.create(
            request=request,
            started_at=now,
            look_again_at=now,
            findings=drawn.found,
        )
        Step.objects.bulk_create(
            Step(run=run, position=position, **step)
            for position, step in enumerate(request.plan)
        )
        if probe := request.options.get("probe"):
            Probe.objects.create(run=run, target=probe)
        run_log.add_note(run.pk, _how_it_begins(drawn), at=now)
        checked = {"checked_at": drawn.at.isoformat()}
        recorder.record(
            "run.started", about=run, after={"digest": drawn.digest, **checked, **right}
        )
    return True


def _how_it_begins(drawn: Draft | RecentCheck) -> str:
    if isinstance(drawn, Draft):
        return "The plan is as approved; the run begins."
    return (
        "The plan is as approved, and since the checks of its approval neither the"
        " instance nor its hosts' services have changed; the run begins."
    )


def _send_back(request: MigrationRequest, why: str, right: Mapping[str, Any]) -> None:
    """Return the request to approval, in the transaction that locks its row."""
    MigrationRequest.objects.filter(pk=request.pk).update(
        state=RequestState.REQUESTED, why=why
    )
    recorder.record("request.sent_back", about=request, note=why, after=dict(right))


def _calendar(request: MigrationRequest, now: datetime) -> schedule.StartBlock | None:
    """Return why the calendar forbids a start now; None if it does not.

    Emergency starts ignore windows and freezes.
    """
    return (
        None
        if evaluate.emergency_start_of(request)
        else schedule.start_block(request, now)
    )


def _wait(
    request: MigrationRequest, sentence: str, *, until: datetime | None = None
) -> None:
    """Record why it waits; it is tried again after ``until``."""
    log.warning("not started yet", request=request.pk, reason=sentence)
    later = {"look_again_at": until} if until else {}
    MigrationRequest.objects.filter(pk=request.pk, state=RequestState.APPROVED).update(
        why=f"It cannot start yet and is tried again: {sentence}", **later
    )


def _expire(request: MigrationRequest, why: str) -> None:
    with transaction.atomic():
        changed = MigrationRequest.objects.filter(
            pk=request.pk, state__in=request_sources(RequestState.EXPIRED)
        ).update(
            state=RequestState.EXPIRED,
            why=why,
            ended_at=timezone.now(),
            open_instance=None,
            look_again_at=None,
        )
        if changed == 1:
            recorder.record("request.expired", about=request, note=why)
