"""What the world is now, beside what the step at hand wants it to be.

For the page of a run, above all of a held one. Nothing here changes anything: every
neighbour is asked once, all at the same time, and who does not answer in time has a
sentence in its row.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import structlog
from django.utils import timezone

from migrations_app.errors import Blocked, NovawebError, WorldError
from migrations_app.integrations import connect as wiring
from migrations_app.integrations.host_commands.instance_files import Census, census
from migrations_app.integrations.interfaces import Migration, Move, Server, World
from migrations_app.models import Run, Step
from migrations_app.models.states import RunState, StepState
from migrations_app.procedures import base
from migrations_app.procedures.expected_state import Expected
from migrations_app.procedures.registry import PROCEDURES
from migrations_app.runs.engine.run_context import move_of
from migrations_app.runs.inspection_rows import Reading, readings

log = structlog.get_logger(__name__)
SECONDS = 10.0  # that all neighbours have together
# A neighbour that hangs holds its threads until its own timeout; never more of them.
_pool = ThreadPoolExecutor(max_workers=16, thread_name_prefix="world-now")

# Nova's own default ([DEFAULT]instances_path), where the plan does not know it.
_INSTANCES = "/var/lib/nova/instances"
_NO_SSH = "Not looked at: novaweb may not enter the hosts of this cloud (NOVAWEB_SSH)."
_LATE = f"There was no answer within {SECONDS:.0f} s."


@dataclass(frozen=True, slots=True)
class Says:
    """What the step itself says of the world now: its own ``check``, or why not."""

    verdict: base.StepStatus | None
    blocked: str = ""
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class WorldNow:
    """All that was read, at one moment. ``step`` is at hand; None: no step is."""

    run: Run
    at: datetime
    steps: tuple[Step, ...]
    step: Step | None
    says: Says
    back: bool
    # what is to be undone on the way back, in that order, and what its first step says
    undo: tuple[Step, ...]
    undo_says: Says
    readings: tuple[Reading, ...]
    server: Server | None = None

    @property
    def differing(self) -> tuple[Reading, ...]:
        """What is not as the step wants it."""
        return tuple(each for each in self.readings if each.agrees is False)


@dataclass(slots=True)
class _Answers:
    """The questions that are out, and what has come of each."""

    asked: dict[str, Future[Any]] = field(default_factory=dict)
    trouble: dict[str, str] = field(default_factory=dict)

    def ask(self, name: str, question: Callable[[], Any]) -> None:
        self.asked[name] = _pool.submit(question)

    def gather(self) -> dict[str, Any]:
        """Wait, but not for ever; return the answers that came."""
        done, late = wait(self.asked.values(), timeout=SECONDS)
        for future in late:
            future.cancel()
        came = {}
        for name, future in self.asked.items():
            if future not in done:
                self.trouble[name] = _LATE
                continue
            try:
                came[name] = future.result()
            except NovawebError as error:
                self.trouble[name] = error.sentence
            except Exception as error:
                log.exception("not read", what=name)
                self.trouble[name] = (
                    f"novaweb met an error of its own ({type(error).__name__}); its log"
                    " says more."
                )
        return came


def look(run: Run) -> WorldNow:
    """Ask all neighbours about the run's instance; at most SECONDS later return.

    Raises nothing that a neighbour may be the cause of.
    """
    steps = tuple(run.steps.all())
    back = run.state == RunState.GOING_BACK or (
        run.state == RunState.HELD and run.was_going_back
    )
    step = _at_hand(steps, back=back)
    undo = _to_undo(run, steps)
    move = move_of(run.request)
    answers = _Answers()
    try:
        world = wiring.world_of(run.request.cloud.name)
    except NovawebError as error:
        answers.trouble["world"] = error.sentence
    else:
        _ask(answers, world, move, run)
        if step is not None:
            answers.ask("step", lambda: _says(world, move, run, step, back=back))
        if undo:
            answers.ask("undo", lambda: _says(world, move, run, undo[0], back=True))
    came = answers.gather()
    server: Server | None = came.get("server")
    move = _with_target(move, server, came.get("records"))
    expected = _expected(run, move, step, back=back)
    return WorldNow(
        run=run,
        at=timezone.now(),
        steps=steps,
        step=step,
        says=_said(came, answers.trouble, "step"),
        back=back,
        undo=undo,
        undo_says=_said(came, answers.trouble, "undo"),
        readings=tuple(readings(move, expected, came, answers.trouble)),
        server=server,
    )


def _at_hand(steps: tuple[Step, ...], *, back: bool) -> Step | None:
    if back:
        going = [s for s in steps if s.state == StepState.GOING_BACK]
        return going[-1] if going else None
    return next((s for s in steps if s.state != StepState.DONE), None)


def _to_undo(run: Run, steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Return the steps that going back would undo: what was asked, the last first."""
    procedure = PROCEDURES.get(run.request.procedure)
    acts = {
        step.key: step
        for step in (procedure.steps if procedure else ())
        if isinstance(step, base.Act)
    }
    asked = [
        row
        for row in steps
        if row.key in acts
        and row.asked_at is not None
        and row.state != StepState.UNDONE
    ]
    return tuple(
        sorted(asked, key=lambda row: (not acts[row.key].undo_first, -row.position))
    )


