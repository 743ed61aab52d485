"""Inspecting a run: the actual state of its instance beside the expected one.

For the page of a run, above all of a held one. Nothing here changes anything: every
source is asked once, all at the same time, and one that does not answer in time has a
sentence in its rows.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import structlog
from django.utils import timezone

from migrations_app.errors import (
    Blocked,
    NovawebError,
    Uncertain,
    WorldError,
    own_fault,
)
from migrations_app.integrations import connect
from migrations_app.integrations.host_commands import (
    host_survey,
    host_survey_parser,
)
from migrations_app.integrations.host_commands.instance_files import (
    NONE,
    Census,
    census,
)
from migrations_app.integrations.interfaces import Move, Server, World
from migrations_app.models import Run, Step
from migrations_app.models.states import RunState, StepState
from migrations_app.procedures.base import Act, StepContext, StepStatus
from migrations_app.procedures.expected_state import Expected
from migrations_app.procedures.registry import PROCEDURES, steps_by_key
from migrations_app.runs.engine.run_context import move_of, steps_to_undo
from migrations_app.runs.inspection_rows import (
    Answers,
    InspectionRow,
    LastMigration,
    Source,
    StepVerdict,
    inspection_rows,
)

log = structlog.get_logger(__name__)
SECONDS = 10.0  # that all sources have together
# A source that hangs holds its thread until its own timeout; never more threads.
_pool = ThreadPoolExecutor(max_workers=16, thread_name_prefix="inspection")

_NO_SSH = "Not checked: novaweb has no SSH access to the hosts of this cloud."
_LATE = f"No answer within {SECONDS:.0f} s."


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


@dataclass(slots=True)
class _Questions:
    """The questions to the sources, asked side by side."""

    asked: dict[Source, Future[Any]] = field(default_factory=dict)
    trouble: dict[Source, str] = field(default_factory=dict)

    def ask(self, source: Source, question: Callable[[], Any]) -> None:
        self.asked[source] = _pool.submit(question)

    def answers(self) -> Answers:
        """Wait SECONDS at most; return what was answered, and why the rest was not."""
        done, late = wait(self.asked.values(), timeout=SECONDS)
        for future in late:
            future.cancel()
        answered: dict[str, Any] = {}
        for source, future in self.asked.items():
            if future not in done:
                self.trouble[source] = _LATE
                continue
            try:
                answered[source.value] = future.result()
            except NovawebError as error:
                self.trouble[source] = error.sentence
            except Exception as error:
                log.exception("not read", source=source.value)
                self.trouble[source] = own_fault(error)
        return Answers(**answered, trouble=self.trouble)


def inspect_run(run: Run) -> Inspection:
    """Ask all sources about the run's instance; return after SECONDS at most.

    Raises nothing that a source may be the cause of.
    """
    steps = tuple(run.steps.all())
    going_back = run.state == RunState.GOING_BACK or (
        run.state == RunState.HELD and run.was_going_back
    )
    current = _current_step(steps, going_back=going_back)
    to_undo = tuple(steps_to_undo(steps, steps_by_key(run.request.procedure)))
    move = move_of(run.request)
    questions = _Questions()
    try:
        world = connect.world_of(run.request.cloud.name)
    except NovawebError as error:
        questions.trouble[Source.CLOUD] = error.sentence
    else:
        _ask_about_instance(questions, world, move, run)
        if current is not None:
            questions.ask(
                Source.CURRENT_STEP,
                lambda: _verdict(world, move, run, current, going_back=going_back),
            )
        if to_undo:
            questions.ask(
                Source.FIRST_UNDO,
                lambda: _verdict(world, move, run, to_undo[0], going_back=True),
            )
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


def _ask_about_instance(
    questions: _Questions, world: World, move: Move, run: Run
) -> None:
    cloud, key = world.cloud, move.server_id
    questions.ask(Source.SERVER, lambda: cloud.server(key))
    questions.ask(Source.LAST_MIGRATION, lambda: _last_migration(world, key))
    questions.ask(Source.ALLOCATIONS, lambda: cloud.allocations(key))
    questions.ask(Source.PORTS, lambda: cloud.ports(key))
    questions.ask(Source.VOLUMES, lambda: cloud.attachments(key))
    if world.hosts is None:
        questions.trouble[Source.SOURCE_HOST] = _NO_SSH
        questions.trouble[Source.TARGET_HOST] = _NO_SSH
    else:
        questions.ask(Source.SOURCE_HOST, lambda: _census(world, move, move.source))
        questions.ask(
            Source.TARGET_HOST, lambda: _census(world, move, _target(world, move))
        )
    if (nova_db := world.nova_db) is not None and run.request.procedure == "manual":
        questions.ask(Source.DATABASE, lambda: nova_db.row(key))


def _last_migration(world: World, server_id: str) -> LastMigration:
    records = world.cloud.migrations(server_id)
    if not records:
        return LastMigration(None)
    return LastMigration(records[0], tuple(world.cloud.allocations(records[0].uuid)))


def _target(world: World, move: Move) -> str | None:
    """Return the chosen target, or where the scheduler has put the instance."""
    if move.target is not None:
        return move.target
    host = world.cloud.server(move.server_id).host
    return host if host != move.source else None


def _census(world: World, move: Move, host: str | None) -> Census:
    if host is None or world.hosts is None:
        raise WorldError("Not checked: the scheduler has not chosen a host yet.")
    if "instances" in move.facts:
        return census(world.hosts, host, move)
    # the plan does not say where the folders are: the host's nova.conf does
    asked = host_survey.look_at_host(server_id=move.server_id)
    answer = world.hosts.run(host, asked)
    found = host_survey_parser.host(host, answer, move.server_id)
    if found.domain is None:
        raise WorldError(f"virsh on {host} does not say which domains there are.")
    return Census(host, found.domain or NONE, found.folder_there)


def _verdict(
    world: World, move: Move, run: Run, row: Step, *, going_back: bool
) -> StepVerdict:
    """Have the step itself check, as the engine does; what it logs is not written."""
    step = steps_by_key(run.request.procedure).get(row.key)
    if step is None:
        trouble = "This step is no longer part of the procedure."
        return StepVerdict(None, trouble=trouble)
    ctx = StepContext(
        move=move,
        world=world,
        request_marker=row.undo_mark if going_back else row.mark,
        now=timezone.now(),
        log=lambda text: None,
        set_progress=lambda figures: None,
        progress=dict(row.progress),
        first_request_marker=row.mark,
    )
    try:
        if going_back and isinstance(step, Act):
            undone = step.undone(ctx)
            return StepVerdict(StepStatus.READY if undone else step.check_undo(ctx))
        return StepVerdict(step.check(ctx))
    except Blocked as error:
        holds = isinstance(error, Uncertain)
        return StepVerdict(None, blocked=error.sentence, holds=holds)


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
