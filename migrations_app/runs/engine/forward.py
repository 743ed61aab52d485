"""Down the plan: look at the first step that is not done, and nudge it if need be."""

from __future__ import annotations

from migrations_app.errors import Blocked, Conflict, Refused, Unreachable
from migrations_app.models import Step
from migrations_app.models.states import StepState
from migrations_app.procedures.base import Act, ForceCompletable, StepStatus
from migrations_app.procedures.base import Step as PlanStep
from migrations_app.runs.engine.run_context import GRACE, Footing, Way


def forward(foot: Footing) -> Way:
    """Take the run one stretch further down its plan."""
    row = next((r for r in foot.rows if r.state != StepState.DONE), None)
    if row is None:
        return foot.complete()
    if foot.run.stop_asked_at is not None:
        return _stop(foot)
    step = foot.step(row)
    try:
        return _look(foot, row, step)
    except (Unreachable, Conflict) as error:
        foot.worry(error.sentence, row)
        return _wait(foot, row, step)
    except Refused as error:
        return foot.hold(error.sentence)
    except Blocked as error:
        return _trouble(foot, error.sentence)


def _look(foot: Footing, row: Step, step: PlanStep) -> Way:
    ctx = foot.step_context(row, mark=row.mark)
    match step.check(ctx):
        case StepStatus.DONE:
            foot.done(row)
            return Way.ON
        case StepStatus.READY if isinstance(step, Act):
            return _ask(foot, row, step)
        case StepStatus.WAITING if isinstance(step, ForceCompletable):
            _force_complete(foot, row, step)
    foot.calm()
    return _wait(foot, row, step)


def _ask(foot: Footing, row: Step, step: Act) -> Way:
    """Ask for the step, unless the world shows that it was asked already."""
    ctx = foot.step_context(row, mark=row.mark)
    if row.asked_at is None:
        mark = step.request_marker(ctx)
        foot.begin(row)
        foot.asking(row, f"Asking: {row.sentence}", asked_at=foot.now, mark=mark)
        step.do(foot.step_context(row, mark=mark))
        if step.synchronous:
            return Way.ON
    elif not step.request_seen(ctx):
        if foot.now - row.asked_at < GRACE:
            return _wait(foot, row, step)
        foot.asking(
            row,
            f"There is no trace of the request; asking again: {row.sentence}",
            asked_at=foot.now,
        )
        step.do(ctx)
    foot.calm()
    return _wait(foot, row, step)


def _force_complete(foot: Footing, row: Step, step: ForceCompletable) -> None:
    """Pass a person's wish on: once, and say so when Nova will not have it."""
    if foot.run.force_asked_at is None or foot.run.force_sent_at is not None:
        return
    foot.lease.write(force_sent_at=foot.now)
    foot.asking(row, "Asking Nova to complete the migration by force.")
    try:
        step.force_complete(foot.step_context(row, mark=row.mark))
    except (Blocked, Conflict, Unreachable, Refused) as error:
        foot.say(f"Nova did not take it: {error.sentence}", row)


def _wait(foot: Footing, row: Step, step: PlanStep) -> Way:
    foot.begin(row)
    begun = row.begun_at or foot.now
    patience = step.timeout(foot.move)
    if foot.now - begun > patience:
        minutes = int(patience.total_seconds() // 60)
        last = f" Last: {foot.run.why}" if foot.run.why else ""
        return _trouble(
            foot, f"This took longer than {minutes} minutes: {row.sentence}{last}"
        )
    return foot.rest(row.asked_at or begun)


def _stop(foot: Footing) -> Way:
    who = foot.run.stop_asked_by
    if _past_return(foot):
        foot.lease.write(stop_asked_at=None)
        foot.say(f"{who} asked to stop, but the point of no return is passed.")
        return Way.ON
    return foot.turn_back(f"{who} asked to stop.")


def _trouble(foot: Footing, sentence: str) -> Way:
    return foot.hold(sentence) if _past_return(foot) else foot.turn_back(sentence)


def _past_return(foot: Footing) -> bool:
    """Tell whether a final step is done, or was asked and cannot be called off."""
    for row in foot.rows:
        step = foot.step(row)
        if step.final and row.state == StepState.DONE:
            return True
        if (
            step.final
            and row.asked_at
            and not (isinstance(step, Act) and step.reversible)
        ):
            return True
    return False
