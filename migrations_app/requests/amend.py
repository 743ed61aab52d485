"""Amendment of a request: it gets a new plan, which needs new approvals."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from migrations_app.access.permissions import Verb
from migrations_app.access.require import require, require_now
from migrations_app.audit import notes as audit_notes
from migrations_app.audit import recorder
from migrations_app.errors import Conflict, TooLate, Unfit
from migrations_app.integrations import connect
from migrations_app.models import MigrationRequest
from migrations_app.models.states import BEFORE_START, RequestState
from migrations_app.requests import inputs
from migrations_app.requests import plan as request_plan
from migrations_app.requests.approvals import evaluate
from migrations_app.requests.decisions import overtaken
from migrations_app.requests.guards import load, require_complete, require_unblocked
from migrations_app.runs import reenable_hosts

# What may be changed; the instance and the procedure are another request.
FIELDS = ("target", "options", "reason", "ticket", "window_start", "window_end")


def amend(
    request_id: int,
    *,
    by: User,
    plan_digest: str,
    note: str,
    changes: Mapping[str, Any],
) -> MigrationRequest:
    """Change the request; its approvals are void, and ``by`` may not approve it.

    ``changes`` are some of FIELDS as ``ask`` takes them. Afterwards the request is
    *requested* with a plan of its next edition. Raises Unfit if nothing would be
    different or the pre-flight forbids it, TooLate if somebody else changed it first,
    and what the cloud raises.
    """
    request = load(request_id)
    require(by, Verb.AMEND, request=request)
    note = audit_notes.note(note, "Give a reason for the change (auditors read it).")
    if plan_digest != request.plan_digest:
        raise TooLate("The request has changed since you opened it. Reload the page.")
    before = {name: getattr(request, name) for name in FIELDS}
    now = timezone.now()
    wanted = {**before, **_clean(changes)}
    if wanted == before:
        raise Unfit("There is no change to save.")
    inputs.window(wanted["window_start"], wanted["window_end"], now)
    if sentence := reenable_hosts.in_the_way(request):
        raise Conflict(sentence)
    drawn = request_plan.draft(
        connect.world_for(request.cloud.name),
        instance=request.instance,
        procedure=request.procedure,
        target=wanted["target"],
        options=wanted["options"],
        edition=request.edition + 1,
        token=request.token,
    )
    inputs.probe(drawn.move.options, own=drawn.server.addresses)
    require_complete(drawn)
    require_unblocked(drawn)
    for name, value in {**wanted, **drawn.as_fields()}.items():
        setattr(request, name, value)
    changed = {name for name in FIELDS if before[name] != wanted[name]}
    words = ", ".join(name.replace("_", " ") for name in FIELDS if name in changed)
    why = (
        f"{by.get_username()} changed the request ({words}), so earlier approvals are"
        " no longer valid."
    )
    with transaction.atomic():
        require_now(by, Verb.AMEND, request=request)
        updated = MigrationRequest.objects.filter(
            pk=request.pk, plan_digest=plan_digest, state__in=BEFORE_START
        ).update(
            state=RequestState.REQUESTED,
            look_again_at=None,
            why=why,
            changed_by=by,
            changed_by_name=by.get_username(),
            expires_at=evaluate.expiry(request, now=now),
            **wanted,
            **drawn.as_fields(),
        )
        if updated != 1:
            raise overtaken(request)
        recorder.record(
            "request.amended",
            by=by,
            about=request,
            note=note,
            before={
                "digest": plan_digest,
                **{name: _json(before[name]) for name in changed},
            },
            after={
                "digest": drawn.digest,
                **{name: _json(wanted[name]) for name in changed},
            },
        )
    return load(request_id)


def _clean(changes: Mapping[str, Any]) -> dict[str, Any]:
    clean: dict[str, Any] = {}
    for name, value in changes.items():
        match name:
            case "target":
                clean[name] = value or None
            case "options":
                clean[name] = inputs.options(value or {})
            case "reason":
                clean[name] = inputs.reason(value)
            case "ticket":
                clean[name] = inputs.ticket(value)
            case "window_start" | "window_end":
                clean[name] = value
            case _:
                raise Unfit(f"“{name}” cannot be changed; {', '.join(FIELDS)} can.")
    return clean


def _json(value: Any) -> Any:
    """Return the value as JSON has it."""
    return value.isoformat() if isinstance(value, datetime) else value
