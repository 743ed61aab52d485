"""The plan of one move of a drain: to which target, and by which procedure."""

from __future__ import annotations

from typing import Any

from migrations_app.errors import Gone
from migrations_app.integrations import connect
from migrations_app.models import Drain
from migrations_app.requests import plan as request_plan
from migrations_app.requests.plan import Draft

_ALONE = (
    "Request its move separately: its checks say what can be done about this, and its "
    "approvers decide whether it is worth it."
)


class CannotMove(Exception):
    """An instance that the drain leaves where it is: why, and what can be done."""

    def __init__(self, sentence: str, way_out: str) -> None:
        self.sentence, self.way_out = sentence, way_out


def draw(drain: Drain, task: dict[str, Any]) -> tuple[Draft, str, list[str]]:
    """Return the plan for the first target that nothing forbids, and the others.

    The procedure is what "auto" stands for to that target. One that harms the guest
    more than another target would is taken only when no other target is better; one
    that is grave, never: nobody reads the checks of each of many moves. Raises
    CannotMove, Gone, and what the cloud raises.
    """
    world = connect.world_for(drain.cloud.name)
    first: CannotMove | None = None
    possible: tuple[Draft, str, list[str]] | None = None
    for index, target in enumerate(task["targets"]):
        drawn = request_plan.draft(
            world,
            instance=task["instance"],
            procedure=request_plan.AUTO,
            target=target,
            options={},
        )
        if drawn.move.source != task["source"]:
            if drain.hosts and drawn.move.source not in drain.hosts:
                raise Gone("The instance has left the host meanwhile.")
            raise CannotMove(
                f"It is on {drawn.move.source or 'no host'} now.", "Request it again."
            )
        if drawn.unread:
            why = next(iter(drawn.unread.values()))
            raise CannotMove(f"Not everything could be checked: {why}", "Retry later.")
        if drawn.blocking:
            finding = drawn.blocking[0]
            first = first or CannotMove(finding.sentence, finding.remedy)
            continue
        if drawn.grave is not None:
            first = first or CannotMove(drawn.grave.sentence, _ALONE)
            continue
        found = drawn, target, list(task["targets"][index + 1 :])
        if not drawn.better_elsewhere:
            return found
        possible = possible or found
    if possible is not None:
        return possible
    raise first or CannotMove("There is no host for it.", "Allow more targets.")
