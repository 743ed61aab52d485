"""What each button of a held run would do now, given what the world is."""

from __future__ import annotations

from dataclasses import dataclass

from migrations_app.access.permissions import Verb
from migrations_app.models.states import RunState, StepState
from migrations_app.procedures import base
from migrations_app.procedures.registry import PROCEDURES
from migrations_app.runs.inspection import WorldNow


@dataclass(frozen=True, slots=True)
class Would:
    """A verb, and what it would do; or, ``refused``, why it would not."""

    verb: Verb
    words: str
    refused: bool = False


def would(now: WorldNow) -> tuple[Would, ...]:
    """Return what the three verbs of a held run would do; of others nothing."""
    if now.run.state != RunState.HELD:
        return ()
    return (
        Would(Verb.LOOK_AGAIN, _back(now) if now.back else _on(now)),
        _go_back(now),
        Would(Verb.CLOSE, _close(now)),
    )


def _plan(now: WorldNow) -> dict[str, base.Step]:
    procedure = PROCEDURES.get(now.run.request.procedure)
    return {step.key: step for step in procedure.steps} if procedure else {}


def _on(now: WorldNow) -> str:
    if now.step is None:
        return "finds every step done, so the move is complete."
    step, says = now.step, now.says
    if says.blocked:
        what = "is held again" if _past_return(now) else "turns back"
        return f"{what} at once: {says.blocked}"
    match says.verdict:
        case base.StepStatus.DONE:
            return f"finds this step done by now, {_next(now)}"
        case base.StepStatus.WAITING:
            return "waits on, with its patience renewed: what was asked is on its way."
        case base.StepStatus.READY if step.asked_at is not None:
            return (
                "looks for a trace of what was asked, and asks again if there is none:"
                f" {step.sentence}"
            )
        case base.StepStatus.READY:
            return f"goes on with this step: {step.sentence}"
    return (
        "goes on with the plan from this step. What the step would find could not be"
        f" read: {says.trouble}"
    )


def _next(now: WorldNow) -> str:
    later = [s for s in now.steps if now.step and s.position > now.step.position]
    if not later:
        return "so the move is complete."
    return f"and goes on with the next: {later[0].sentence}"


def _back(now: WorldNow) -> str:
    if now.step is None:
        return "goes on going back."
    says = now.says
    if says.blocked:
        return f"is held again at once: {says.blocked}"
    match says.verdict:
        case base.StepStatus.READY:
            return "finds this step undone by now, and goes on with what came before."
        case base.StepStatus.WAITING:
            return "waits until what is under way has come to rest, then undoes it."
        case base.StepStatus.DONE if now.step.final:
            return "finds this step done for good, so the run goes on instead."
        case base.StepStatus.DONE:
            return f"undoes this step: {now.step.sentence}"
    return (
        "goes on going back from this step. What it would find could not be read:"
        f" {says.trouble}"
    )


def _go_back(now: WorldNow) -> Would:
    if any(s.final and s.state == StepState.DONE for s in now.steps):
        return Would(
            Verb.GO_BACK, "is refused: the point of no return is passed.", refused=True
        )
    if not now.undo:
        return Would(
            Verb.GO_BACK,
            "has nothing to undo, for nothing is left of what was asked: the run ends"
            " as rolled back.",
        )
    return Would(Verb.GO_BACK, _undo(now))


def _undo(now: WorldNow) -> str:
    first, says = now.undo[0], now.undo_says
    if says.blocked:
        return f"is held again at once: {says.blocked}"
    all_of_it = " Then: ".join(step.sentence for step in now.undo)
    match says.verdict:
        case base.StepStatus.DONE if first.final:
            return (
                "comes too late: this is done by now, and it is the point of no return,"
                f" so the run goes on instead: {first.sentence}"
            )
        case base.StepStatus.WAITING:
            return (
                "waits for what is under way, or calls it off, and undoes, in reverse:"
                f" {all_of_it}"
            )
        case None:
            return (
                f"undoes, in reverse: {all_of_it} How that stands could not be read:"
                f" {says.trouble}"
            )
    return f"undoes, in reverse: {all_of_it}"


def _close(now: WorldNow) -> str:
    server = now.server
    where = (
        f"The instance stays as it is: {server.status} on {server.host}."
        if server is not None
        else "What the instance is now could not be read: look before you close."
    )
    count = len(now.differing)
    thing = "thing is" if count == 1 else "things are"
    differ = f" {count} {thing} not as the step wants it." if count else ""
    return (
        f"ends the run. {where}{differ} Nothing more is asked of the cloud, and nothing"
        " is undone."
    )


def _past_return(now: WorldNow) -> bool:
    """Tell whether trouble holds the run instead of turning it (engine/forward.py)."""
    plan = _plan(now)
    for row in now.steps:
        step = plan.get(row.key)
        if row.final and row.state == StepState.DONE:
            return True
        gone = row.final and row.asked_at is not None
        if gone and not (isinstance(step, base.Act) and step.reversible):
            return True
    return False
