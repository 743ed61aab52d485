"""All that the engine writes to a run, filtered by the lease.

A state is changed together with the request's, with a line of the log and with its
audit entry, in one transaction, and never while a neighbour is being asked. Every
method raises LostLease when the run is no longer ours; then nothing was written.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from migrations_app.audit import recorder
from migrations_app.models import MigrationRequest, Run, Step
from migrations_app.models.states import (
    OPEN_RUNS,
    REQUEST_STATE_OF_RUN,
    WALKING_RUNS,
    RunState,
    StepState,
    request_sources,
)
from migrations_app.procedures.base import StepContext
from migrations_app.runs.engine import run_log
from migrations_app.runs.engine.command_audit import recorded
from migrations_app.runs.engine.lease import RunLease
from migrations_app.runs.engine.run_context import Outcome, RunContext
from migrations_app.runs.log_export import log_proof

# The first checks after a request come quickly, so that short moves end promptly.
FIRST_WAIT = 0.25
# What joins why a run is held while it rolls back to why it rolls back, and what did in
# rows of older releases.
ROLLED_BACK_BECAUSE = " It was rolling back because: "
FORMERLY = " It was on its way back because: "


class RunWriter:
    """The only way to write to a claimed run; it keeps ``context`` up to date."""

    def __init__(self, context: RunContext, lease: RunLease) -> None:
        self.context = context
        self.lease = lease

    def step_context(self, row: Step, *, marker: str) -> StepContext:
        """Return what the row's step is given; what it logs and shows is written."""

        def set_progress(figures: dict[str, Any]) -> None:
            if figures != row.progress:
                self.save(row, progress=figures)

        context = self.context
        return StepContext(
            move=context.move,
            world=recorded(context.world, run=context.run, step=row.key),
            request_marker=marker,
            now=context.now,
            log=lambda text: self.log(text, row),
            set_progress=set_progress,
            progress=row.progress,
            first_request_marker=row.mark,
        )

    # -- the run's log, its rows and its lease -----------------------------------
    def log(self, text: str, row: Step | None = None, /, **fields: Any) -> None:
        """Add a line to the run's log, and write ``fields`` to the run."""
        run_log.add_line(self.lease, text, step=row.key if row else "", **fields)
        for name, value in fields.items():
            setattr(self.context.run, name, value)

    def save(self, row: Step, **fields: Any) -> None:
        """Write to one step of the run."""
        with transaction.atomic():
            self.lease.write()
            _update(row, fields)

    def begin(self, row: Step) -> None:
        """Note since when the step is under way, unless that was noted before."""
        if row.begun_at is None:
            now = self.context.now
            self.save(row, begun_at=now, state=StepState.UNDER_WAY)

    def record_request(self, row: Step, text: str, **fields: Any) -> None:
        """Commit that a neighbour is about to be asked: row, line and audit entry."""
        run = self.context.run
        with transaction.atomic():
            self.log(text, row)
            _update(row, fields)
            recorder.record("run.asked", about=run, note=text, after={"step": row.key})

    def record_trouble(self, sentence: str, row: Step | None = None) -> None:
        """Note why the run cannot proceed just now; one line per new reason.

        While the run rolls back ``why`` keeps the reason for it.
        """
        run = self.context.run
        if run.state == RunState.GOING_BACK:
            last = run.lines.last()
            if last is None or last.text != sentence:
                self.log(sentence, row)
        elif sentence != run.why:
            self.log(sentence, row, why=sentence)

    def clear_trouble(self) -> None:
        """Note that nothing keeps the run from proceeding."""
        if self.context.run.why:
            self.lease.write(why="")
            self.context.run.why = ""

    def step_done(self, row: Step) -> None:
        """Note that a step is done, and that there is no trouble any more."""
        now = self.context.now
        with transaction.atomic():
            self.log(f"Done: {row.sentence}", row, why="")
            begun = row.begun_at or now
            fields = {"state": StepState.DONE, "begun_at": begun, "done_at": now}
            _update(row, fields)

    def step_undone(self, row: Step) -> None:
        """Note that a step was undone."""
        now = self.context.now
        with transaction.atomic():
            self.log(f"Undone: {row.sentence}", row)
            _update(row, {"state": StepState.UNDONE, "undone_at": now})

    def release(self, since: datetime | None) -> Outcome:
        """Give the run back and have it checked again: soon at first, then rarely.

        ``since`` is when what is waited for began. Nova refreshes its figures every
        5 s (nova/virt/libvirt/migration.py, save_stats), hence the longest tick. A
        worker that comes late checks less often, so that no run waits for long.
        """
        run, now = self.context.run, self.context.now
        due = run.look_again_at or now
        late = (run.looked_at - due).total_seconds() if run.looked_at else 0.0
        age = (now - since).total_seconds() if since else 0.0
        wait = min(settings.NOVAWEB_TICK, max(FIRST_WAIT, age / 10, 2 * late))
        self.lease.release(look_again_at=now + timedelta(seconds=wait))
        return Outcome.WAITING

    # -- the changes of the run's state --------------------------------------------
    def complete(self) -> Outcome:
        """The plan is done: the move is complete. The audit says where it ended."""
        rows = self.context.rows
        hosts = [row.progress["host"] for row in rows if "host" in row.progress]
        ended = {"host": hosts[-1]} if hosts else {}
        return self._change_state(
            RunState.COMPLETED, "run.completed", "", "The move is done.", after=ended
        )

    def rolled_back(self) -> Outcome:
        """All that was asked is undone; the reason stays in ``why``."""
        return self._change_state(
            RunState.ROLLED_BACK,
            "run.rolled_back",
            self.context.run.why,
            "The state before the move is restored.",
        )

    def hold(self, why: str) -> Outcome:
        """Stop where only a person may decide.

        If the run was rolling back, ``why`` also has the reason for that.
        """
        run, line = self.context.run, f"Held: {why}"
        if run.state == RunState.GOING_BACK and run.why:
            why = why_held_on_the_way_back(why, run.why)
        return self._change_state(RunState.HELD, "run.held", why, line)

    def turn_back(self, why: str) -> Outcome:
        """Go back up the plan, for that reason."""
        return self._change_state(
            RunState.GOING_BACK, "run.going_back", why, f"Rolling back: {why}"
        )

    def go_on(self, row: Step) -> Outcome:
        """It is too late to go back: the final step turned out to be done."""
        why = f"It is too late to roll back, because this step is done: {row.sentence}"
        self.save(row, state=StepState.UNDER_WAY)
        return self._change_state(
            RunState.RUNNING, "run.going_on", why, why, stop_asked_at=None
        )

    def _change_state(
        self,
        state: RunState,
        verb: str,
        why: str,
        line: str,
        *,
        after: dict[str, Any] | None = None,
        **fields: Any,
    ) -> Outcome:
        run, now = self.context.run, self.context.now
        walking, over = state in WALKING_RUNS, state not in OPEN_RUNS
        fields |= {"state": state, "why": why}
        if state is RunState.HELD:
            fields["was_going_back"] = run.state == RunState.GOING_BACK
        if not walking:
            fields |= {"look_again_at": None, "lease": "", "lease_until": None}
        if over:
            fields["ended_at"] = now
        with transaction.atomic():
            self.log(line, **fields)
            copy_state_to_request(run, state, why=why, now=now)
            if over:
                after = {**(after or {}), **log_proof(run.pk)}
            recorder.record(verb, about=run, note=why, after=after)
        return Outcome.CONTINUE if walking else Outcome.ENDED


def reason_for_turning_back(why: str) -> str:
    """Return why a run rolls back, taken from its ``why``."""
    for joint in (ROLLED_BACK_BECAUSE, FORMERLY):
        why = why.rpartition(joint)[2]
    return why


def why_held_on_the_way_back(why: str, before: str) -> str:
    """Return why a run is held, and why it rolls back unless that is the same."""
    cause = reason_for_turning_back(before)
    return why if why == cause else why + ROLLED_BACK_BECAUSE + cause


def copy_state_to_request(
    run: Run, state: RunState, *, why: str, now: datetime
) -> None:
    """Give the run's request the state that goes with the run's."""
    target = REQUEST_STATE_OF_RUN[state]
    fields: dict[str, Any] = {"state": target, "why": why}
    if state not in OPEN_RUNS:
        fields |= {"open_instance": None, "ended_at": now, "look_again_at": None}
    MigrationRequest.objects.filter(
        pk=run.request_id, state__in=[*request_sources(target), target]
    ).update(**fields)


def _update(row: Step, fields: dict[str, Any]) -> None:
    """Write to a step, in the transaction of a write that the lease has passed."""
    if fields:
        Step.objects.filter(pk=row.pk).update(**fields)
    for name, value in fields.items():
        setattr(row, name, value)
