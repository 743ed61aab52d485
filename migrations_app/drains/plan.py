"""How a drain is planned: a place for every instance, then a plan for every move.

A few moves at a time, each kept when it was looked at, so that after a crash another
process continues with the next. The cloud is never asked inside a transaction.
"""

from __future__ import annotations

import time
from typing import Any

import structlog
from django.db import IntegrityError, transaction

from migrations_app.audit import recorder
from migrations_app.drains import approvals as drain_approvals
from migrations_app.drains.audit_entries import tell
from migrations_app.drains.fleet import fleet_of
from migrations_app.drains.lease import DrainLease
from migrations_app.drains.move_plan import CannotMove, draw
from migrations_app.drains.plan_digest import digest_of
from migrations_app.drains.planner.place import place
from migrations_app.errors import (
    Gone,
    LostLease,
    NovawebError,
    Unfit,
    Unreachable,
    own_fault,
)
from migrations_app.models import Drain, MigrationRequest
from migrations_app.models.states import DrainState, RequestState
from migrations_app.requests.plan import Draft
from migrations_app.runs.engine.walk import DATABASE_AWAY

log = structlog.get_logger(__name__)
# So many seconds at a time; then the worker's other work has its turn.
SPELL = 3.0
PLANNING = DrainState.PLANNING


def plan(lease: DrainLease, drain: Drain) -> None:
    """Go on with the planning for a while; the drain waits for approval at its end.

    Raises Unreachable when the cloud does not answer, and LostLease.
    """
    if not (drain.tasks or drain.stays):
        _place(lease, drain)
        if drain.state != PLANNING:
            return
    began = time.monotonic()
    while drain.looked_at_moves < len(drain.tasks):
        _look(lease, drain, drain.tasks[drain.looked_at_moves])
        if time.monotonic() - began > SPELL:
            break
    if drain.looked_at_moves >= len(drain.tasks):
        _finish(lease, drain)


def _place(lease: DrainLease, drain: Drain) -> None:
    try:
        tasks, stays = _back(drain) if drain.back_of_id else _away(drain)
    except Unfit as error:
        _fail(lease, drain, error.sentence)
        return
    lease.write(only=PLANNING, tasks=tasks, stays=stays, why="")
    drain.tasks, drain.stays = tasks, stays


def _away(drain: Drain) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    fleet = fleet_of(drain.cloud, drain.hosts)
    found = place(fleet, drain.hosts, targets=drain.targets)
    tasks = [
        {
            "instance": task.guest,
            "name": fleet.guests[task.guest].name,
            "source": task.source,
            "procedure": task.procedure,
            "targets": [task.target, *task.fallbacks],
        }
        for task in found.tasks
    ]
    stays = [
        {
            "instance": each.guest,
            "name": fleet.guests[each.guest].name,
            "host": fleet.guests[each.guest].host,
            "sentence": each.sentence,
            "way_out": each.way_out,
        }
        for each in found.stuck
    ]
    return tasks, stays


