"""Whether another clock agrees with the one of this process."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from migrations_app.inventory.setup_guide.step import State, Step
from migrations_app.wording import duration

# Clocks that differ by less do no harm (docs/running.md: to within a second).
CLOSE = timedelta(seconds=1)


def clock_step(name: str, at: datetime, asked: datetime, answered: datetime) -> Step:
    """Return the step about a clock that showed ``at``, somewhen between both times."""
    step = Step(
        name,
        State.OK,
        "It agrees with the clock of the web process, to within a second.",
        "Have NTP running on all machines (chronyc tracking, timedatectl).",
        "Moves start early or late in their windows, and workers take running moves"
        " away from each other.",
    )
    early, late = asked - at, at - answered
    if max(early, late) <= CLOSE:
        return step
    word = "behind" if early > late else "ahead of"
    found = (
        f"It is {duration(max(early, late))} {word} the clock of the web process, or"
        " more."
    )
    return replace(step, state=State.FAILS, found=found)
