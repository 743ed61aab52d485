"""The only writer of the audit trail, and the sentence of each action.

``record`` is called inside the transaction of the change, so that both are stored or
neither. It is the last write of the transaction, because all writers wait for each
other from there until the transaction ends.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import structlog
from django.utils import timezone

from migrations_app.audit import chain, hashing
from migrations_app.models import AuditEntry, MigrationRequest, Run

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser

SYSTEM = "novaweb"

VERBS: dict[str, str] = {
    "request.asked": "{actor} requested a move of {instance} from {source} to {target}",
    "request.approved": "{actor} approved the move of {instance}",
    "request.amended": "{actor} edited the request to move {instance}",
    "request.sent_back": "The move of {instance} needs more approvals to start",
    "request.glass_broken": (
        "{actor} started the move of {instance} without approvals (emergency start)"
    ),
    "request.glass_reviewed": "{actor} reviewed the emergency start of {instance}",
    "request.ready": "The move of {instance} has all the approvals it needs",
    "request.rejected": "{actor} rejected the move of {instance}",
    "request.withdrawn": "{actor} withdrew the move of {instance}",
    "request.expired": "The request to move {instance} expired",
    "request.voided": "The plan to move {instance} changed: it needs approval again",
    "drain.asked": "{actor} requested to empty {source} (drain {subject})",
    "drain.move_planned": "The drain {subject} plans to move {instance} to {target}",
    "drain.planned": "The drain {subject} of {source} waits for approval",
    "drain.failed": "The drain {subject} of {source} could not be planned",
    "drain.approved": "{actor} approved the drain {subject} of {source}",
    "drain.ready": "The drain {subject} of {source} has all the approvals it needs",
    "drain.sent_back": "The drain {subject} of {source} needs more approvals to start",
    "drain.rejected": "{actor} rejected the drain {subject} of {source}",
    "drain.withdrawn": "{actor} withdrew the drain {subject} of {source}",
    "drain.expired": "The drain {subject} of {source} expired",
    "drain.started": "The drain {subject} of {source} started",
    "drain.disabling": "The drain {subject} disabled nova-compute on {source}",
    "drain.enabling": "The drain {subject} enabled nova-compute on {source} again",
    "drain.left": "The drain {subject} did not move {instance}",
    "drain.paused": "{actor} paused the drain {subject} of {source}",
    "drain.resumed": "{actor} resumed the drain {subject} of {source}",
    "drain.cancelled": "{actor} cancelled the drain {subject} of {source}",
    "drain.ended": "The drain {subject} of {source} ended",
    "run.started": "The move of {instance} to {target} started",
    "run.completed": "{instance} was moved to {target}",
    "run.going_back": "The move of {instance} is being rolled back",
    "run.going_on": "The move of {instance} could not be rolled back and continues",
    "run.rolled_back": "The move of {instance} was rolled back",
    "run.held": "The move of {instance} is held: a person must decide",
    "run.asked": "novaweb called Nova for the move of {instance}",
    "run.command": "novaweb ran {subject} for the move of {instance}",
    "run.answered": "novaweb got the result of {subject} for the move of {instance}",
    "run.looked": "novaweb read {subject} during the move of {instance}",
    "run.stop": "{actor} asked to stop the move of {instance}",
    "run.abort": "{actor} asked to abort the live migration of {instance}",
    "run.force_complete": "{actor} asked to force the move of {instance} to complete",
    "run.look_again": "{actor} let the held move of {instance} be checked again",
    "run.go_back": "{actor} rolled back the held move of {instance}",
    "run.swept": "The copy of {instance} set aside on {source} was removed for good",
    "run.closed": "{actor} closed the held move of {instance} manually",
    "run.restored": "novaweb enabled hosts that the move of {instance} left disabled",
    "service.disabled": "{actor} disabled nova-compute on {source}",
    "service.enabled": "{actor} enabled nova-compute on {source}",
    "service.failed": "The change of {source} by {actor} failed in Nova",
    "policy.created": "{actor} created the approval policy {subject}",
    "policy.changed": "{actor} changed the approval policy {subject}",
    "policy.proposed": "{actor} proposed to change the approval policy {subject}",
    "policy.discarded": "{actor} discarded a proposal for the policy {subject}",
    "policy.retired": "{actor} retired the approval policy {subject}",
    "delegation.made": "{actor} delegated the right to approve to {subject}",
    "delegation.revoked": "{actor} ended the delegation to {subject}",
    "window.created": "{actor} created the window {subject}",
    "window.changed": "{actor} changed the window {subject}",
    "window.retired": "{actor} retired the window {subject}",
    "audit.signed": "{actor} had the audit trail signed",
    "audit.unsigned": "The audit trail could not be signed",
    "audit.broken": "The audit trail is not as novaweb wrote it",
    "audit.exported": "{actor} exported entries of the audit trail",
    "console.opened": "{actor} opened the console of {instance}",
    "account.roles": "{actor} changed the roles of {subject}",
    "account.signed_in": "{actor} signed in",
    "account.signed_out": "{actor} signed out",
    "account.session_ended": "{actor} ended sessions elsewhere",
    "account.display": "{actor} changed how pages show times and lists to them",
    "account.data_exported": "{actor} downloaded what is kept of them",
    "account.factor_added": "{actor} set up a second factor",
    "account.factor_removed": "{actor} removed the second factor of {subject}",
    "account.codes_made": "{actor} made new recovery codes",
    "account.factor_refused": "A second factor shown as that of {actor} was wrong",
    "account.refused": "A sign-in as {actor} failed",
    "account.refused_more": "Another {subject} sign-ins failed within a minute",
    "account.created": "{actor} created the account {subject}",
    "account.changed": "{actor} changed the account {subject}",
    "account.confirmed": "{actor} confirmed that {subject} is a person of their own",
    "account.deleted": "{actor} deleted the account {subject}",
    "group.created": "{actor} created the group {subject}",
    "group.changed": "{actor} changed the group {subject}",
    "group.deleted": "{actor} deleted the group {subject}",
    "settings.changed": "novaweb started with changed settings ({subject})",
    "token.expired": "An expired API token of {actor} was removed",
    "token.created": "{actor} got an API token",
    "token.revoked": "{actor} revoked an API token",
    "inventory.asked": "{actor} had the inventory read again",
    "speed.asked": "{actor} had the copy speed from {source} to {target} measured",
    "speed.command": "novaweb ran {subject} on {source} to measure its copy speed",
    "speed.answered": "novaweb got the result of {subject} from {source}",
    "speed.measured": "The copy speed from {source} to {target} was measured",
    "speed.failed": "The copy speed from {source} to {target} could not be measured",
    "webhook.created": "{actor} created a webhook",
    "webhook.changed": "{actor} changed a webhook",
    "webhook.rotated": "{actor} gave a webhook a new secret",
    "webhook.resealed": "The secrets of webhooks were encrypted with another key",
    "webhook.tested": "{actor} sent a test to a webhook",
    "webhook.switched_off": "A webhook was switched off, since its receiver is gone",
    "webhook.removed": "{actor} removed a webhook",
    "mail.tested": "{actor} sent a test e-mail",
    "notices.chosen": "{actor} changed the notification settings of a group",
    "delivery.again": "{actor} had a message sent again",
    "delivery.given_up": "A message could not be delivered",
    "speed.planned": "novaweb started to measure the copy speeds of all hosts",
    "search.saved": "{actor} saved a search of the audit trail",
    "search.removed": "{actor} removed a saved search of the audit trail",
    "evidence.opened": "{actor} opened the evidence of the move of {instance}",
    "drain.evidence_opened": "{actor} opened the evidence of the drain {subject}",
    "retention.removed": "novaweb removed old records",
}


@dataclass(frozen=True, slots=True)
class CloudObject:
    """What an entry is about that is no request and no run: a cloud, or its hosts."""

    cloud: str = ""
    source: str = ""
    target: str = ""
    ticket: str = ""


def record(
    verb: str,
    *,
    by: AbstractBaseUser | None = None,
    actor_name: str | None = None,
    about: MigrationRequest | Run | CloudObject | None = None,
    note: str = "",
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> AuditEntry:
    """Add an entry for the verb, which must be in VERBS, and return it.

    Without ``by`` and ``actor_name`` the actor is novaweb itself. An entry about a run
    is about its request as well. Afterwards the head of the chain is locked until the
    transaction ends: a transaction that changes other rows after that could wait for
    one that waits for it, so tests refuse it.
    """
    if verb not in VERBS:
        raise ValueError(f"unknown audit verb: {verb}")
    context = structlog.contextvars.get_contextvars()
    entry = AuditEntry(
        at=timezone.now(),
        actor_id=by.pk if by is not None else None,
        actor_name=actor_name or (by.get_username() if by is not None else SYSTEM),
        act=str(context.get("request_id", ""))[:36],
        verb=verb,
        note=hashing.storable(note),
        before=hashing.storable(before or {}),
        after=hashing.storable(after or {}),
        **_columns(about),
    )
    chain.append([entry])
    return entry


def _columns(about: MigrationRequest | Run | CloudObject | None) -> dict[str, Any]:
    """Return the columns of an entry that say what it is about."""
    match about:
        case Run():
            return {"run_number": about.pk, **_columns(about.request)}
        case MigrationRequest():
            return {
                "cloud": about.cloud.name,
                "request_number": about.pk,
                "instance": about.instance,
                "instance_name": about.instance_name,
                "source": about.source,
                "target": about.target or "",
                "ticket": about.ticket,
            }
        case CloudObject():
            return asdict(about)
    return {}


def sentence(entry: AuditEntry) -> str:
    """Return the entry as a sentence."""
    template = VERBS.get(entry.verb, "{actor}: " + entry.verb)
    return template.format(
        actor=entry.actor_name,
        instance=entry.instance_name or entry.instance or "an instance",
        source=entry.source or "?",
        subject=entry.after.get("name") or entry.before.get("name") or "?",
        target=entry.target
        or entry.after.get("host")
        or "a host chosen by the scheduler",
    )
