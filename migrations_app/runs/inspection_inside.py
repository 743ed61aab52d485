"""What hosts, Nova's database and the steps themselves say of a run's instance.

All of that takes the ways into hosts and database, which workers have: a web process
has one of them look, in one question.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
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
from migrations_app.integrations.host_commands import host_survey, host_survey_parser
from migrations_app.integrations.host_commands.instance_files import (
    NONE,
    Census,
    census,
)
from migrations_app.integrations.interfaces import InstanceRow, Move, Workers, World
from migrations_app.models import Run, Step
from migrations_app.models.lookup import get_or_gone
from migrations_app.procedures.base import Act, StepContext, StepStatus
from migrations_app.procedures.registry import steps_by_key
from migrations_app.runs.engine.run_context import move_of
from migrations_app.runs.inspection_rows import Answers, Source, StepVerdict

log = structlog.get_logger(__name__)
BY_HAND = "manual"
LOOK = "run"  # what workers call the question
SECONDS = 10.0  # that all sources have together
GRACE = 2.0  # and the way to a worker and back
# A source that hangs holds its thread until its own timeout; never more threads.
_pool = ThreadPoolExecutor(max_workers=16, thread_name_prefix="inspection")

_NO_SSH = "Not checked: novaweb has no SSH access to the hosts of this cloud."
_LATE = f"No answer within {SECONDS:.0f} s."


@dataclass(frozen=True, slots=True)
class RunQuestion:
    """Which run is looked at, and which of its steps are to say how they stand.

    ``current`` and ``first_undo`` are keys of rows of Step; None: there is none.
    """

    run: int
    current: int | None
    first_undo: int | None
    going_back: bool


@dataclass(frozen=True, slots=True)
class RunInside:
    """The part of Answers that is known inside alone."""

    source_host: Census | None = None
    target_host: Census | None = None
    database: InstanceRow | None = None
    current_step: StepVerdict | None = None
    first_undo: StepVerdict | None = None
    trouble: Mapping[Source, str] = field(default_factory=dict)


@dataclass(slots=True)
class Questions:
    """The questions to the sources, asked side by side."""

    asked: dict[Source, Future[Any]] = field(default_factory=dict)
    trouble: dict[Source, str] = field(default_factory=dict)
    worker: Future[RunInside] | None = None
    expected: set[Source] = field(default_factory=set)  # of the worker

    def ask(self, source: Source, question: Callable[[], Any]) -> None:
        """Have the source asked in a thread."""
        self.asked[source] = _pool.submit(question)

    def ask_worker(
        self, workers: Workers, question: RunQuestion, procedure: str
    ) -> None:
        """Have a worker ask all that is asked inside."""
        within = SECONDS + GRACE
        self.worker = _pool.submit(
            lambda: workers.ask(LOOK, question, RunInside, within=within)
        )
        self.expected = {
            *(Source.SOURCE_HOST, Source.TARGET_HOST),
            *([Source.DATABASE] if procedure == BY_HAND else []),
            *([Source.CURRENT_STEP] if question.current else []),
            *([Source.FIRST_UNDO] if question.first_undo else []),
        }

    def answers(self) -> Answers:
        """Wait SECONDS at most; return what was answered, and why the rest was not.

        For a worker, which waits that long itself, a little longer.
        """
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
        found = Answers(**answered, trouble=self.trouble)
        return found if self.worker is None else self._joined(found, self.worker)

    def _joined(self, found: Answers, worker: Future[RunInside]) -> Answers:
        """Return what was found together with what the worker says."""
        try:
            told = worker.result(timeout=SECONDS + 2 * GRACE)
        except TimeoutError:
            worker.cancel()
            told = RunInside(trouble=dict.fromkeys(self.expected, _LATE))
        except NovawebError as error:
            told = RunInside(trouble=dict.fromkeys(self.expected, error.sentence))
        return replace(
            found,
            source_host=told.source_host,
            target_host=told.target_host,
            database=told.database,
            current_step=told.current_step,
            first_undo=told.first_undo,
            trouble={**told.trouble, **found.trouble},
        )


def look_at_run(world: World, question: RunQuestion) -> RunInside:
    """Return what is known inside about the run's instance, after SECONDS at most."""
    rows = Run.objects.select_related("request__cloud")
    run = get_or_gone(rows, question.run, "run")
    steps = {step.pk: step for step in run.steps.all()}
    questions = Questions()
    ask_inside(
        questions,
        world,
        run,
        current=steps.get(question.current or 0),
        first_undo=steps.get(question.first_undo or 0),
        going_back=question.going_back,
    )
    found = questions.answers()
    return RunInside(
        source_host=found.source_host,
        target_host=found.target_host,
        database=found.database,
        current_step=found.current_step,
        first_undo=found.first_undo,
        trouble=found.trouble,
    )


def ask_inside(
    questions: Questions,
    world: World,
    run: Run,
    *,
    current: Step | None,
    first_undo: Step | None,
    going_back: bool,
) -> None:
    """Ask what takes the ways into hosts and Nova's database."""
    move = move_of(run.request)
    if world.hosts is None:
        questions.trouble[Source.SOURCE_HOST] = _NO_SSH
        questions.trouble[Source.TARGET_HOST] = _NO_SSH
    else:
        questions.ask(Source.SOURCE_HOST, lambda: _census(world, move, move.source))
        questions.ask(
            Source.TARGET_HOST, lambda: _census(world, move, _target(world, move))
        )
    if (nova_db := world.nova_db) is not None and run.request.procedure == BY_HAND:
        questions.ask(Source.DATABASE, lambda: nova_db.row(move.server_id))
    if current is not None:
        questions.ask(
            Source.CURRENT_STEP,
            lambda: _verdict(world, move, run, current, going_back=going_back),
        )
    if first_undo is not None:
        questions.ask(
            Source.FIRST_UNDO,
            lambda: _verdict(world, move, run, first_undo, going_back=True),
        )


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
