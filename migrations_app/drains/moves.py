"""How one move of a drain begins: as approved, where nothing forbids it, or not at all.

What is approved is the procedure, its steps and what they rest on, at the target or at
one of the fallbacks. A worry that nobody has read stops the move, and it alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import structlog
from django.db import Error as DatabaseError
from django.db import transaction
from django.db.models import F

from migrations_app.audit import recorder as audit
from migrations_app.drains.lease import DrainLease
from migrations_app.drains.planner.model import Limits, Task
from migrations_app.drains.planner.move_order import startable
from migrations_app.errors import Gone, LostLease, NovawebError, own_fault
from migrations_app.integrations import connect as wiring
from migrations_app.models import (
    Cloud,
    Drain,
    Hypervisor,
    Instance,
    MigrationRequest,
    Run,
    Step,
)
from migrations_app.models.states import (
    DROPPED,
    DrainState,
    RequestState,
    request_sources,
)
from migrations_app.preflight.finding import Severity
from migrations_app.requests import plan as planning
from migrations_app.requests import plan_diff as drift
from migrations_app.requests.plan import Draft
from migrations_app.requests.windows import schedule as timetable
from migrations_app.runs import reenable_hosts as restoring
from migrations_app.runs.engine import run_log as journal

log = structlog.get_logger(__name__)
# What may come of the drain's own other moves, and was weighed when it was placed.
OF_THE_DRAIN = frozenset({"group.soft"})
# What may go away when other moves of the drain are over.
PASSING = frozenset({"target.room", "group.affinity", "group.anti_affinity"})
PAUSE = timedelta(seconds=5)


def task_of(move: MigrationRequest) -> Task:
    """Return the move as the order of moves knows it."""
    return Task(move.instance, move.source, move.target or "", move.procedure)


def free(drain: Drain, waiting: Sequence[MigrationRequest]) -> list[MigrationRequest]:
    """Return which of the waiting moves may start under the limits, in their order."""
    running = drain.moves.filter(state=RequestState.RUNNING)
    zones = Hypervisor.objects.filter(cloud=drain.cloud_id).values_list("host", "zone")
    chosen = startable(
        [task_of(move) for move in waiting],
        [task_of(move) for move in running],
        Limits(**drain.limits),
        dict(zones),
    )
    names = {task.guest for task in chosen}
    return [move for move in waiting if move.instance in names]


def start(lease: DrainLease, drain: Drain, move: MigrationRequest) -> bool:
    """Begin the move's run, have it wait, or leave it; True when it began.

    Raises LostLease and the errors of the database.
    """
    now = lease.clock()
    if sentence := restoring.in_the_way(move):
        wait(lease, move, sentence)
        return False
    if said := timetable.start_block(move, now):
        if said.over:
            leave(lease, drain, move, said.sentence)
        else:
            wait(lease, move, said.sentence, until=said.again)
        return False
    try:
        return _try(lease, drain, move)
    except Gone as error:
        leave(lease, drain, move, error.sentence, RequestState.WITHDRAWN)
    except LostLease:
        raise
    except NovawebError as error:
        wait(lease, move, error.sentence)
    except DatabaseError:
        raise
    except Exception as error:
        log.exception("move not started", request=move.pk)
        leave(lease, drain, move, own_fault(error))
    return False


def _try(lease: DrainLease, drain: Drain, move: MigrationRequest) -> bool:
    refused: list[tuple[str, str]] = []
    for target in (move.target or "", *move.fallbacks):
        other = target != move.target
        if other and _crowded(drain, move, target):
            continue
        drawn = planning.draft(
            wiring.world_for(drain.cloud.name),
            instance=move.instance,
            procedure=move.procedure,
            target=target,
            options=move.options,
            edition=move.edition + other,
            token=move.token,
        )
        if drawn.move.source != move.source:
            where = drawn.move.source or "no host"
            leave(
                lease,
                drain,
                move,
                f"It is on {where} by now, not on {move.source}: somebody moved it.",
                RequestState.WITHDRAWN,
            )
            return False
        if gaps := [*drawn.unread.values(), *drawn.silent.values()]:
            wait(lease, move, gaps[0])
            return False
        if drawn.blocking:
            finding = drawn.blocking[0]
            refused.append((finding.rule, f"{target}: {finding.sentence}"))
            continue
        if worry := strange(move, drawn, other=other):
            refused.append(("", f"{target}: {worry}"))
            continue
        return _begin(lease, drain, move, drawn, target)
    others = drain.moves.filter(state=RequestState.RUNNING).exists()
    if others and any(rule in PASSING for rule, _ in refused):
        wait(lease, move, f"Other moves must be over first. {refused[0][1]}")
        return False
    said = " ".join(sentence for _, sentence in refused)
    leave(lease, drain, move, f"No approved target takes it as approved. {said}")
    return False


def strange(move: MigrationRequest, drawn: Draft, *, other: bool) -> str:
    """Return what of the plan nobody has approved, as a sentence; empty: nothing.

    ``other``: it is for a fallback, whose name is in its sentences.
    """
    approved = {
        (each["rule"], each["severity"], "" if other else each["sentence"])
        for each in move.findings
    }
    for each in drawn.findings:
        said = (each.rule, str(each.severity), "" if other else each.sentence)
        quiet = each.severity is Severity.OK or each.rule in OF_THE_DRAIN
        if not quiet and said not in approved:
            return f"New since the approval: {each.sentence}"
    if not other:
        lines = drift.differences(move, drawn)
        real = [line for line in lines if line["what"] != "finding"]
        return drift.sentences(real) if real else ""
    shape = [(step["key"], step["final"]) for step in drawn.plan]
    if shape != [(step["key"], step["final"]) for step in move.plan]:
        return "Its steps would be others than those approved."
    if dict(drawn.move.facts) != dict(move.facts):
        return "What its plan rests on is not what was approved."
    return ""


def _crowded(drain: Drain, move: MigrationRequest, target: str) -> bool:
    """Whether a mate of its server group goes, or went, to that host in this drain."""
    known = Instance.objects.filter(cloud=drain.cloud_id)
    group = known.filter(uuid=move.instance).values_list("group", flat=True).first()
    if not group:
        return False
    mates = known.filter(group=group).values("uuid")
    rows = drain.moves.exclude(state__in=DROPPED).exclude(pk=move.pk)
    return rows.filter(target=target, instance__in=mates).exists()


def _begin(
    lease: DrainLease, drain: Drain, move: MigrationRequest, drawn: Draft, target: str
) -> bool:
    now = lease.clock()
    other = target != move.target
    fields: dict[str, Any] = {}
    if other:
        fields = {**drawn.as_fields(), "target": target}
    with transaction.atomic():
        # takes the row's lock: of two that may not run at once one finds the other
        Cloud.objects.filter(pk=drain.cloud_id).update(name=F("name"))
        lease.write(only=DrainState.RUNNING)
        if restoring.in_the_way(move) or timetable.start_block(move, now):
            return False
        before = move.target
        move.target = target
        if not free(drain, [move]):
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
        how = f"at {target}, a fallback of {before}" if other else "as it was approved"
        journal.add_note(run.pk, f"Drain {drain.pk} begins this move, {how}.", at=now)
        audit.record(
            "run.started",
            run=run,
            after={
                "digest": move.plan_digest,
                "drain": drain.pk,
                "drain_digest": drain.plan_digest,
                **({"instead_of": before} if other else {}),
            },
        )
    return True


def wait(
    lease: DrainLease, move: MigrationRequest, sentence: str, *, until: Any = None
) -> None:
    """Say why the move waits, and do not try it before then."""
    lease.write()
    MigrationRequest.objects.filter(pk=move.pk, state=RequestState.APPROVED).update(
        why=f"It cannot start yet and is tried again: {sentence}",
        look_again_at=until or lease.clock() + PAUSE,
    )


def leave(
    lease: DrainLease,
    drain: Drain,
    move: MigrationRequest,
    why: str,
    state: RequestState = RequestState.LEFT,
) -> None:
    """The move is not made; the others go on."""
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
            audit.record(
                "drain.left",
                request=move,
                note=why,
                after={"drain": drain.pk, "name": str(drain.pk)},
            )
