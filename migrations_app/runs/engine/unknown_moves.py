"""Looks whether Nova is ahead of this database: it may be an older backup, restored.

A run that has asked for no move yet knows nothing of what was asked for in its name
after the backup was made. So before it asks first, and before it says that nothing was
changed, it looks for moves of the instance that our account asked for since the plan
was made.
"""

from __future__ import annotations

from migrations_app.procedures.base import StepContext
from migrations_app.procedures.steps import request_trace
from migrations_app.runs.engine.run_context import RunContext


def move_not_asked_here(context: RunContext, ctx: StepContext) -> str:
    """Return why the run must be held; empty: Nova has no move that it cannot know.

    A request of an older edition did not note which moves Nova had: nothing is known
    then, and nothing is said. Raises the errors of the cloud.
    """
    known = context.run.request.newest_migration
    if known is None or _asked_for_a_move(context):
        return ""
    found = request_trace.own_move_after(ctx, known)
    if not found:
        return ""
    return (
        f"Nova has a move of this instance ({found}) that began after this plan was"
        " made, and that this run has not asked for. That is so when the database was"
        " restored from a backup that is older than the move. Nothing was asked of Nova"
        " again. When that move is over, look where the instance is, close this run"
        " manually, and request the move again if it is still needed."
    )


def _asked_for_a_move(context: RunContext) -> bool:
    """Tell whether a request for a move was noted: then its own mark is looked at."""
    return any(
        row.asked_at is not None and request_trace.is_of_a_move(row.mark)
        for row in context.rows
    )
