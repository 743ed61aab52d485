"""One look at a drain: plan it, start it, start some of its moves, or end it.

Nothing waits here: when there is nothing to do it is noted when to look again. The
database is the truth, so after a crash another process continues.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import structlog
from django.db import Error as DatabaseError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from migrations_app.drains import approvals as drain_approvals
from migrations_app.drains import host_services, moves, unplanned
from migrations_app.drains import plan as drain_plan
from migrations_app.drains.audit_entries import tell
from migrations_app.drains.lease import DrainLease, due_drains
from migrations_app.errors import LostLease, WorldError, own_fault
from migrations_app.integrations import connect
from migrations_app.integrations.interfaces import Cloud as CloudPort
from migrations_app.models import Drain, LaneOf, MigrationRequest, OneByOne
from migrations_app.models.failed_item import resting
from migrations_app.models.lease import Clock
from migrations_app.models.states import (
    BEFORE_START,
    DrainState,
    RequestState,
    drain_sources,
)
from migrations_app.requests.windows import places, schedule
from migrations_app.runs.engine import lease_heartbeat

log = structlog.get_logger(__name__)
SOON, LATER = timedelta(seconds=1), timedelta(seconds=5)
# So many moves are begun in one look: each takes as long as its cloud takes to answer.
AT_ONCE = 3
LATE = "The drain was not approved and started in time."
FAILURES = frozenset(
    {
        RequestState.ROLLED_BACK,
        RequestState.HELD,
        RequestState.CLOSED,
        RequestState.LEFT,
    }
)
_D = DrainState


def due_since(now: datetime) -> datetime | None:
    """Return since when a drain waits to be looked at or to expire, if one does."""
    due = due_drains(now).values_list("look_again_at", flat=True).first()
    over = _expired(now).values_list("expires_at", flat=True).first()
    return min((at for at in (due, over) if at is not None), default=None)


def look_at_due(*, clock: Clock = timezone.now, most: int = 3) -> int:
    """Expire overdue drains and advance up to ``most`` due ones; return the number.

    An error about one of them is noted, and the next is served.
    """
    over = OneByOne(LaneOf.DRAIN_EXPIRY, clock())
    for drain in _expired(clock()).select_related("cloud"):
        expire = partial(end_unstarted, drain, _D.EXPIRED, LATE)
        over.serve(f"drain {drain.pk}", expire, number=drain.pk)
    lane, looked = OneByOne(LaneOf.DRAINS, clock()), 0
    for number in list(due_drains(clock()).values_list("pk", flat=True)[:most]):
        look_at = partial(look, number, clock=clock)
        looked += bool(lane.serve(f"drain {number}", look_at, number=number))
    return looked


def look(drain_id: int, *, clock: Clock = timezone.now) -> bool:
    """Look at the drain if it is due and nobody else does; False: it was not ours."""
    lease = DrainLease(drain_id, clock)
    if not lease.claim():
        return False
    with lease_heartbeat.kept_alive(lease):
        try:
            lease.release(look_again_at=_look(lease))
        except LostLease:
            # people have changed it meanwhile, or somebody else has taken it over
            lease.drop()
    return True


def wake(drain_id: int, *, now: datetime) -> None:
    """Have the drain looked at at once: one of its moves is over."""
    Drain.objects.filter(pk=drain_id, state__in=[_D.RUNNING, _D.CANCELLING]).update(
        look_again_at=now
    )


def end_unstarted(drain: Drain, state: DrainState, why: str) -> bool:
    """End a drain that has not begun, with all of its moves."""
    with transaction.atomic():
        changed = Drain.objects.filter(
            pk=drain.pk, state__in=drain_sources(state)
        ).update(state=state, why=why, ended_at=timezone.now(), look_again_at=None)
        if changed != 1:
            return False
        close_moves(drain, RequestState(state.value), why)
        tell(f"drain.{state}", drain, note=why)
    return True


def close_moves(drain: Drain, state: RequestState, why: str) -> int:
    """End the moves that have not begun; return how many. Within a transaction."""
    return drain.moves.filter(state__in=BEFORE_START).update(
        state=state,
        why=f"Drain {drain.pk}: {why}",
        ended_at=timezone.now(),
        open_instance=None,
        look_again_at=None,
    )


def failures(drain: Drain) -> int:
    """Return how many of its moves have failed, are held, or could not be started."""
    return drain.moves.filter(state__in=FAILURES).count()


def _expired(now: datetime) -> QuerySet[Drain]:
    states = [_D.PLANNING, _D.REQUESTED, _D.APPROVED]
    rows = Drain.objects.filter(state__in=states, expires_at__lte=now)
    return rows.exclude(pk__in=resting(LaneOf.DRAIN_EXPIRY, now))


def _look(lease: DrainLease) -> datetime | None:
    """Return when to look again."""
    drain = Drain.objects.select_related("cloud", "asked_by").get(pk=lease.drain_id)
    try:
        match DrainState(drain.state):
            case _D.PLANNING:
                drain_plan.plan(lease, drain)
                return lease.clock()
            case _D.APPROVED:
                return _start(lease, drain)
            case _D.RUNNING:
                return _run(lease, drain)
            case _D.CANCELLING:
                return _end(lease, drain)
        return None
    except LostLease:
        raise
    except WorldError as error:
        lease.write(why=error.sentence)
        return lease.clock() + LATER
    except Exception as error:
        # of the database's errors too, unless it is away: then this raises again
        lease.write(why=own_fault(error))
        if isinstance(error, DatabaseError):
            raise
        log.exception("drain stumbled", drain=drain.pk)
        return lease.clock() + timedelta(minutes=1)


def _start(lease: DrainLease, drain: Drain) -> datetime | None:
    now = lease.clock()
    if said := _calendar(drain, now):
        if said.over:
            end_unstarted(drain, _D.EXPIRED, said.sentence)
            return None
        lease.write(why=f"It cannot start yet: {said.sentence}")
        return max(said.again, now + SOON)
    with transaction.atomic():
        lease.write(only=_D.APPROVED)
        refusal, right = drain_approvals.permit(drain, now=now)
        if refusal:
            lease.write(state=_D.REQUESTED, why=refusal)
            drain.moves.filter(state=RequestState.APPROVED).update(
                state=RequestState.REQUESTED
            )
            tell("drain.sent_back", drain, note=refusal, **right)
            return None
        lease.write(state=_D.RUNNING, why="", started_at=now)
        tell("drain.started", drain, **right)
    return now


def _calendar(drain: Drain, now: datetime) -> schedule.StartBlock | None:
    """Return what the calendar has against a start now, at whichever of the hosts."""
    return schedule.start_block_at(
        places.where(drain.cloud.name, drain.hosts),
        now,
        window=(drain.window_start, drain.window_end),
    )


@dataclass(frozen=True, slots=True)
class _Begin:
    """Begin these moves, in their order; none: wait for those under way."""

    moves: Sequence[MigrationRequest]


@dataclass(frozen=True, slots=True)
class _Pause:
    """Begin nothing until a person has looked."""

    why: str


@dataclass(frozen=True, slots=True)
class _End:
    """No move waits any more."""


def _run(lease: DrainLease, drain: Drain) -> datetime | None:
    cloud = connect.world_of(drain.cloud.name).cloud
    host_services.disable(lease, drain, cloud)
    match _next(drain, cloud, now=lease.clock()):
        case _Begin(ready):
            return _begin(lease, drain, ready)
        case _Pause(why):
            return _pause(lease, drain, why)
        case _End():
            return _end(lease, drain)


def _next(drain: Drain, cloud: CloudPort, *, now: datetime) -> _Begin | _Pause | _End:
    """Return what is to be done with a running drain now. Writes nothing."""
    approved = drain.moves.filter(state=RequestState.APPROVED)
    waiting = list(approved.select_related("cloud").order_by("place"))
    if not waiting:
        return _End()
    failed = failures(drain) - drain.forgiven
    if drain.stop_after and failed >= drain.stop_after:
        return _Pause(
            f"{failed} of its moves failed or could not be started: check them, then"
            " resume or cancel the drain."
        )
    due = [each for each in waiting if (each.look_again_at or now) <= now]
    ready = moves.startable(drain, due) if due else []
    if ready and (refusal := drain_approvals.why_not_on(drain)):
        return _Pause(refusal)
    if ready and (enabled := host_services.enabled_by_others(drain, cloud)):
        return _Pause(
            f"Somebody has enabled {', '.join(enabled)}, so new instances may arrive:"
            " disable the service and resume the drain, or cancel it."
        )
    return _Begin(ready)


def _begin(
    lease: DrainLease, drain: Drain, ready: Sequence[MigrationRequest]
) -> datetime:
    if drain.why:
        lease.write(why="")
    for move in ready[:AT_ONCE]:
        moves.begin(lease, drain, move)
        lease.write(only=_D.RUNNING)
    return lease.clock() if len(ready) > AT_ONCE else lease.clock() + SOON


def _pause(lease: DrainLease, drain: Drain, why: str) -> datetime | None:
    with transaction.atomic():
        lease.write(only=_D.RUNNING, state=_D.PAUSED, why=why)
        tell("drain.paused", drain, note=why)
    return None


def _end(lease: DrainLease, drain: Drain) -> datetime | None:
    """End the drain when none of its moves is under way."""
    if drain.moves.filter(state=RequestState.RUNNING).exists():
        return lease.clock() + SOON
    cloud = connect.world_of(drain.cloud.name).cloud
    # before they are enabled: what comes then is no more the drain's
    left_behind = unplanned.unplanned(drain, cloud)
    host_services.enable(lease, drain, cloud)
    stays = [each for each in drain.stays if not each.get("arrived")] + left_behind
    states = list(drain.moves.values_list("state", flat=True))
    moved = states.count(RequestState.COMPLETED)
    left = len(states) - moved + len(stays)
    why = f"{moved} moved, {left} not moved: see the reasons below." if left else ""
    state = _D.INCOMPLETE if left else _D.COMPLETED
    if drain.state == _D.CANCELLING:
        state = _D.CANCELLED
    with transaction.atomic():
        lease.write(
            only=DrainState(drain.state),
            state=state,
            why=why,
            stays=stays,
            ended_at=lease.clock(),
        )
        tell("drain.ended", drain, note=why, state=state.value, moved=moved, left=left)
    return None
