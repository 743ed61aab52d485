"""What a walk knows of the run that it has claimed: rows, plan, inputs and cloud.

Nothing is written here: see run_writer.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from enum import Enum, auto
from functools import cached_property
from typing import cast

from migrations_app.integrations.interfaces import Cloud, Move, World
from migrations_app.models import MigrationRequest, Run, Step
from migrations_app.models.lease import Clock
from migrations_app.models.states import StepState
from migrations_app.procedures.base import Act
from migrations_app.procedures.base import Step as PlanStep
from migrations_app.procedures.registry import steps_by_key
from migrations_app.runs.engine.shared_look import SharedLook

# A request of which the world shows no trace may still be on its way there: so long
# after it was made it is made again. Nova refuses a second one while a first is under
# way (nova/compute/api.py, check_instance_state): that is the fence behind this one.
GRACE = timedelta(seconds=10)
# What people may ask of a run while it is walked.
ASKED_BY_PEOPLE = ("stop_asked_at", "stop_asked_by", "force_asked_at", "force_sent_at")
# All that a walk needs of a run: to name and to read the rest takes longer than most
# requests to Nova. Django reads any other field when it is first used.
NEEDED = (
    *("state", "why", "look_again_at", "looked_at", "ended_at", *ASKED_BY_PEOPLE),
    *("request__procedure", "request__instance", "request__instance_name"),
    *("request__source", "request__target", "request__options", "request__token"),
    *("request__facts", "request__ticket", "request__cloud__name"),
    "request__newest_migration",
)


class Outcome(Enum):
    """Result of one pass over the plan."""

    CONTINUE = auto()  # check the run again at once
    WAITING = auto()  # it waits, and was released until later
    ENDED = auto()  # it is over, or held


def move_of(request: MigrationRequest) -> Move:
    """Return the frozen inputs of the request's run."""
    return Move(
        server_id=request.instance,
        server_name=request.instance_name,
        source=request.source,
        target=request.target,
        options=request.options,
        token=request.token,
        facts=request.facts,
        number=request.pk,
    )


def past_point_of_no_return(rows: Iterable[Step], plan: Mapping[str, PlanStep]) -> bool:
    """Tell whether a final step is done, or was asked and cannot be called off."""
    for row in rows:
        step = plan.get(row.key)
        if not (step.final if step else row.final):
            continue
        if row.state == StepState.DONE:
            return True
        if row.asked_at and not (isinstance(step, Act) and step.reversible):
            return True
    return False


def steps_to_undo(rows: Iterable[Step], plan: Mapping[str, PlanStep]) -> list[Step]:
    """Return the steps that going back has to undo, in that order.

    Those are the acts that were asked and are not undone: what is to be undone before
    all else, then the last first.
    """
    acts = {key: step for key, step in plan.items() if isinstance(step, Act)}
    asked = [
        row
        for row in rows
        if row.key in acts
        and row.asked_at is not None
        and row.state != StepState.UNDONE
    ]
    return sorted(asked, key=lambda row: (not acts[row.key].undo_first, -row.position))


class RunContext:
    """One claimed run, as read: ``rows`` are its steps, ``plan`` the code's by key.

    ``clock`` is the engine's. The run and its rows are kept in step with what the
    RunWriter writes, so they need not be read again.
    """

    def __init__(
        self, run_id: int, world_of: Callable[[str], World], *, clock: Clock
    ) -> None:
        self._world_of = world_of
        self._clock = clock
        self._look: SharedLook | None = None
        runs = Run.objects.select_related("request__cloud").only(*NEEDED)
        self.run = runs.get(pk=run_id)
        self.rows = list(self.run.steps.all())
        self.move = move_of(self.run.request)
        self.plan = steps_by_key(self.run.request.procedure)

    def refresh(self) -> None:
        """Read again what people may ask of a run; only the engine writes the rest."""
        self.run.refresh_from_db(fields=ASKED_BY_PEOPLE)

    @cached_property
    def _world(self) -> World:
        return self._world_of(self.run.request.cloud.name)

    @property
    def world(self) -> World:
        """The cloud and its hosts, connected when first needed, as that may fail."""
        if self._look is None:
            return self._world
        return replace(self._world, cloud=cast("Cloud", self._look))

    def share_look(self, row: Step) -> None:
        """Have the step and those after it share one look, up to the next request.

        A step that was asked for looks for itself: whether Nova has the request is to
        be asked after how the instance is.
        """
        if self._look is not None and row.key in self._look.covers:
            return
        self.look_alone()
        wanted: set[str] = set()
        covers: set[str] = set()
        for each in self.rows[self.rows.index(row) :]:
            step = self.plan[each.key]
            questions = () if each.asked_at else step.looks_at(self.move)
            if not questions:
                break
            wanted.update(questions)
            covers.add(each.key)
            if isinstance(step, Act):
                break
        if covers:
            cloud, about = self._world.cloud, self.move.server_id
            shared = frozenset(covers)
            self._look = SharedLook(cloud, about, questions=wanted, covers=shared)

    def look_alone(self) -> None:
        """Forget the shared look: each question is put where it is asked again."""
        self._look = None

    @property
    def now(self) -> datetime:
        """The time, by the engine's clock."""
        return self._clock()

    @property
    def plan_is_known(self) -> bool:
        """Whether the rows that were approved are the steps that the code has."""
        return [row.key for row in self.rows] == list(self.plan)

    def step(self, row: Step) -> PlanStep:
        """Return the step of the plan that the row stands for."""
        return self.plan[row.key]
