"""Names of states and procedures on pages; stored and API values differ."""

from __future__ import annotations

from migrations_app.inventory.setup_guide import step as setup_step
from migrations_app.models.states import DrainState, RequestState, RunState, StepState
from migrations_app.procedures.registry import PROCEDURES

_STATES = {
    **dict(RequestState.choices),
    **dict(RunState.choices),
    **dict(StepState.choices),
    **dict(DrainState.choices),
    "blocks": "Blocks",
    # of findings and of the set-up guide
    **{str(state): word for state, word in setup_step.WORDS.items()},
}


def state_word(value: str) -> str:
    """Return the state's name on pages; a state of Nova, in capitals, is unchanged."""
    value = str(value)
    return _STATES.get(value, value if value.isupper() else value.replace("_", " "))


def procedure_name(value: str) -> str:
    """Return the procedure's name on pages; an unknown procedure is unchanged."""
    if value == "auto":
        return "Automatic"
    known = PROCEDURES.get(value)
    return known.title if known else value
