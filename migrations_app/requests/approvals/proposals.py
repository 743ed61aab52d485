"""Changes of policies that lower what moves take: a second person confirms them."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from migrations_app.access import permissions
from migrations_app.access.permissions import Person, Refusal, Verb
from migrations_app.access.require import require, require_now
from migrations_app.audit import notes as audit_notes
from migrations_app.audit import recorder
from migrations_app.errors import TooLate
from migrations_app.models import ApprovalPolicy, AuditEntry, PolicyProposal
from migrations_app.models.lookup import get_or_gone
from migrations_app.requests.approvals import policies as approval_policies
from migrations_app.requests.approvals.policies import Wanted
from migrations_app.requests.approvals.since import ACCOUNTS

# What an entry about an account has of a change that lets somebody do more with it.
_LIFTS = frozenset({"password", "active", "staff", "superuser", "permissions"})


def waiting() -> QuerySet[PolicyProposal]:
    """Return those that wait and can still be confirmed, newest first."""
    rows = PolicyProposal.objects.filter(decided_at=None)
    return rows.filter(Q(policy=None) | Q(policy__version=F("version")))


def why_not_confirm(who: Person, row: PolicyProposal) -> Refusal | None:
    """Return why the person may not confirm it; None: they may, with the permission."""
    if who.id == row.by_id or who.name == row.by_name:
        return Refusal(
            "You proposed this change: another person who may change approval policies"
            " must confirm it."
        )
    return None


def _why_not_second(who: Person, row: PolicyProposal) -> Refusal | None:
    """Return why the person is no second one; None: they are.

    They are not if the proposer, or nobody knows who, has made them able to confirm it
    since it was proposed: their account, its password, its rights or those of a group.
    Nor is there a first person any more who may not change policies now.
    """
    if not permissions.person(row.by or AnonymousUser()).sets_policy:
        return Refusal(
            f"{row.by_name}, who proposed this change, may not change approval policies"
            " any more: discard it, and propose it again if it is still needed.",
            late=True,
        )
    entries = AuditEntry.objects.order_by("id")
    told = entries.filter(verb="policy.proposed", after__proposal=row.pk).first()
    later = Q(id__gt=told.pk) if told else Q(at__gte=row.at)
    by = Q(actor=None) | Q(actor=row.by_id) | Q(actor_name=row.by_name)
    for entry in entries.filter(later, by, verb__in=ACCOUNTS):
        facts = {**entry.before, **entry.after}
        about = facts.get("account") or facts.get("name")
        group = entry.verb == "group.changed" and "permissions" in entry.after
        if group or (about in (who.id, who.name) and _lifts(entry)):
            return Refusal(
                f"{entry.actor_name} has changed your account or your rights since this"
                " change was proposed: another person who may change approval policies"
                " must confirm it."
            )
    return None


def _lifts(entry: AuditEntry) -> bool:
    made = ("account.created", "account.roles", "account.confirmed")
    return entry.verb in made or not _LIFTS.isdisjoint(entry.after)


def confirm(number: int, *, by: User, note: str) -> ApprovalPolicy:
    """Let the change count from now on; return the policy.

    Raises NotAllowed, Unfit, Gone, and TooLate if the policy was changed meanwhile.
    """
    require(by, Verb.SET_POLICY)
    note = audit_notes.note(note, "Give a reason (auditors read it).")
    row = get_or_gone(PolicyProposal.objects.all(), number, "proposal")
    rule = approval_policies.read_rule(row.rule, name=row.name, weight=row.weight)
    with transaction.atomic():
        _decide(row, by=by)
        who = require_now(by, Verb.SET_POLICY)
        if refusal := why_not_confirm(who, row) or _why_not_second(who, row):
            raise refusal.error()
        wanted = Wanted(
            row.policy,
            row.version,
            rule,
            active=row.active,
            note=f"{row.note}\n{note}",
        )
        return approval_policies.apply(wanted, by=by, proposal=row)


def discard(number: int, *, by: User, note: str) -> PolicyProposal:
    """End the proposal without any change. Raises NotAllowed, Unfit, Gone, TooLate."""
    require(by, Verb.SET_POLICY)
    note = audit_notes.note(note, "Give a reason (auditors read it).")
    row = get_or_gone(PolicyProposal.objects.all(), number, "proposal")
    with transaction.atomic():
        _decide(row, by=by)
        require_now(by, Verb.SET_POLICY)
        after: dict[str, Any] = {"name": row.name, "proposal": row.pk}
        recorder.record("policy.discarded", by=by, note=note, after=after)
    row.refresh_from_db()
    return row


def _decide(row: PolicyProposal, *, by: User) -> None:
    changed = PolicyProposal.objects.filter(pk=row.pk, decided_at=None).update(
        decided_at=timezone.now(), decided_by_name=by.get_username()
    )
    if changed != 1:
        raise TooLate("The proposal is decided already. Reload the page.")
