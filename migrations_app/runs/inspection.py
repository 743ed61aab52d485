"""Inspecting a run: the actual state of its instance beside the expected one.

For the page of a run, above all of a held one. Nothing here changes anything: every
source is asked once, all at the same time, and one that does not answer in time has a
sentence in its rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from django.utils import timezone

from migrations_app.errors import NovawebError
from migrations_app.integrations import connect
from migrations_app.integrations.interfaces import Move, Server, World
from migrations_app.models import Run, Step
from migrations_app.models.states import RunState, StepState
from migrations_app.procedures.expected_state import Expected
from migrations_app.procedures.registry import PROCEDURES, steps_by_key
from migrations_app.runs.engine.run_context import move_of, steps_to_undo
from migrations_app.runs.inspection_inside import Questions, RunQuestion, ask_inside
from migrations_app.runs.inspection_rows import (
    Answers,
    InspectionRow,
    LastMigration,
    Source,
    StepVerdict,
    inspection_rows,
)


@dataclass(frozen=True, slots=True)
class Inspection:
    """All that was read at one moment, and what the run makes of it.

    ``current_step`` is the first that is not done or, if ``going_back``, the one that
    is being undone; None: no step is. ``verdict`` is what it says of itself now.
    ``to_undo`` are the steps that going back would undo, in that order, and
    ``undo_verdict`` is what the first of them says.
    """

    run: Run
    at: datetime
    steps: tuple[Step, ...]
    current_step: Step | None
    verdict: StepVerdict
    going_back: bool
    to_undo: tuple[Step, ...]
    undo_verdict: StepVerdict
    rows: tuple[InspectionRow, ...]
    server: Server | None = None

    @property
    def differing(self) -> tuple[InspectionRow, ...]:
        """The rows that are not as expected."""
        return tuple(each for each in self.rows if each.agrees is False)


def inspect_run(run: Run) -> Inspection:
    """Ask all sources about the run's instance; return after some seconds at most.

    Raises nothing that a source may be the cause of.
    """
    steps = tuple(run.steps.all())
    going_back = run.state == RunState.GOING_BACK or (
        run.state == RunState.HELD and run.was_going_back
    )
    current = _current_step(steps, going_back=going_back)
    to_undo = tuple(steps_to_undo(steps, steps_by_key(run.request.procedure)))
    move = move_of(run.request)
    questions = Questions()
    try:
        world = connect.world_of(run.request.cloud.name)
    except NovawebError as error:
        questions.trouble[Source.CLOUD] = error.sentence
    else:
        _ask_cloud(questions, world, move.server_id)
        first_undo = to_undo[0] if to_undo else None
        if world.workers is None:
            ask_inside(
                questions,
                world,
                run,
                current=current,
                first_undo=first_undo,
                going_back=going_back,
            )
        else:
            asked = RunQuestion(
                run.pk,
                current.pk if current else None,
                first_undo.pk if first_undo else None,
                going_back,
            )
            questions.ask_worker(world.workers, asked, run.request.procedure)
    answers = questions.answers()
    move = _with_target(move, answers)
    expected = _expected(run, move, current, going_back=going_back)
    return Inspection(
        run=run,
        at=timezone.now(),
        steps=steps,
        current_step=current,
        verdict=_or_trouble(answers.current_step, answers, Source.CURRENT_STEP),
        going_back=going_back,
        to_undo=to_undo,
        undo_verdict=_or_trouble(answers.first_undo, answers, Source.FIRST_UNDO),
        rows=inspection_rows(move, expected, answers),
        server=answers.server,
    )


def _current_step(steps: tuple[Step, ...], *, going_back: bool) -> Step | None:
    if going_back:
        undoing = [s for s in steps if s.state == StepState.GOING_BACK]
        return undoing[-1] if undoing else None
    return next((s for s in steps if s.state != StepState.DONE), None)


def _or_trouble(
    verdict: StepVerdict | None, answers: Answers, source: Source
) -> StepVerdict:
    return verdict or StepVerdict(None, trouble=answers.trouble.get(source, ""))


def _ask_cloud(questions: Questions, world: World, key: str) -> None:
    """Ask what Nova and its neighbours say of the instance."""
    cloud = world.cloud
    questions.ask(Source.SERVER, lambda: cloud.server(key))
    questions.ask(Source.LAST_MIGRATION, lambda: _last_migration(world, key))
    questions.ask(Source.ALLOCATIONS, lambda: cloud.allocations(key))
    questions.ask(Source.PORTS, lambda: cloud.ports(key))
    questions.ask(Source.VOLUMES, lambda: cloud.attachments(key))


def _last_migration(world: World, server_id: str) -> LastMigration:
    records = world.cloud.migrations(server_id)
    if not records:
        return LastMigration(None)
    return LastMigration(records[0], tuple(world.cloud.allocations(records[0].uuid)))


def _with_target(move: Move, answers: Answers) -> Move:
    """Return the move with the host chosen by the scheduler, once known."""
    if move.target is not None:
        return move
    server, last = answers.server, answers.last_migration
    if server is not None and server.host not in {None, move.source}:
        return replace(move, target=server.host)
    record = last.record if last is not None else None
    if record is not None and not record.over and record.target:
        return replace(move, target=record.target)
    return move


def _expected(
    run: Run, move: Move, current: Step | None, *, going_back: bool
) -> Expected:
    procedure = PROCEDURES.get(run.request.procedure)
    if procedure is None or (current is None and going_back):
        return {}
    key = current.key if current is not None else procedure.steps[-1].key
    return procedure.expects(key, move, back=going_back)
