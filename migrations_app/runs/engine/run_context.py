"""What a walk stands on: the lease, the run and its rows, the plan and the world.

All that the engine writes to a run is written here, filtered by the lease. A state is
moved together with the request's, with a line of the log and with its audit entry, in
one transaction, and never while a neighbour is being asked.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import Enum, auto
from functools import cached_property
from typing import Any

from django.conf import settings
from django.db import transaction

from migrations_app.audit import recorder as audit
from migrations_app.integrations.interfaces import Move, World
from migrations_app.models import MigrationRequest, Run, Step
from migrations_app.models.states import (
    OPEN_RUNS,
    REQUEST_STATE_OF_RUN,
    WALKING_RUNS,
    RunState,
    StepState,
    request_sources,
)
from migrations_app.procedures.base import Step as PlanStep
from migrations_app.procedures.base import StepContext
from migrations_app.procedures.registry import PROCEDURES
from migrations_app.runs.engine import run_log as journal
from migrations_app.runs.engine.command_audit import recorded
from migrations_app.runs.engine.lease import Lease

# A request of which the world shows no trace may still be on its way there: so long
# after it was made it is made again. Nova refuses a second one while a first is under
# way (nova/compute/api.py, check_instance_state): that is the fence behind this one.
GRACE = timedelta(seconds=10)
# The first looks after a request come quickly, so that short moves end promptly.
FIRST_LOOK = 0.5
WISHES = ("stop_asked_at", "stop_asked_by", "force_asked_at", "force_sent_at")
# All that a walk needs of a run: to name and to read the rest takes longer than most
# looks at Nova. Whatever else is asked for is read then.
NEEDED = (
    *("state", "why", "look_again_at", "looked_at", "ended_at", *WISHES),
    *("request__procedure", "request__instance", "request__instance_name"),
    *("request__source", "request__target", "request__options", "request__token"),
    *("request__facts", "request__ticket", "request__cloud__name"),
)
# What joins why a run on its way back is held to why it had turned.
TURNED = " It was on its way back because: "


class Way(Enum):
    """What became of one stretch of the walk."""

    ON = auto()  # look at the run again at once
    REST = auto()  # it waits, and was given back until later
    OVER = auto()  # it is over, or held


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


class Footing:
    """One claimed run: what is known of it, and the only way to write to it."""

    def __init__(self, lease: Lease, world_of: Callable[[str], World]) -> None:
        self.lease = lease
        self._world_of = world_of
        runs = Run.objects.select_related("request__cloud").only(*NEEDED)
        self.run = runs.get(pk=lease.run_id)
        self.rows = list(self.run.steps.all())
        self.move = move_of(self.run.request)
        known = PROCEDURES.get(self.run.request.procedure)
        self.plan = {step.key: step for step in known.steps} if known else {}

    def refresh(self) -> None:
        """Read anew what people may ask of a run; all else is ours to write."""
        self.run.refresh_from_db(fields=WISHES)

    @cached_property
    def world(self) -> World:
        """The neighbours, made when they are first needed, since that may fail."""
        return self._world_of(self.run.request.cloud.name)

    @property
    def now(self) -> datetime:
        """The time, by the engine's clock."""
        return self.lease.clock()

    @property
    def sound(self) -> bool:
        """The rows that were approved are the steps that the code knows."""
        return [row.key for row in self.rows] == list(self.plan)

    def step(self, row: Step) -> PlanStep:
        """Return the step of the plan that the row stands for."""
        return self.plan[row.key]

    def step_context(self, row: Step, *, mark: str) -> StepContext:
        """Return what the row's step is given."""

        def show(figures: dict[str, Any]) -> None:
            if figures != row.progress:
                self.save(row, progress=figures)

        return StepContext(
            move=self.move,
            world=recorded(self.world, run=self.run, step=row.key),
            request_marker=mark,
            now=self.now,
            log=lambda text: self.say(text, row),
            set_progress=show,
            progress=row.progress,
            first_request_marker=row.mark,
        )

    # -- small writes ----------------------------------------------------------
    def say(self, text: str, row: Step | None = None, /, **fields: Any) -> None:
        """Add a line to the run's log, and write ``fields`` to the run."""
        journal.say(self.lease, text, step=row.key if row else "", **fields)
        for name, value in fields.items():
            setattr(self.run, name, value)

    def save(self, row: Step, **fields: Any) -> None:
        """Write to one step of the run, as long as the run is ours."""
        with transaction.atomic():
            self.lease.write()
            _set(row, fields)

    def begin(self, row: Step) -> None:
        """Note since when the step is under way, unless that was noted before."""
        if row.begun_at is None:
            self.save(row, begun_at=self.now, state=str(StepState.UNDER_WAY))

    def asking(self, row: Step, text: str, **fields: Any) -> None:
        """Commit that a neighbour is about to be asked: row, line and audit entry."""
        with transaction.atomic():
            self.say(text, row)
            _set(row, fields)
            audit.record("run.asked", run=self.run, note=text, after={"step": row.key})

    def worry(self, sentence: str, row: Step | None = None) -> None:
        """Note why the run does not get on just now; one line per new reason.

        On the way back ``why`` keeps saying what made the run turn.
        """
        if self.run.state == RunState.GOING_BACK:
            last = self.run.lines.last()
            if last is None or last.text != sentence:
                self.say(sentence, row)
        elif sentence != self.run.why:
            self.say(sentence, row, why=sentence)

    def calm(self) -> None:
        """Note that nothing keeps the run from getting on."""
        if self.run.why:
            self.lease.write(why="")
            self.run.why = ""

    def done(self, row: Step) -> None:
        """Note that a step is done, and that nothing worries us any more."""
        now = self.now
        with transaction.atomic():
            self.say(f"Done: {row.sentence}", row, why="")
            begun = row.begun_at or now
            _set(row, {"state": str(StepState.DONE), "begun_at": begun, "done_at": now})

    def undone(self, row: Step) -> None:
        """Note that a step was undone."""
        with transaction.atomic():
            self.say(f"Undone: {row.sentence}", row)
            _set(row, {"state": str(StepState.UNDONE), "undone_at": self.now})

    def rest(self, since: datetime | None) -> Way:
        """Give the run back and have it looked at again: soon at first, then rarely.

        ``since`` is when what we wait for began. Nova refreshes its figures every
        5 s (nova/virt/libvirt/migration.py, save_stats), hence the longest tick. A
        worker that comes late looks less often, so that no run waits for long.
        """
        due = self.run.look_again_at or self.now
        late = (self.run.looked_at - due).total_seconds() if self.run.looked_at else 0.0
        age = (self.now - since).total_seconds() if since else 0.0
        wait = min(settings.NOVAWEB_TICK, max(FIRST_LOOK, age / 4, 2 * late))
        self.lease.release(self.now + timedelta(seconds=wait))
        return Way.REST

    # -- the moves of the run's state --------------------------------------------
    def complete(self) -> Way:
        """The plan is done: the move is complete. The audit says where it ended."""
        hosts = [row.progress["host"] for row in self.rows if "host" in row.progress]
        ended = {"host": hosts[-1]} if hosts else {}
        return self._move(
            RunState.COMPLETED, "run.completed", "", "The move is done.", after=ended
        )

    def rolled_back(self) -> Way:
        """All that was asked is undone; the reason stays in ``why``."""
        return self._move(
            RunState.ROLLED_BACK,
            "run.rolled_back",
            self.run.why,
            "Everything is as it was before.",
        )

    def hold(self, why: str) -> Way:
        """Stop where only a person may decide.

        On the way back ``why`` goes on to say what made the run turn.
        """
        line = f"Held: {why}"
        if self.run.state == RunState.GOING_BACK and self.run.why:
            why += TURNED + turned_because(self.run.why)
        return self._move(RunState.HELD, "run.held", why, line)

    def turn_back(self, why: str) -> Way:
        """Go back up the plan, for that reason."""
        return self._move(
            RunState.GOING_BACK, "run.going_back", why, f"Going back: {why}"
        )

    def go_on(self, row: Step) -> Way:
        """It is too late to go back: the final step turned out to be done."""
        why = f"It is too late to go back, for this is done: {row.sentence}"
        self.save(row, state=str(StepState.UNDER_WAY))
        return self._move(
            RunState.RUNNING, "run.going_on", why, why, stop_asked_at=None
        )

    def _move(
        self,
        state: RunState,
        verb: str,
        why: str,
        line: str,
        *,
        after: dict[str, Any] | None = None,
        **fields: Any,
    ) -> Way:
        walking, over = state in WALKING_RUNS, state not in OPEN_RUNS
        now = self.now
        fields |= {"state": str(state), "why": why}
        if state is RunState.HELD:
            fields["was_going_back"] = self.run.state == RunState.GOING_BACK
        if not walking:
            fields |= {"look_again_at": None, "lease": "", "lease_until": None}
        if over:
            fields["ended_at"] = now
        with transaction.atomic():
            self.say(line, **fields)
            mirror(self.run, state, why=why, now=now)
            if over:
                after = {**(after or {}), **journal.digest(self.run.pk)}
            audit.record(verb, run=self.run, note=why, after=after)
        return Way.ON if walking else Way.OVER


def turned_because(why: str) -> str:
    """Return what made a run turn back, out of why it is held or goes back."""
    return why.rpartition(TURNED)[2]


def _set(row: Step, fields: dict[str, Any]) -> None:
    """Write to a step, in the transaction of a write that the lease has passed."""
    if fields:
        Step.objects.filter(pk=row.pk).update(**fields)
    for name, value in fields.items():
        setattr(row, name, value)


def mirror(run: Run, state: RunState, *, why: str, now: datetime) -> None:
    """Move the run's request to the state that goes with the run's."""
    target = REQUEST_STATE_OF_RUN[state]
    fields: dict[str, Any] = {"state": str(target), "why": why}
    if state not in OPEN_RUNS:
        fields |= {"open_instance": None, "ended_at": now, "look_again_at": None}
    MigrationRequest.objects.filter(
        pk=run.request_id, state__in=[*request_sources(target), str(target)]
    ).update(**fields)
