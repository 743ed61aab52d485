"""Actions of people on drains: ask, approve, reject, withdraw, pause, and so on.

Each changes the state by a conditional UPDATE whose row count is checked, in one
transaction with its audit entry. Only workers read the cloud: when they plan the drain,
and right before each of its moves.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from migrations_app.access import permissions
from migrations_app.access.permissions import Person, Refusal, Verb
from migrations_app.access.require import require
from migrations_app.audit import notes as audit_notes
from migrations_app.drains import approvals as drain_approvals
from migrations_app.drains import create as drain_create
from migrations_app.drains import permissions as drain_permissions
from migrations_app.drains.audit_entries import tell
from migrations_app.drains.engine import close_moves, failures
from migrations_app.errors import TooLate, Unfit
from migrations_app.integrations import clouds
from migrations_app.models import Drain
from migrations_app.models.lookup import get_or_gone
from migrations_app.models.states import Afterwards, DrainState, RequestState
from migrations_app.requests.approvals import evaluate
from migrations_app.requests.decisions import (
    delegated_by,
    lock,
    record_decision,
    set_state,
)
from migrations_app.runs import wakeup

STOP_AFTER = 3


def ask(
    *,
    by: User,
    hosts: Collection[str],
    reason: str,
    cloud: str | None = None,
    targets: Collection[str] | None = None,
    limits: Mapping[str, int] | None = None,
    stop_after: int = STOP_AFTER,
    afterwards: str = Afterwards.KEEP,
    ticket: str = "",
    window_start: datetime | None = None,
    window_end: datetime | None = None,
) -> Drain:
    """Make a drain of these hosts; a worker plans it, then it waits for approvals.

    ``limits`` are some of the fields of Limits. Raises NotAllowed, Unfit if the input
    is not valid, and TooLate if one of the hosts has an open drain.
    """
    require(by, Verb.DRAIN)
    name = clouds.chosen(cloud)
    wanted = drain_create.hosts(name, hosts, "Name the hosts to empty.")
    allowed = None if not targets else drain_create.hosts(name, targets, "")
    if allowed is not None and set(allowed) <= set(wanted):
        raise Unfit("A host that is emptied cannot be a target: name other targets.")
    return drain_create.create(
        by=by,
        cloud=name,
        hosts=wanted,
        targets=allowed,
        limits=drain_create.limits(limits or {}),
        stop_after=drain_create.whole(stop_after, "stop_after"),
        afterwards=drain_create.afterwards(afterwards),
        reason=reason,
        ticket=ticket,
        window=(window_start, window_end),
    )


def move_back(
    drain_id: int,
    *,
    by: User,
    reason: str,
    ticket: str = "",
    window_start: datetime | None = None,
    window_end: datetime | None = None,
) -> Drain:
    """Make a drain that moves the instances back, with approvals of its own."""
    drain = load(drain_id)
    _require(by, Verb.DRAIN, drain)
    if not drain.moves.filter(state=RequestState.COMPLETED).exists():
        raise TooLate("This drain has moved no instance that could be moved back.")
    return drain_create.create(
        by=by,
        cloud=drain.cloud.name,
        hosts=[],
        targets=None,
        limits=drain.limits,
        stop_after=drain.stop_after,
        afterwards=Afterwards.KEEP,
        reason=reason,
        ticket=ticket,
        window=(window_start, window_end),
        back_of=drain,
    )


def approve(drain_id: int, *, by: User, plan_digest: str, note: str) -> Drain:
    """Approve the plan with that digest; with enough approvals the drain starts.

    Each move is planned again before it starts: one whose plan has changed is left out.
    Raises NotAllowed and TooLate.
    """
    drain = load(drain_id)
    _require(by, Verb.APPROVE, drain)
    note = audit_notes.note(note, "Give a reason for the approval (auditors read it).")
    if plan_digest != drain.plan_digest:
        raise TooLate(
            "The plan has changed since you opened it: read it again, then decide."
        )
    now = timezone.now()
    with transaction.atomic():
        # takes the row's lock: two approvers cannot both be the last one needed
        lock(drain, DrainState.REQUESTED, plan_digest=plan_digest)
        right = drain_approvals.approval_right(
            _require_now(by, Verb.APPROVE, drain), drain
        )
        record_decision(drain, by=by, approves=True, note=note, at=now, right=right)
        found = drain_approvals.approval_statuses(drain, now=now)
        ready = bool(found) and all(each.satisfied for each in found or ())
        if ready:
            start = max(now, drain.window_start or now)
            set_state(drain, DrainState.APPROVED, look_again_at=start)
            drain.moves.filter(state=RequestState.REQUESTED).update(
                state=RequestState.APPROVED, look_again_at=None
            )
        tell("drain.approved", drain, by=by, note=note, **delegated_by(right))
        if ready:
            rules = [evaluate.as_audited(each.rule) for each in found or ()]
            tell("drain.ready", drain, policies=rules)
            wakeup.ring()
    return load(drain_id)


def reject(drain_id: int, *, by: User, note: str) -> Drain:
    """Reject the drain and all of its moves finally; the note is the reason."""
    drain = load(drain_id)
    _require(by, Verb.REJECT, drain)
    note = audit_notes.note(
        note, "Give a reason for the rejection (the requester reads it)."
    )
    now = timezone.now()
    with transaction.atomic():
        _end(drain, DrainState.REJECTED, note)
        right = evaluate.rejection_right(_require_now(by, Verb.REJECT, drain))
        record_decision(drain, by=by, approves=False, note=note, at=now, right=right)
        tell("drain.rejected", drain, by=by, note=note, **delegated_by(right))
    return load(drain_id)


def withdraw(drain_id: int, *, by: User, note: str) -> Drain:
    """Withdraw the drain and its moves before the start; the note is the reason."""
    drain = load(drain_id)
    _require(by, Verb.WITHDRAW, drain)
    note = audit_notes.note(
        note, "Give a reason for the withdrawal (auditors read it)."
    )
    with transaction.atomic():
        _require_now(by, Verb.WITHDRAW, drain)
        _end(drain, DrainState.WITHDRAWN, note)
        tell("drain.withdrawn", drain, by=by, note=note)
    return load(drain_id)


def pause(drain_id: int, *, by: User, note: str) -> Drain:
    """Start no more moves until it is resumed; moves under way go on."""
    drain = load(drain_id)
    _require(by, Verb.PAUSE, drain)
    note = audit_notes.note(note, "Give a reason for the pause (other people read it).")
    with transaction.atomic():
        _require_now(by, Verb.PAUSE, drain)
        set_state(drain, DrainState.PAUSED, why=note, look_again_at=None)
        tell("drain.paused", drain, by=by, note=note)
    return load(drain_id)


def resume(drain_id: int, *, by: User, note: str) -> Drain:
    """Let the paused drain go on; failures until now do not pause it again.

    Its approvals are checked again: raises TooLate if they are no longer enough.
    """
    drain = load(drain_id)
    _require(by, Verb.RESUME, drain)
    note = audit_notes.note(note, "Give a reason to resume it (auditors read it).")
    now = timezone.now()
    with transaction.atomic():
        _require_now(by, Verb.RESUME, drain)
        lock(drain, DrainState.PAUSED)
        refusal, right = drain_approvals.permit(drain, now=now)
        if refusal:
            raise TooLate(
                f"{refusal} Cancel the drain, and request a new one for the rest."
            )
        set_state(
            drain,
            DrainState.RUNNING,
            why="",
            forgiven=failures(drain),
            look_again_at=now,
        )
        tell("drain.resumed", drain, by=by, note=note, **right)
        wakeup.ring()
    return load(drain_id)


def cancel(drain_id: int, *, by: User, note: str) -> Drain:
    """Start no more moves, for good; the drain ends when those under way have ended.

    Its hosts are then enabled again, or stay disabled, as the drain says.
    """
    drain = load(drain_id)
    _require(by, Verb.CANCEL, drain)
    note = audit_notes.note(
        note, "Give a reason for the cancellation (auditors read it)."
    )
    now = timezone.now()
    with transaction.atomic():
        _require_now(by, Verb.CANCEL, drain)
        set_state(drain, DrainState.CANCELLING, why=note, look_again_at=now)
        close_moves(drain, RequestState.WITHDRAWN, note)
        tell("drain.cancelled", drain, by=by, note=note)
        wakeup.ring()
    return load(drain_id)


def load(drain_id: int) -> Drain:
    """Return the drain with that number. Raises Gone."""
    return get_or_gone(Drain.objects.select_related("cloud"), drain_id, "drain")


def why_not(by: User, verb: Verb, drain: Drain) -> Refusal | None:
    """Return why the person may not do that to the drain; None: they may."""
    who = permissions.person(by)
    refusal = drain_permissions.why_not(who, verb, drain)
    if refusal is None and verb is Verb.APPROVE:
        return drain_approvals.why_not_now(who, drain)
    return refusal


# -- what the verbs share -------------------------------------------------------------


def _require(by: User, verb: Verb, drain: Drain) -> None:
    if refusal := drain_permissions.why_not(permissions.person(by), verb, drain):
        raise refusal.error()


def _require_now(by: User, verb: Verb, drain: Drain) -> Person:
    who = permissions.current_person(by)
    if refusal := drain_permissions.why_not(who, verb, drain):
        raise refusal.error()
    return who


def _end(drain: Drain, state: DrainState, why: str) -> None:
    set_state(drain, state, why=why, ended_at=timezone.now(), look_again_at=None)
    close_moves(drain, RequestState(state.value), why)
