"""What each button of a held run would do now, given what an inspection found."""

from __future__ import annotations

from dataclasses import dataclass

from migrations_app.access.permissions import Verb
from migrations_app.models.states import RunState, StepState
from migrations_app.procedures.base import StepStatus
from migrations_app.procedures.registry import steps_by_key
from migrations_app.runs.engine.run_context import past_point_of_no_return
from migrations_app.runs.inspection import Inspection


@dataclass(frozen=True, slots=True)
class ActionPreview:
    """What a verb would do, as the end of a sentence; or, ``refused``, why it would not
    be done."""

    verb: Verb
    effect: str
    refused: bool = False


def preview_actions(inspection: Inspection) -> tuple[ActionPreview, ...]:
    """Return what the three verbs of a held run would do; nothing of other runs."""
    if inspection.run.state != RunState.HELD:
        return ()
    looking = _look_again_back if inspection.going_back else _look_again_forward
    return (
        ActionPreview(Verb.LOOK_AGAIN, looking(inspection)),
        _go_back(inspection),
        ActionPreview(Verb.CLOSE, _close(inspection)),
    )


def _look_again_forward(inspection: Inspection) -> str:
    step, verdict = inspection.current_step, inspection.verdict
    if step is None:
        return "finds every step done, so the move is complete."
    if verdict.blocked:
        plan = steps_by_key(inspection.run.request.procedure)
        past = past_point_of_no_return(inspection.steps, plan)
        holds = verdict.holds or past
        what = "is held again" if holds else "rolls back"
        return f"{what} at once: {verdict.blocked}"
    match verdict.status:
        case StepStatus.DONE:
            return f"finds this step done, {_then(inspection)}"
        case StepStatus.WAITING:
            return (
                "continues to wait, with a new time limit: Nova is still working on"
                " the request."
            )
        case StepStatus.READY if step.asked_at is not None:
            return (
                "searches Nova for a record of the request, and repeats the request"
                f" if there is none: {step.sentence}"
            )
        case StepStatus.READY:
            return f"continues with this step: {step.sentence}"
    return (
        "continues the plan from this step. The state of the step could not be read:"
        f" {verdict.trouble}"
    )


def _then(inspection: Inspection) -> str:
    """Return what comes after the current step."""
    step = inspection.current_step
    later = [s for s in inspection.steps if step and s.position > step.position]
    if not later:
        return "so the move is complete."
    return f"and continues with the next: {later[0].sentence}"


def _look_again_back(inspection: Inspection) -> str:
    step, verdict = inspection.current_step, inspection.verdict
    if step is None:
        return "continues to roll back."
    if verdict.blocked:
        return f"is held again at once: {verdict.blocked}"
    match verdict.status:
        case StepStatus.READY:
            return "finds this step undone, and continues with the step before."
        case StepStatus.WAITING:
            return "waits until the running step has ended, then undoes it."
        case StepStatus.DONE if step.final:
            return (
                "finds this step done and irreversible, so the run continues instead."
            )
        case StepStatus.DONE:
            return f"undoes this step: {step.sentence}"
    return (
        "continues to roll back from this step. The state of the step could not be"
        f" read: {verdict.trouble}"
    )


def _go_back(inspection: Inspection) -> ActionPreview:
    if any(s.final and s.state == StepState.DONE for s in inspection.steps):
        why = "is refused: the point of no return is passed."
        return ActionPreview(Verb.GO_BACK, why, refused=True)
    if not inspection.to_undo:
        return ActionPreview(
            Verb.GO_BACK,
            "has nothing to undo: the run ends as rolled back.",
        )
    return ActionPreview(Verb.GO_BACK, _undo(inspection))


def _undo(inspection: Inspection) -> str:
    first, verdict = inspection.to_undo[0], inspection.undo_verdict
    if verdict.blocked:
        return f"is held again at once: {verdict.blocked}"
    all_of_it = " Then: ".join(step.sentence for step in inspection.to_undo)
    match verdict.status:
        case StepStatus.DONE if first.final:
            return (
                "comes too late: the point of no return is passed, so the run"
                f" continues instead: {first.sentence}"
            )
        case StepStatus.WAITING:
            return (
                "waits for the running step or aborts it, then undoes, in reverse"
                f" order: {all_of_it}"
            )
        case None:
            return (
                f"undoes, in reverse order: {all_of_it} The current state could not"
                f" be read: {verdict.trouble}"
            )
    return f"undoes, in reverse order: {all_of_it}"


def _close(inspection: Inspection) -> str:
    server = inspection.server
    where = (
        f"The instance stays as it is: {server.status} on {server.host}."
        if server is not None
        else (
            "The state of the instance could not be read: check it before you"
            " close the run."
        )
    )
    count = len(inspection.differing)
    thing = "thing is" if count == 1 else "things are"
    differ = f" {count} {thing} not as the step expects." if count else ""
    return (
        f"ends the run. {where}{differ} novaweb makes no further request to the cloud"
        " and undoes nothing."
    )
