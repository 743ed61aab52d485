"""The one writer of the audit trail, and the sentence of each verb.

``record`` is called inside the transaction of the change that it records, so that
there is never one without the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog
from django.utils import timezone

from migrations_app.models import AuditEntry, MigrationRequest, Run

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

SYSTEM = "novaweb"

VERBS: dict[str, str] = {
    "request.asked": "{actor} asked to move {instance} from {source} to {target}",
    "request.approved": "{actor} approved the move of {instance}",
    "request.ready": "The move of {instance} has all the approvals it needs",
    "request.rejected": "{actor} rejected the move of {instance}",
    "request.withdrawn": "{actor} withdrew the move of {instance}",
    "request.expired": "The request to move {instance} expired",
    "request.voided": "The plan to move {instance} changed: its approvals are void",
    "run.started": "The move of {instance} to {target} started",
    "run.completed": "{instance} was moved to {target}",
    "run.going_back": "The move of {instance} turned back",
    "run.going_on": "The move of {instance} could not turn back and goes on",
    "run.rolled_back": "The move of {instance} was rolled back",
    "run.held": "The move of {instance} is held: a person must decide",
    "run.asked": "novaweb asked Nova for a step of the move of {instance}",
    "run.stop": "{actor} asked to stop the move of {instance}",
    "run.abort": "{actor} asked to abort the live migration of {instance}",
    "run.force_complete": "{actor} asked to force the move of {instance} to complete",
    "run.look_again": "{actor} had the held move of {instance} looked at again",
    "run.go_back": "{actor} sent the held move of {instance} back",
    "run.swept": "The copy of {instance} set aside on {source} was removed for good",
    "run.closed": "{actor} closed the held move of {instance} by hand",
    "run.restored": "novaweb enabled hosts that the move of {instance} left disabled",
    "service.disabled": "{actor} had nova-compute on {source} disabled",
    "service.enabled": "{actor} had nova-compute on {source} enabled",
    "service.failed": "The change of {source} that {actor} asked for failed in Nova",
    "console.opened": "{actor} looked at the console of {instance}",
    "account.roles": "{actor} was given roles with manage.py account",
    "account.signed_in": "{actor} signed in",
    "account.signed_out": "{actor} signed out",
    "account.refused": "A sign-in as {actor} failed",
    "token.created": "{actor} got an API token",
    "token.revoked": "{actor} revoked an API token",
    "inventory.asked": "{actor} had the inventory read anew",
    "speed.asked": "{actor} had the copy speed from {source} to {target} measured",
    "speed.planned": "novaweb set out to measure the copy speeds of its hosts",
}


def record(
    verb: str,
    *,
    by: AbstractBaseUser | None = None,
    actor_name: str | None = None,
    request: MigrationRequest | None = None,
    run: Run | None = None,
    note: str = "",
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    cloud: str = "",
    source: str = "",
    target: str = "",
) -> AuditEntry:
    """Add an entry for the verb, which must be one of VERBS, and return it.

    Without ``by`` and ``actor_name`` the actor is novaweb itself. ``cloud``, ``source``
    and ``target`` are for what is about hosts and not about a request.
    """
    if verb not in VERBS:
        raise ValueError(f"unknown audit verb: {verb}")
    if run is not None and request is None:
        request = run.request
    context = structlog.contextvars.get_contextvars()
    entry = AuditEntry(
        at=timezone.now(),
        actor_id=by.pk if by is not None else None,
        actor_name=actor_name or (by.get_username() if by is not None else SYSTEM),
        act=str(context.get("request_id", ""))[:36],
        verb=verb,
        note=note,
        before=before or {},
        after=after or {},
        cloud=cloud,
        source=source,
        target=target,
    )
    if request is not None:
        entry.cloud = request.cloud.name
        entry.request_number = request.pk
        entry.instance = request.instance
        entry.instance_name = request.instance_name
        entry.source = request.source
        entry.target = request.target or ""
        entry.ticket = request.ticket
    if run is not None:
        entry.run_number = run.pk
    entry.save(force_insert=True)
    return entry


def sentence(entry: AuditEntry) -> str:
    """Return the entry in words."""
    template = VERBS.get(entry.verb, "{actor}: " + entry.verb)
    return template.format(
        actor=entry.actor_name,
        instance=entry.instance_name or entry.instance or "an instance",
        source=entry.source or "?",
        target=entry.target
        or entry.after.get("host")
        or "a host of the scheduler's choice",
    )
