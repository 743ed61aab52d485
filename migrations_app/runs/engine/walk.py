"""The walk: claim a run, go as far as the world allows, give it back.

It never waits: when a step says WAITING it notes when to look again and ends. Before
every request to a neighbour it commits what it is about to ask, so that after a crash
another process knows that it may have been asked, and looks for its trace in the world.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog
from django.db import InterfaceError, InternalError, OperationalError, ProgrammingError
from django.utils import timezone

from migrations_app.errors import LostLease, own_fault
from migrations_app.integrations.interfaces import World
from migrations_app.models.lease import Clock
from migrations_app.models.states import RunState
from migrations_app.runs.engine import lease_heartbeat
from migrations_app.runs.engine.forward import go_forward
from migrations_app.runs.engine.lease import RunLease
from migrations_app.runs.engine.run_context import Outcome, RunContext
from migrations_app.runs.engine.run_writer import RunWriter
from migrations_app.runs.engine.undo import go_back

log = structlog.get_logger(__name__)
WorldOf = Callable[[str], World]
# The database does not answer, or does not know our tables yet: it will come round.
# What else it says is about what this run writes, and would be said for ever.
DATABASE_AWAY = (InterfaceError, InternalError, OperationalError, ProgrammingError)


def walk(
    run_id: int, world_of: WorldOf, *, clock: Clock = timezone.now
) -> Outcome | None:
    """Walk the run if it is due and nobody else does; None when it was not ours.

    Afterwards the run is over, held, or due again later. When the database is away
    its error escapes: the lease lapses and the run is looked at again later.
    """
    lease = RunLease(run_id, clock)
    if not lease.claim():
        return None
    with lease_heartbeat.kept_alive(lease):
        try:
            return _walk(lease, world_of)
        except LostLease:
            log.warning("lease lost", run=run_id)
            return None


def _walk(lease: RunLease, world_of: WorldOf) -> Outcome:
    context = RunContext(lease.run_id, world_of, clock=lease.clock)
    writer = RunWriter(context, lease)
    if not context.plan_is_known:
        return writer.hold(
            "The steps of this procedure have changed since they were approved. Look"
            " at the instance in Nova, then close the run manually and request the"
            " move again."
        )
    outcome = Outcome.CONTINUE
    try:
        while outcome is Outcome.CONTINUE:
            running = context.run.state == RunState.RUNNING
            outcome = (go_forward if running else go_back)(context, writer)
            if outcome is Outcome.CONTINUE:
                context.refresh()
    except (LostLease, *DATABASE_AWAY):
        raise
    except Exception as error:
        # an error of our own: a person must look, the run must not spin
        log.exception("walk failed", run=lease.run_id)
        return writer.hold(
            f"{own_fault(error)} Nothing further was asked of Nova. Use “Look again”"
            " when the error is fixed."
        )
    return outcome
