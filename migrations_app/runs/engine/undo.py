"""Back up the plan: undo, in reverse, what was asked; verified by the same looks."""

from __future__ import annotations

from contextlib import suppress

from migrations_app.errors import Blocked, Conflict, Refused, Unreachable
from migrations_app.models import Step
from migrations_app.models.states import StepState
from migrations_app.procedures.base import Act, StepStatus
from migrations_app.runs.engine.run_context import GRACE, Footing, Way


def back(foot: Footing) -> Way:
    """Take the run one stretch further back; only what was asked is undone."""
    for row in sorted(foot.rows, key=lambda row: _turn(foot, row)):
        step = foot.step(row)
        if row.asked_at is None or row.state == StepState.UNDONE:
            continue
        if not isinstance(step, Act):
            continue
        if row.undo_begun_at is None:
            foot.save(row, undo_begun_at=foot.now, state=str(StepState.GOING_BACK))
        try:
            return _undo(foot, row, step)
        except (Unreachable, Conflict) as error:
            foot.worry(error.sentence, row)
            return _wait(foot, row, step)
        except (Blocked, Refused) as error:
            return foot.hold(error.sentence)
    return foot.rolled_back()


def _turn(foot: Footing, row: Step) -> tuple[bool, int]:
    """Sort what is urgent first, then the last step first."""
    step = foot.step(row)
    return not (isinstance(step, Act) and step.undo_first), -row.position


def _undo(foot: Footing, row: Step, step: Act) -> Way:
    ctx = foot.step_context(row, mark=row.undo_mark)
    if step.undone(ctx):
        if _settled(foot, row, step):
            foot.undone(row)
            return Way.ON
        return _wait(foot, row, step)
    match step.check_undo(ctx):
        case StepStatus.DONE if step.final:
            return foot.go_on(row)
        case StepStatus.DONE:
            if not step.undo_first and (past := _passed(foot, row)) is not None:
                return foot.go_on(past)
            _ask(foot, row, step)
        case StepStatus.WAITING if step.interruptible:
            _ask(foot, row, step)
    return _wait(foot, row, step)


def _passed(foot: Footing, row: Step) -> Step | None:
    """Return the point of no return, if it comes later and is passed in the world.

    Nova, or somebody, may have confirmed a cold migration before we asked. Final steps
    after the first say nothing: there may have been nothing to do in them.
    """
    first = next((each for each in foot.rows if foot.step(each).final), None)
    if first is None or first.position <= row.position:
        return None
    with suppress(Blocked):  # then it is not done, whatever else it is
        if (
            foot.step(first).check(foot.step_context(first, mark=first.mark))
            is StepStatus.DONE
        ):
            return first
    return None


def _settled(foot: Footing, row: Step, step: Act) -> bool:
    """Tell whether the request for the step cannot take effect any more.

    The world looks untouched; but a request that a dead worker made may still be on
    its way there, and one that Nova took may not show yet. What was seen done had taken
    effect, and so had what we have had undone.
    """
    if row.done_at is not None or row.undo_asked_at is not None:
        return True
    try:
        if step.request_seen(foot.step_context(row, mark=row.mark)):
            return False
    except Blocked:
        return True  # Nova took it, and it came to nothing
    return row.asked_at is None or foot.now - row.asked_at >= GRACE


def _ask(foot: Footing, row: Step, step: Act) -> None:
    """Ask for the way back, unless the world shows that it was asked already."""
    ctx = foot.step_context(row, mark=row.undo_mark)
    if row.undo_asked_at is None:
        mark = step.request_marker(ctx)
        text = f"Asking to undo: {row.sentence}"
        foot.asking(row, text, undo_asked_at=foot.now, undo_mark=mark)
        step.undo(foot.step_context(row, mark=mark))
    elif not step.undo_request_seen(ctx) and foot.now - row.undo_asked_at >= GRACE:
        text = f"There is no trace of it; asking again to undo: {row.sentence}"
        foot.asking(row, text, undo_asked_at=foot.now)
        step.undo(ctx)


def _wait(foot: Footing, row: Step, step: Act) -> Way:
    begun = row.undo_begun_at or foot.now
    patience = step.undo_timeout(foot.move)
    if foot.now - begun > patience:
        minutes = int(patience.total_seconds() // 60)
        return foot.hold(
            f"The way back took longer than {minutes} minutes: {row.sentence}"
        )
    return foot.rest(row.undo_asked_at or begun)
