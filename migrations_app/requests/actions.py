"""Actions of people on requests: ask, approve, reject, withdraw.

Each checks the permission, reads the cloud if it must, and then changes the state by a
conditional UPDATE whose row count is checked, in one transaction with its audit entry.
The cloud is never asked inside a transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone

from migrations_app.access import throttle
from migrations_app.access.permissions import Verb
from migrations_app.access.require import require, require_now
from migrations_app.audit import notes as audit_notes
from migrations_app.audit import recorder
from migrations_app.errors import Conflict, TooLate, Unreachable
from migrations_app.integrations import clouds, connect
from migrations_app.models import Cloud, MigrationRequest
from migrations_app.models.states import BEFORE_START, RequestState
from migrations_app.preflight.advice import Advice
from migrations_app.requests import inputs, plan_diff, recent_check
from migrations_app.requests import plan as request_plan
from migrations_app.requests.approvals import evaluate
from migrations_app.requests.decisions import (
    delegated_by,
    lock,
    record_decision,
    set_state,
)
from migrations_app.requests.guards import load, require_complete, require_unblocked
from migrations_app.requests.plan import AUTO, Draft
from migrations_app.runs import reenable_hosts, wakeup


def preflight(
    *,
    by: User,
    instance: str,
    procedure: str = AUTO,
    target: str | None = None,
    cloud: str | None = None,
) -> Advice:
    """Return the ways to move the instance, best first, with all findings.

    It has root look at hypervisors. Raises TooMany, and the errors of the cloud.
    """
    require(by, Verb.ASK)
    throttle.admit(by.pk, "preflight")
    return request_plan.advice(
        connect.world_for(clouds.chosen(cloud)),
        instance=inputs.instance(instance),
        procedure=inputs.procedure(procedure),
        target=target or None,
    )


def ask(
    *,
    by: User,
    instance: str,
    procedure: str,
    target: str | None,
    reason: str,
    ticket: str = "",
    window_start: datetime | None = None,
    window_end: datetime | None = None,
    options: Mapping[str, Any] | None = None,
    cloud: str | None = None,
) -> MigrationRequest:
    """Make a request for a move, which then waits for its approvals.

    Raises Unfit if the pre-flight forbids it (``findings`` says why) or the input is
    not valid, TooLate if the instance has an open request, and what the cloud raises if
    it cannot be read.
    """
    require(by, Verb.ASK)
    name, now = clouds.chosen(cloud), timezone.now()
    reason, ticket = inputs.reason(reason), inputs.ticket(ticket)
    inputs.window(window_start, window_end, now)
    drawn = request_plan.draft(
        connect.world_for(name),
        instance=inputs.instance(instance),
        procedure=inputs.procedure(procedure),
        target=target or None,
        options=inputs.options(options or {}),
    )
    inputs.probe(drawn.move.options, own=drawn.server.addresses)
    require_unblocked(drawn)
    request = MigrationRequest(
        cloud=Cloud.objects.get_or_create(name=name)[0],
        instance=drawn.move.server_id,
        instance_name=drawn.move.server_name,
        open_instance=f"{name}:{drawn.move.server_id}",
        project=drawn.server.project_id,
        asked_procedure=procedure,
        target=drawn.move.target,
        options=dict(drawn.move.options),
        reason=reason,
        ticket=ticket,
        window_start=window_start,
        window_end=window_end,
        asked_by=by,
        asked_by_name=by.get_username(),
        asked_at=now,
        **drawn.as_fields(),
    )
    request.expires_at = evaluate.expiry(request, now=now)
    try:
        with transaction.atomic():
            require_now(by, Verb.ASK)
            request.save(force_insert=True)
            recorder.record(
                "request.asked",
                by=by,
                about=request,
                note=reason,
                after={"procedure": drawn.procedure, "digest": drawn.digest},
            )
    except IntegrityError as error:
        raise _open_already(request) from error
    return request


def approve(
    request_id: int, *, by: User, plan_digest: str, note: str
) -> MigrationRequest:
    """Approve the plan with that digest; with enough approvals the move starts.

    The plan is made again first. If it is not the one that the approver saw, nothing is
    approved: the request shows the new plan, and TooLate says so. Raises Unfit if the
    pre-flight forbids the plan, as it may one that had changed before.
    """
    request = load(request_id)
    require(by, Verb.APPROVE, request=request)
    note = audit_notes.note(note, "Give a reason for the approval (auditors read it).")
    drawn = require_same_plan(request, plan_digest)
    now = timezone.now()
    with transaction.atomic():
        # takes the row's lock: two approvers cannot both be the last one needed
        lock(request, RequestState.REQUESTED, plan_digest=plan_digest)
        who = require_now(by, Verb.APPROVE, request=request)
        right = evaluate.approval_right(who, request)
        record_decision(request, by=by, approves=True, note=note, at=now, right=right)
        found = evaluate.approval_status_of(request, now=now)
        ready = found is not None and found.satisfied
        if ready:
            start = max(now, request.window_start or now)
            checked = recent_check.kept(drawn)
            set_state(
                request, RequestState.APPROVED, look_again_at=start, checked=checked
            )
        _record("request.approved", request, right, by=by, note=note)
        if found is not None and ready:
            after = evaluate.as_audited(found.rule)
            recorder.record("request.ready", about=request, after=after)
            wakeup.ring()
    return load(request_id)


def reject(request_id: int, *, by: User, note: str) -> MigrationRequest:
    """Reject the request finally; the note is the reason."""
    request = load(request_id)
    require(by, Verb.REJECT, request=request)
    note = audit_notes.note(
        note, "Give a reason for the rejection (the requester reads it)."
    )
    now = timezone.now()
    with transaction.atomic():
        _end(request, RequestState.REJECTED, now, why=note)
        right = evaluate.rejection_right(require_now(by, Verb.REJECT, request=request))
        record_decision(request, by=by, approves=False, note=note, at=now, right=right)
        _record("request.rejected", request, right, by=by, note=note)
    return load(request_id)


def withdraw(request_id: int, *, by: User, note: str) -> MigrationRequest:
    """Withdraw the request before the start; the note is the reason."""
    request = load(request_id)
    require(by, Verb.WITHDRAW, request=request)
    note = audit_notes.note(
        note, "Give a reason for the withdrawal (auditors read it)."
    )
    with transaction.atomic():
        require_now(by, Verb.WITHDRAW, request=request)
        _end(request, RequestState.WITHDRAWN, timezone.now(), why=note)
        recorder.record("request.withdrawn", by=by, about=request, note=note)
    return load(request_id)


def require_same_plan(request: MigrationRequest, plan_digest: str) -> Draft:
    """Make the plan again; return it if it is still the same and may run.

    Raises TooLate if the plan has changed (the request has the new one then), Unfit if
    the pre-flight forbids it, and what the cloud raises.
    """
    if plan_digest != request.plan_digest:
        raise TooLate(
            "The plan has changed since you opened it: read it again, then decide."
        )
    if sentence := reenable_hosts.in_the_way(request):
        raise Conflict(sentence)
    drawn = request_plan.redraft(request)
    require_complete(drawn)
    if drawn.not_looked:
        # even if it is the plan of a request that was made so: it is not what would run
        raise Unreachable(
            f"The plan cannot be compared with the current state: {drawn.not_looked}"
        )
    if drawn.digest != request.plan_digest:
        for why in (*drawn.silent.values(), request_plan.too_late(request, drawn)):
            if why:
                raise Unreachable(
                    f"The plan cannot be compared with the current state: {why}"
                )
        replace_plan(request, drawn)
        raise TooLate(
            "The plan changed while it waited for your decision, so nothing was"
            " approved. Read the changes, then decide."
        )
    require_unblocked(drawn)
    return drawn


def replace_plan(request: MigrationRequest, drawn: Draft) -> None:
    """Replace the request's plan by the changed one; its approvals are void."""
    lines = plan_diff.differences(request, drawn)
    words = plan_diff.sentences(lines)
    why = f"The plan changed, so earlier approvals are no longer valid. {words}"
    before = {"digest": request.plan_digest}
    drawn = replace(drawn, edition=request.edition + 1)
    with transaction.atomic():
        changed = MigrationRequest.objects.filter(
            pk=request.pk,
            plan_digest=request.plan_digest,
            state__in=BEFORE_START,
        ).update(
            state=RequestState.REQUESTED,
            look_again_at=None,
            why=why,
            differences=lines,
            **drawn.as_fields(),
        )
        if changed == 1:
            recorder.record(
                "request.voided",
                about=request,
                note=why,
                before=before,
                after={"digest": drawn.digest, "differences": lines},
            )


# -- what the verbs share -------------------------------------------------------------


def _open_already(request: MigrationRequest) -> TooLate:
    other = MigrationRequest.objects.filter(open_instance=request.open_instance).first()
    number = f" (number {other.pk}, {other.state})" if other else ""
    return TooLate(
        f"There is an open request for {request.instance_name} already{number}:"
        " withdraw that request first, or wait until it has ended."
    )


def _end(
    request: MigrationRequest, state: RequestState, now: datetime, *, why: str
) -> None:
    set_state(
        request, state, why=why, ended_at=now, open_instance=None, look_again_at=None
    )


def _record(
    verb: str,
    request: MigrationRequest,
    right: Mapping[str, Any],
    *,
    by: User,
    note: str,
) -> None:
    after = {"digest": request.plan_digest, **delegated_by(right)}
    recorder.record(verb, by=by, about=request, note=note, after=after)