def _back(drain: Drain) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the moves by which each instance goes where it came from, last first."""
    moved = MigrationRequest.objects.filter(
        drain=drain.back_of_id, state=RequestState.COMPLETED
    ).order_by("-place")
    rows = list(moved)
    fleet = fleet_of(drain.cloud, [], [row.instance for row in rows])
    tasks: list[dict[str, Any]] = []
    stays: list[dict[str, Any]] = []
    for row in rows:
        guest = fleet.guests.get(row.instance)
        task = {
            "instance": row.instance,
            "name": row.instance_name,
            "source": row.target,
            "procedure": guest.procedure if guest else "",
            "targets": [row.source],
        }
        if guest is None:
            _stay(stays, task, "It no longer exists.", "No action is needed.")
        elif guest.why_not or not guest.procedure:
            _stay(stays, task, guest.why_not or "It cannot be moved.", guest.way_out)
        elif guest.host != row.target:
            _stay(
                stays,
                task,
                f"It is on {guest.host} now; this drain had moved it elsewhere.",
                "Request a separate move if it should return.",
            )
        else:
            tasks.append(task)
    return tasks, stays


def _look(lease: DrainLease, drain: Drain, task: dict[str, Any]) -> None:
    """Have the next task looked at, and keep what came of it."""
    stays: list[dict[str, Any]] = list(drain.stays)
    drawn: Draft | None = None
    try:
        drawn, target, rest = draw(drain, task)
    except CannotMove as error:
        _stay(stays, task, error.sentence, error.way_out)
    except Gone:
        pass  # it is there no more: nothing is to be moved, and nothing stays
    except Unreachable:
        raise
    except NovawebError as error:
        _stay(stays, task, error.sentence, "Check it in Nova, then request it again.")
    except DATABASE_AWAY:
        raise
    except Exception as error:  # noqa: BLE001 - logged with it, and said of the move
        _stumbled(stays, drain, task, error)
    number = drain.looked_at_moves + 1
    try:
        with transaction.atomic():
            lease.write(only=PLANNING, looked_at_moves=number, stays=stays, why="")
            if drawn is not None:
                _keep(drain, drawn, target, rest, number)
    except IntegrityError:
        _stay(
            stays,
            task,
            "The instance already has an open request.",
            "Withdraw that request or wait until it has ended, then request it again.",
        )
        lease.write(only=PLANNING, looked_at_moves=number, stays=stays)
    except (LostLease, *DATABASE_AWAY):
        raise
    except Exception as error:  # noqa: BLE001 - logged with it, and said of the move
        _stumbled(stays, drain, task, error)
        lease.write(only=PLANNING, looked_at_moves=number, stays=stays)
    drain.looked_at_moves, drain.stays = number, stays


def _stumbled(
    stays: list[dict[str, Any]], drain: Drain, task: dict[str, Any], error: Exception
) -> None:
    """Leave this move out: an error about it must not keep the others waiting."""
    instance = task["instance"]
    log.error("move not planned", drain=drain.pk, instance=instance, exc_info=error)
    way_out = "Have it mended, then request the move again."
    _stay(stays, task, own_fault(error), way_out)


def _keep(
    drain: Drain, drawn: Draft, target: str, rest: list[str], number: int
) -> None:
    move = MigrationRequest(
        cloud=drain.cloud,
        drain=drain,
        place=number,
        fallbacks=rest,
        instance=drawn.move.server_id,
        instance_name=drawn.move.server_name,
        open_instance=f"{drain.cloud.name}:{drawn.move.server_id}",
        project=drawn.server.project_id,
        asked_procedure=drawn.procedure,
        target=target,
        options=dict(drawn.move.options),
        reason=drain.reason,
        ticket=drain.ticket,
        window_start=drain.window_start,
        window_end=drain.window_end,
        asked_by=drain.asked_by,
        asked_by_name=drain.asked_by_name,
        asked_at=drain.asked_at,
        expires_at=drain.expires_at,
        **drawn.as_fields(),
    )
    move.save(force_insert=True)
    recorder.record(
        "drain.move_planned",
        about=move,
        after={"drain": drain.pk, "name": str(drain.pk), "digest": drawn.digest},
    )


def _finish(lease: DrainLease, drain: Drain) -> None:
    moves = list(drain.moves.filter(state=RequestState.REQUESTED).order_by("place"))
    if not moves:
        count = len(drain.stays)
        _fail(
            lease,
            drain,
            f"None of the {count} instances there can be moved: see why below."
            if count
            else "There is no instance to move. To keep new ones away, disable the"
            " host.",
        )
        return
    now = lease.clock()
    drain.plan_digest = digest_of(drain, moves)
    drain.expires_at = drain_approvals.expiry(drain, now=now)
    with transaction.atomic():
        lease.write(
            only=PLANNING,
            state=DrainState.REQUESTED,
            plan_digest=drain.plan_digest,
            planned_at=now,
            expires_at=drain.expires_at,
            look_again_at=None,
            why="",
        )
        drain.moves.update(expires_at=drain.expires_at)
        tell("drain.planned", drain, moves=len(moves), stays=len(drain.stays))


def _fail(lease: DrainLease, drain: Drain, why: str) -> None:
    with transaction.atomic():
        lease.write(
            only=PLANNING,
            state=DrainState.FAILED,
            why=why,
            ended_at=lease.clock(),
            look_again_at=None,
        )
        tell("drain.failed", drain, note=why)
    drain.state = DrainState.FAILED


def _stay(
    stays: list[dict[str, Any]], task: dict[str, Any], sentence: str, way_out: str
) -> None:
    stays.append(
        {
            "instance": task["instance"],
            "name": task["name"],
            "host": task["source"],
            "sentence": sentence,
            "way_out": way_out,
        }
    )
