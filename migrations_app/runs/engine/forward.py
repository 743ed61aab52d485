"""Down the plan: check the first step that is not done, and ask for it if need be."""

from __future__ import annotations

from migrations_app.errors import (
    Blocked,
    Conflict,
    Refused,
    Uncertain,
    Unreachable,
)
from migrations_app.models import Step
from migrations_app.models.states import StepState
from migrations_app.procedures.base import Act, ForceCompletable, StepStatus
from migrations_app.procedures.base import Step as PlanStep
from migrations_app.runs.engine import unknown_moves
from migrations_app.runs.engine.run_context import (
    GRACE,
    Outcome,
    RunContext,
    past_point_of_no_return,
)
from migrations_app.runs.engine.run_writer import RunWriter


def go_forward(context: RunContext, writer: RunWriter) -> Outcome:
    """Take the run one pass further down its plan."""
    row = next((r for r in context.rows if r.state != StepState.DONE), None)
    if row is None:
        return writer.complete()
    if context.run.stop_asked_at is not None:
        return _stop(context, writer)
    step = context.step(row)
    try:
        context.share_look(row)
        return _check(context, writer, row, step)
    except (Unreachable, Conflict) as error:
        writer.record_trouble(error.sentence, row)
        return _wait(context, writer, row, step)
    except (Refused, Uncertain) as error:
        return writer.hold(error.sentence)
    except Blocked as error:
        return _turn_back_or_hold(context, writer, error.sentence)


def _check(
    context: RunContext, writer: RunWriter, row: Step, step: PlanStep
) -> Outcome:
    match step.check(writer.step_context(row, marker=row.mark)):
        case StepStatus.DONE:
            writer.step_done(row)
            return Outcome.CONTINUE
        case StepStatus.READY if isinstance(step, Act):
            return _ask(context, writer, row, step)
        case StepStatus.WAITING if isinstance(step, ForceCompletable):
            _force_complete(context, writer, row, step)
    writer.clear_trouble()
    return _wait(context, writer, row, step)


def _ask(context: RunContext, writer: RunWriter, row: Step, step: Act) -> Outcome:
    """Ask for the step, unless the world shows that it was asked already."""
    ctx = writer.step_context(row, marker=row.mark)
    if row.asked_at is None:
        if why := unknown_moves.move_not_asked_here(context, ctx):
            return writer.hold(why)
        marker = step.request_marker(ctx)
        writer.begin(row)
        text = f"Starting: {row.sentence}"
        writer.record_request(row, text, asked_at=context.now, mark=marker)
        context.look_alone()
        step.do(writer.step_context(row, marker=marker))
        if step.synchronous:
            return Outcome.CONTINUE
    elif not step.request_seen(ctx):
        if context.now - row.asked_at < GRACE:
            return _wait(context, writer, row, step)
        text = f"Nova has no record of the request; starting again: {row.sentence}"
        writer.record_request(row, text, asked_at=context.now)
        step.do(ctx)
    writer.clear_trouble()
    return _wait(context, writer, row, step)


def _force_complete(
    context: RunContext, writer: RunWriter, row: Step, step: ForceCompletable
) -> None:
    """Pass a person's wish on: once, and say so when Nova will not have it."""
    run = context.run
    if run.force_asked_at is None or run.force_sent_at is not None:
        return
    writer.lease.write(force_sent_at=context.now)
    writer.record_request(row, "Asking Nova to complete the migration by force.")
    try:
        step.force_complete(writer.step_context(row, marker=row.mark))
    except (Blocked, Conflict, Unreachable, Refused) as error:
        writer.log(f"Nova did not take it: {error.sentence}", row)


def _wait(context: RunContext, writer: RunWriter, row: Step, step: PlanStep) -> Outcome:
    writer.begin(row)
    begun = row.begun_at or context.now
    timeout = step.timeout(context.move)
    if context.now - begun > timeout:
        minutes = int(timeout.total_seconds() // 60)
        last = f" Last: {context.run.why}" if context.run.why else ""
        sentence = f"This took longer than {minutes} minutes: {row.sentence}{last}"
        if step.holds:
            return writer.hold(f"{sentence} {step.holds}")
        return _turn_back_or_hold(context, writer, sentence)
    return writer.release(row.asked_at or begun)


def _stop(context: RunContext, writer: RunWriter) -> Outcome:
    who = context.run.stop_asked_by
    if past_point_of_no_return(context.rows, context.plan):
        writer.lease.write(stop_asked_at=None)
        writer.log(f"{who} requested a stop, but the point of no return is passed.")
        return Outcome.CONTINUE
    return writer.turn_back(f"{who} requested a stop.")


def _turn_back_or_hold(
    context: RunContext, writer: RunWriter, sentence: str
) -> Outcome:
    if past_point_of_no_return(context.rows, context.plan):
        return writer.hold(sentence)
    return writer.turn_back(sentence)
