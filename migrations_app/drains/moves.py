"""How one move of a drain begins, is postponed or is skipped (see begin_check.py)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import transaction
from django.db.models import F

from migrations_app.audit import recorder
from migrations_app.drains import approvals as drain_approvals
from migrations_app.drains.begin_check import (
    Begin,
    Postpone,
    Skip,
    decide,
    not_yet,
    start_block_to,
)
from migrations_app.drains.lease import DrainLease
from migrations_app.drains.planner import move_order
from migrations_app.drains.planner.model import Limits, Task
from migrations_app.errors import Gone, LostLease, NovawebError, own_fault
from migrations_app.models import (
    Cloud,
    Drain,
    Hypervisor,
    MigrationRequest,
    Run,
    Step,
)
from migrations_app.models.states import DrainState, RequestState, request_sources
from migrations_app.requests import group_mates
from migrations_app.runs.engine import run_log
from migrations_app.runs.engine.walk import DATABASE_AWAY

log = structlog.get_logger(__name__)
PAUSE = timedelta(seconds=5)


def task_of(move: MigrationRequest) -> Task:
    """Return the move as the order of moves knows it."""
    return Task(move.instance, move.source, move.target or "", move.procedure)


def startable(
    drain: Drain, waiting: Sequence[MigrationRequest]
) -> list[MigrationRequest]:
    """Return which of the waiting moves may start under the limits, in their order."""
    running = drain.moves.filter(state=RequestState.RUNNING)
    zones = Hypervisor.objects.filter(cloud=drain.cloud_id).values_list("host", "zone")
    chosen = move_order.startable(
        [task_of(move) for move in waiting],
        [task_of(move) for move in running],
        Limits(**drain.limits),
        dict(zones),
    )
    names = {task.guest for task in chosen}
    return [move for move in waiting if move.instance in names]


def begin(lease: DrainLease, drain: Drain, move: MigrationRequest) -> bool:
    """Begin the move's run, postpone it, or skip it; True when it began.

    Raises LostLease, and the errors of a database that is away.
    """
    decision: Begin | Postpone | Skip | None = not_yet(move, now=lease.clock())
    if decision is None:
        try:
            decision = decide(drain, move, now=lease.clock())
            if isinstance(decision, Begin):
                return _start_run(lease, drain, move, decision)
        except LostLease:
            raise
        except Gone as error:
            decision = Skip(error.sentence, RequestState.WITHDRAWN)
        except NovawebError as error:
            decision = Postpone(error.sentence)
        except DATABASE_AWAY as error:
            # the other moves have their turn; if it is away, this raises again
            log.warning("move not started", request=move.pk, reason=str(error))
            decision = Postpone(own_fault(error))
        except Exception as error:
            log.exception("move not started", request=move.pk)
            decision = Skip(own_fault(error))
    match decision:
        case Postpone(why, until):
            postpone(lease, move, why, until=until)
        case Skip(why, state):
            skip(lease, drain, move, why, state)
    return False


def _start_run(
    lease: DrainLease, drain: Drain, move: MigrationRequest, decision: Begin
) -> bool:
    """Start the run if it may start still; False: something came between."""
    now, target, drawn = lease.clock(), decision.target, decision.plan
    is_fallback = target != move.target
    fields: dict[str, Any] = {}
    if is_fallback:
        fields = {**drawn.as_fields(), "target": target}
    with transaction.atomic():
        # takes the row's lock: of two that may not run at once one finds the other
        Cloud.objects.filter(pk=drain.cloud_id).update(name=F("name"))
        lease.write(only=DrainState.RUNNING)
        if not_yet(move, now=now) or drain_approvals.why_not_on(drain):
            return False
        # the calendar may have changed for a fallback, too, while the cloud was asked
        if is_fallback and start_block_to(move, target, now=now):
            return False
        if group_mates.heading(drain.cloud.name, drawn.mates) != drawn.heading:
            return False
        before = move.target
        move.target = target
        if not startable(drain, [move]):
            move.target = before
            return False
        changed = MigrationRequest.objects.filter(
            pk=move.pk,
            drain=drain,
            plan_digest=move.plan_digest,
            state=RequestState.APPROVED,
        ).update(state=RequestState.RUNNING, why="", look_again_at=None, **fields)
        if changed != 1:
            return False
        move.refresh_from_db()
        run = Run.objects.create(
            request=move,
            started_at=now,
            look_again_at=now,
            findings=[finding.as_dict() for finding in drawn.findings],
        )
        Step.objects.bulk_create(
            Step(run=run, position=position, **step)
            for position, step in enumerate(move.plan)
        )
        how = "as approved"
        if is_fallback:
            how = f"at {target}, a fallback of {before}"
        run_log.add_note(run.pk, f"Drain {drain.pk} begins this move, {how}.", at=now)
        recorder.record(
            "run.started",
            about=run,
            after={
                "digest": move.plan_digest,
                "drain": drain.pk,
                "drain_digest": drain.plan_digest,
                **({"instead_of": before} if is_fallback else {}),
            },
        )
    return True


def postpone(
    lease: DrainLease,
    move: MigrationRequest,
    why: str,
    *,
    until: datetime | None = None,
) -> None:
    """Say why the move waits, and do not try it before then."""
    lease.write()
    MigrationRequest.objects.filter(pk=move.pk, state=RequestState.APPROVED).update(
        why=f"It cannot start yet and is tried again: {why}",
        look_again_at=until or lease.clock() + PAUSE,
    )


def skip(
    lease: DrainLease,
    drain: Drain,
    move: MigrationRequest,
    why: str,
    state: RequestState = RequestState.LEFT,
) -> None:
    """Do not make the move; the others go on."""
    with transaction.atomic():
        lease.write()
        changed = MigrationRequest.objects.filter(
            pk=move.pk, state__in=request_sources(state)
        ).update(
            state=state,
            why=why,
            ended_at=lease.clock(),
            open_instance=None,
            look_again_at=None,
        )
        if changed == 1:
            recorder.record(
                "drain.left",
                about=move,
                note=why,
                after={"drain": drain.pk, "name": str(drain.pk)},
            )
