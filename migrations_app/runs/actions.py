"""Actions of people on runs: stop, abort, force-complete; resume or close a held one.

Stop, abort and force-complete only set fields of the run, which the engine reads before
its next step. Actions on a held run change its state, which nothing else does while it
is held.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from migrations_app.access.permissions import Verb
from migrations_app.access.require import require, require_now
from migrations_app.audit import notes as audit_notes
from migrations_app.audit import recorder
from migrations_app.errors import TooLate
from migrations_app.models import Run, Step
from migrations_app.models.lookup import get_or_gone
from migrations_app.models.states import WALKING_RUNS, RunState, StepState
from migrations_app.runs import wakeup
from migrations_app.runs.engine import run_log
from migrations_app.runs.engine.run_writer import (
    copy_state_to_request,
    reason_for_turning_back,
)
from migrations_app.runs.log_export import log_proof


def stop(run_id: int, *, by: User, note: str = "") -> Run:
    """Ask the run to roll back as soon as it may; the step under way is called off."""
    run = _load(run_id)
    require(by, Verb.STOP, run=run)
    return _stop(run, "run.stop", by=by, note=note)


def abort(run_id: int, *, by: User, note: str = "") -> Run:
    """Ask that Nova abort the live migration under way; the run rolls back."""
    run = _load(run_id)
    require(by, Verb.ABORT, run=run)
    _require_migrating(run, "abort")
    return _stop(run, "run.abort", by=by, note=note)


def force_complete(run_id: int, *, by: User, note: str = "") -> Run:
    """Ask that Nova complete the live migration now: by post-copy, or by a pause."""
    run = _load(run_id)
    require(by, Verb.FORCE_COMPLETE, run=run)
    _require_migrating(run, "force")
    wish = {"force_asked_at": timezone.now(), "force_sent_at": None}
    return _wish(run, "run.force_complete", by=by, note=note, **wish)


def look_again(run_id: int, *, by: User, note: str = "") -> Run:
    """Resume a held run in the direction it had; time limits start again."""
    run = _load(run_id)
    state = RunState.GOING_BACK if run.was_going_back else RunState.RUNNING
    return _resume(run, Verb.LOOK_AGAIN, "run.look_again", state, by=by, note=note)


def go_back(run_id: int, *, by: User, note: str = "") -> Run:
    """Roll a held run back. Raises TooLate if the point of no return is passed."""
    run = _load(run_id)
    require(by, Verb.GO_BACK, run=run)
    if run.steps.filter(final=True, state=StepState.DONE).exists():
        raise TooLate(
            "The point of no return is passed, so the run cannot be rolled back: use"
            " “Look again”, or close the run manually."
        )
    return _resume(
        run, Verb.GO_BACK, "run.go_back", RunState.GOING_BACK, by=by, note=note
    )


def close(run_id: int, *, by: User, note: str) -> Run:
    """Close a held run: a person has repaired what was wrong; the note says how."""
    run = _load(run_id)
    require(by, Verb.CLOSE, run=run)
    note = audit_notes.note(note, "Describe what you found and what you did.")
    now = timezone.now()
    with transaction.atomic():
        require_now(by, Verb.CLOSE)
        _change_held(run, state=RunState.CLOSED, ended_at=now, why=note)
        run_log.add_note(
            run.pk, f"{by.get_username()} closed the run manually: {note}", at=now
        )
        copy_state_to_request(run, RunState.CLOSED, why=note, now=now)
        after = log_proof(run.pk)
        recorder.record("run.closed", by=by, about=run, note=note, after=after)
    return _load(run_id)


def _stop(run: Run, verb: str, *, by: User, note: str) -> Run:
    wish = {"stop_asked_at": timezone.now(), "stop_asked_by": by.get_username()}
    return _wish(run, verb, by=by, note=note, **wish)


def _wish(run: Run, verb: str, *, by: User, note: str, **wish: Any) -> Run:
    note, now = audit_notes.remark(note), timezone.now()
    with transaction.atomic():
        changed = Run.objects.filter(pk=run.pk, state__in=WALKING_RUNS).update(
            look_again_at=now, **wish
        )
        if changed != 1:
            raise TooLate("The run has ended meanwhile. Reload the page.")
        line = recorder.VERBS[verb].format(
            actor=by.get_username(), instance=run.request.instance_name
        )
        run_log.add_note(run.pk, f"{line}. {note}".strip(), at=now)
        recorder.record(verb, by=by, about=run, note=note)
        wakeup.ring()
    return _load(run.pk)


def _resume(
    run: Run, verb: Verb, audit_verb: str, state: RunState, *, by: User, note: str
) -> Run:
    require(by, verb, run=run)
    note, now = audit_notes.remark(note), timezone.now()
    why = reason_for_turning_back(run.why) if state is RunState.GOING_BACK else ""
    with transaction.atomic():
        require_now(by, verb)
        _change_held(
            run,
            state=state,
            look_again_at=now,
            stop_asked_at=None,
            force_asked_at=None,
            # on its way back a run says why it turned, on its way on nothing is wrong
            why=why,
        )
        unfinished = Step.objects.filter(run=run).exclude(state=StepState.DONE)
        unfinished.update(begun_at=None)
        Step.objects.filter(run=run).update(undo_begun_at=None)
        who = by.get_username()
        way = "back" if state is RunState.GOING_BACK else "on"
        run_log.add_note(run.pk, f"{who} had the run go {way}. {note}".strip(), at=now)
        copy_state_to_request(run, state, why=why, now=now)
        recorder.record(audit_verb, by=by, about=run, note=note)
        wakeup.ring()
    return _load(run.pk)


def _change_held(run: Run, **fields: Any) -> None:
    if Run.objects.filter(pk=run.pk, state=RunState.HELD).update(**fields) != 1:
        raise TooLate("The run is no longer held: somebody else was faster.")


def _require_migrating(run: Run, word: str) -> None:
    """Raise TooLate if no live migration is under way."""
    live = run.steps.filter(key="migrate_live", asked_at__isnull=False)
    if not live.exclude(state=StepState.DONE).exists():
        raise TooLate(f"No live migration is running: there is nothing to {word}.")


def _load(run_id: int) -> Run:
    return get_or_gone(Run.objects.select_related("request__cloud"), run_id, "run")
