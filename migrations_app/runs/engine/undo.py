"""Back up the plan: undo, in reverse, what was asked; verified by the same checks."""

from __future__ import annotations

from contextlib import suppress
from typing import cast

from migrations_app.errors import Blocked, Conflict, Gone, Refused, Unreachable
from migrations_app.models import Step
from migrations_app.models.states import StepState
from migrations_app.procedures.base import Act, StepStatus
from migrations_app.runs.engine import unknown_moves
from migrations_app.runs.engine.run_context import (
    GRACE,
    Outcome,
    RunContext,
    steps_to_undo,
)
from migrations_app.runs.engine.run_writer import RunWriter


def go_back(context: RunContext, writer: RunWriter) -> Outcome:
    """Take the run one pass further back; only what was asked is undone."""
    context.look_alone()
    rows = steps_to_undo(context.rows, context.plan)
    if not rows:
        return _nothing_left_to_undo(context, writer)
    row = rows[0]
    step = cast(Act, context.step(row))
    if row.undo_begun_at is None:
        writer.save(row, undo_begun_at=context.now, state=StepState.GOING_BACK)
    try:
        return _undo(context, writer, row, step)
    except (Unreachable, Conflict) as error:
        writer.record_trouble(error.sentence, row)
        return _wait(context, writer, row, step)
    except (Blocked, Refused) as error:
        return writer.hold(error.sentence)


def _nothing_left_to_undo(context: RunContext, writer: RunWriter) -> Outcome:
    """Say that all is as before, unless Nova moves the instance in our name."""
    row = context.rows[0]
    try:
        ctx = writer.step_context(row, marker=row.mark)
        why = unknown_moves.move_not_asked_here(context, ctx)
    except Gone:
        why = ""
    except (Blocked, Conflict, Refused, Unreachable) as error:
        why = error.sentence
    return writer.hold(why) if why else writer.rolled_back()


def _undo(context: RunContext, writer: RunWriter, row: Step, step: Act) -> Outcome:
    ctx = writer.step_context(row, marker=row.undo_mark)
    if step.undone(ctx):
        if _request_has_settled(context, writer, row, step):
            writer.step_undone(row)
            return Outcome.CONTINUE
        return _wait(context, writer, row, step)
    match step.check_undo(ctx):
        case StepStatus.DONE if step.final:
            return writer.go_on(row)
        case StepStatus.DONE:
            if not step.undo_first:
                final = _later_final_step_that_is_done(context, writer, row)
                if final is not None:
                    return writer.go_on(final)
            _ask(context, writer, row, step)
        case StepStatus.WAITING if step.interruptible:
            _ask(context, writer, row, step)
    return _wait(context, writer, row, step)


def _later_final_step_that_is_done(
    context: RunContext, writer: RunWriter, row: Step
) -> Step | None:
    """Return the point of no return, if it comes later and is passed in the world.

    Nova, or somebody, may have confirmed a cold migration before we asked. Final steps
    after the first say nothing: there may have been nothing to do in them.
    """
    first = next((each for each in context.rows if context.step(each).final), None)
    if first is None or first.position <= row.position:
        return None
    with suppress(Blocked):  # then it is not done, whatever else it is
        status = context.step(first).check(
            writer.step_context(first, marker=first.mark)
        )
        if status is StepStatus.DONE:
            return first
    return None


def _request_has_settled(
    context: RunContext, writer: RunWriter, row: Step, step: Act
) -> bool:
    """Tell whether the request for the step cannot take effect any more.

    The world looks untouched; but a request that a dead worker made may still be on
    its way there, and one that Nova took may not show yet. What was seen done had taken
    effect, and so had what we have had undone.
    """
    if row.done_at is not None or row.undo_asked_at is not None:
        return True
    try:
        if step.request_seen(writer.step_context(row, marker=row.mark)):
            return False
    except Blocked:
        return True  # Nova took it, and it came to nothing
    return row.asked_at is None or context.now - row.asked_at >= GRACE


def _ask(context: RunContext, writer: RunWriter, row: Step, step: Act) -> None:
    """Ask for the way back, unless the world shows that it was asked already."""
    ctx = writer.step_context(row, marker=row.undo_mark)
    if row.undo_asked_at is None:
        marker = step.request_marker(ctx)
        text = f"Undoing: {row.sentence}"
        writer.record_request(row, text, undo_asked_at=context.now, undo_mark=marker)
        step.undo(writer.step_context(row, marker=marker))
    elif not step.undo_request_seen(ctx) and context.now - row.undo_asked_at >= GRACE:
        text = f"Nova has no record of the request; undoing again: {row.sentence}"
        writer.record_request(row, text, undo_asked_at=context.now)
        step.undo(ctx)


def _wait(context: RunContext, writer: RunWriter, row: Step, step: Act) -> Outcome:
    begun = row.undo_begun_at or context.now
    timeout = step.undo_timeout(context.move)
    if context.now - begun > timeout:
        minutes = int(timeout.total_seconds() // 60)
        return writer.hold(
            f"Undoing this step took longer than {minutes} minutes: {row.sentence}"
        )
    return writer.release(row.undo_asked_at or begun)