def _said(came: dict[str, Any], trouble: dict[str, str], name: str) -> Says:
    found: Says | None = came.get(name)
    return found or Says(None, trouble=trouble.get(name, ""))


def _ask(
    answers: _Answers,
    world: World,
    move: Move,
    run: Run,
) -> None:
    cloud, key = world.cloud, move.server_id
    answers.ask("server", lambda: cloud.server(key))
    answers.ask("records", lambda: _records(world, key))
    answers.ask("allocations", lambda: cloud.allocations(key))
    answers.ask("ports", lambda: cloud.ports(key))
    answers.ask("volumes", lambda: cloud.attachments(key))
    if world.hosts is None:
        answers.trouble |= {"here": _NO_SSH, "there": _NO_SSH}
    else:
        answers.ask("here", lambda: _census(world, move, move.source))
        answers.ask("there", lambda: _census(world, move, _destination(world, move)))
    if (nova_db := world.nova_db) is not None and run.request.procedure == "manual":
        answers.ask("database", lambda: nova_db.row(key))


def _records(world: World, key: str) -> tuple[Migration, dict[str, Any]] | None:
    """Return Nova's newest record of a move, and what it holds in placement."""
    records = world.cloud.migrations(key)
    if not records:
        return None
    return records[0], world.cloud.allocations(records[0].uuid)


def _destination(world: World, move: Move) -> str | None:
    if move.target is not None:
        return move.target
    host = world.cloud.server(move.server_id).host
    return host if host != move.source else None


def _census(world: World, move: Move, host: str | None) -> Census:
    if host is None or world.hosts is None:
        raise WorldError("Not looked at: the scheduler has not chosen a host yet.")
    facts = {"instances": _INSTANCES, **move.facts}
    return census(world.hosts, host, replace(move, facts=facts))


def _says(world: World, move: Move, run: Run, row: Step, *, back: bool) -> Says:
    """Have the step itself look, as the engine does; its words are not written."""
    procedure = PROCEDURES.get(run.request.procedure)
    known = {step.key: step for step in procedure.steps} if procedure else {}
    step = known.get(row.key)
    if step is None:
        return Says(None, trouble="This step is no longer part of the procedure.")
    ctx = base.StepContext(
        move=move,
        world=world,
        request_marker=row.undo_mark if back else row.mark,
        now=timezone.now(),
        log=lambda text: None,
        set_progress=lambda figures: None,
        progress=dict(row.progress),
    )
    try:
        if back and isinstance(step, base.Act):
            return Says(
                base.StepStatus.READY if step.undone(ctx) else step.check_undo(ctx)
            )
        return Says(step.check(ctx))
    except Blocked as error:
        return Says(None, blocked=error.sentence)


def _with_target(
    move: Move, server: Server | None, records: tuple[Migration, Any] | None
) -> Move:
    """Return the move with the host that the scheduler chose, as soon as Nova says."""
    if move.target is not None:
        return move
    if server is not None and server.host not in {None, move.source}:
        return replace(move, target=server.host)
    if records is not None and not records[0].over and records[0].target:
        return replace(move, target=records[0].target)
    return move


def _expected(run: Run, move: Move, step: Step | None, *, back: bool) -> Expected:
    procedure = PROCEDURES.get(run.request.procedure)
    if procedure is None or (step is None and back):
        return {}
    key = step.key if step is not None else procedure.steps[-1].key
    return procedure.expects(key, move, back=back)
