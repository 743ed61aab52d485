"""Where the approvals of a request or drain stand under each rule that counts for it.

Everything is read again each time, so that no change in between is missed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from django.contrib.auth.models import User

from migrations_app.models import Decision, Drain, MigrationRequest
from migrations_app.requests.approvals import in_force, involvement, since
from migrations_app.requests.approvals.hands import Hands
from migrations_app.requests.approvals.in_force import Moves
from migrations_app.requests.approvals.status import (
    Approval,
    ApprovalStatus,
    approval_status,
)


def statuses(
    of: MigrationRequest | Drain, moves: Moves, *, now: datetime
) -> list[ApprovalStatus] | None:
    """Return the approvals' status under each rule; None: no policy is for a move."""
    known = since.read(of)
    found = in_force.in_force(moves, known)
    if found is None:
        return None
    rows = of.decisions.filter(approves=True, plan_digest=of.plan_digest)
    hands = involvement.hands(of, known, moves, found.facts)
    hands, approvals, void = _counting(list(rows), hands)
    return [
        replace(
            approval_status(rule, approvals, now=now),
            hands=hands,
            rules=found.rules,
            earlier=found.is_earlier(rule),
            void=tuple(void),
            blocked=_why_blocked(of),
        )
        for rule in found.rules
    ]


def _counting(
    rows: Sequence[Decision], hands: Hands
) -> tuple[Hands, list[Approval], list[str]]:
    """Return the approvals that may count, and for each other one why it does not.

    The hands then have those on whom one of the approvals rests, too.
    """
    superusers = _superusers(rows)
    granted = {
        grant.by: grant.deed
        for row in rows
        for person, name in _people(row)
        for grant in hands.grants_to(person, name, row.groups)
        if grant.by is not None and grant.by != person
    }
    hands = replace(hands, granted=granted)
    approvals, void = [], []
    for row in rows:
        why = _why_void(row, hands, superusers)
        if row.by_id is None or why:
            void.append(f"The approval by {_words(row)} does not count: {why}.")
        else:
            approvals.append(_approval(row, row.by_id, hands))
    return hands, approvals, void


def _people(row: Decision) -> list[tuple[int | None, str]]:
    """Return whose right the approval uses up: account and name."""
    found = [(row.by_id, row.by_name)]
    if row.on_behalf_of_name:
        found.append((row.on_behalf_of_id, row.on_behalf_of_name))
    return found


def _words(row: Decision) -> str:
    return " for ".join(name for _, name in _people(row))


def _why_void(row: Decision, hands: Hands, superusers: frozenset[int]) -> str:
    for person, name in _people(row):
        if person is None:
            return f"the account of {name} was deleted"
        if why := hands.why_void(person, name, row.groups):
            return why
        if person in superusers:
            return f"{name} is a superuser, and can change every rule"
    return ""


def _approval(row: Decision, by: int, hands: Hands) -> Approval:
    """Return the approval as a value, for its status."""
    return Approval(
        person=by,
        name=row.by_name,
        groups=frozenset(row.groups),
        at=row.at,
        giver=row.on_behalf_of_id,
        giver_name=row.on_behalf_of_name,
        rests_on=frozenset(
            grant.by
            for person, name in _people(row)
            for grant in hands.grants_to(person, name, row.groups)
            if grant.by is not None
        ),
    )


def _superusers(rows: Sequence[Decision]) -> frozenset[int]:
    people = {person for row in rows for person, _ in _people(row) if person}
    found = User.objects.filter(pk__in=people, is_superuser=True)
    return frozenset(found.values_list("pk", flat=True)) if people else frozenset()


def _why_blocked(of: MigrationRequest | Drain) -> str:
    """Return why nobody's approval can count; empty: it can."""
    asked = of.asked_by_id, of.asked_by_name
    changed: tuple[int | None, str] = (None, "")
    if isinstance(of, MigrationRequest):
        changed = of.changed_by_id, of.changed_by_name
    for (person, name), did in ((asked, "requested"), (changed, "edited")):
        if person is None and (name or did == "requested"):
            return (
                f"The account of {name or 'somebody'}, who {did} this, was deleted, so"
                " nobody can tell who may approve it: withdraw it, and request it"
                " again if it is still needed."
            )
    return ""
