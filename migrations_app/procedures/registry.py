"""The procedures there are: a closed list, no discovery."""

from __future__ import annotations

from migrations_app.errors import Unfit
from migrations_app.integrations.interfaces import Move
from migrations_app.procedures.base import Procedure, Step
from migrations_app.procedures.cold import Cold
from migrations_app.procedures.cold_by_disabling import ColdByDisabling
from migrations_app.procedures.live import Live
from migrations_app.procedures.manual import Manual

PROCEDURES: dict[str, type[Procedure]] = {
    p.name: p for p in (Live, Cold, ColdByDisabling, Manual)
}


def procedure(name: str) -> type[Procedure]:
    """Return the procedure of that name. Raises Unfit when there is none."""
    try:
        return PROCEDURES[name]
    except KeyError:
        known = ", ".join(PROCEDURES)
        raise Unfit(
            f"There is no procedure “{name}”. Choose one of: {known}, or auto."
        ) from None


def steps_by_key(name: str) -> dict[str, Step]:
    """Return the steps of a stored run's procedure; none if it is known no longer."""
    known = PROCEDURES.get(name)
    return {step.key: step for step in known.steps} if known else {}


# The same step has the same title in every procedure: a test holds that.
_TITLES = {step.key: step.title for each in PROCEDURES.values() for step in each.steps}


def step_title(key: str, sentence: str = "") -> str:
    """Return the title of the step of that key.

    A step that a stored plan has and the code no longer knows is named by the words of
    its key, which is its class's name; one without a key by its sentence.
    """
    return _TITLES.get(key) or key.replace("_", " ").capitalize() or sentence


def plan(name: str, move: Move) -> list[dict[str, object]]:
    """Return the plan that people approve: key, sentence, final and commands."""
    return [
        {
            "key": step.key,
            "sentence": step.sentence(move),
            "final": step.final,
            "commands": step.commands(move),
        }
        for step in procedure(name).steps
    ]
