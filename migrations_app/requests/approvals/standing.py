"""Where the approvals of a request or drain stand under each rule that counts for it.

Everything is read again each time, so that no change in between is missed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from migrations_app.access import accounts as access_accounts
from migrations_app.access.accounts import Account
from migrations_app.access.roles import ROLES, Verb
from migrations_app.models import Decision, Drain, MigrationRequest
from migrations_app.requests.approvals import in_force, involvement, since
from migrations_app.requests.approvals.hands import Hands
from migrations_app.requests.approvals.in_force import Moves
from migrations_app.requests.approvals.rules import Rule
from migrations_app.requests.approvals.since import Since
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
    hands = involvement.hands(of, known, moves, found.facts, by_window=found.by_window)
    hands, approvals, void = _counting(list(rows), hands, found.rules, known)
    blocked = why_blocked(of)
    return [
        replace(
            approval_status(rule, approvals, now=now),
            hands=hands,
            rules=found.rules,
            earlier=found.is_earlier(rule),
            void=tuple(void),
            blocked=blocked,
        )
        for rule in found.rules
    ]


def _counting(
    rows: Sequence[Decision], hands: Hands, rules: Sequence[Rule], known: Since
) -> tuple[Hands, list[Approval], list[str]]:
    """Return the approvals that may count, and for each other one why it does not.

    The hands then have those on whom one of the approvals rests, too.
    """
    wanted = {group for rule in rules for each in rule.stages for group in each.groups}
    accounts = access_accounts.read(
        person for row in rows for person, _ in _people(row)
    )
    granted = {
        grant.by: grant.deed
        for row in rows
        for person, name in _people(row)
        for grant in hands.grants_to(person, name, row.groups)
        if grant.by is not None and grant.by != person
    }
    hands = replace(hands, granted=granted)
    approvals, void = [], []
    used = _entries(rows, known)
    for row in rows:
        why = _why_void(row, hands, accounts)
        if not why and row.pk in used:
            why = _why_ended(row, wanted, known, used=used[row.pk])
        why = why or _why_not_own(row, accounts)
        person, _ = _people(row)[-1]
        groups = set(row.groups) & (accounts[person].groups if not why else set())
        if not why and set(row.groups) & wanted and not groups & wanted:
            left = ", ".join(sorted(set(row.groups) & wanted))
            why = f"the approver has left {left} since"
        if row.by_id is None or why:
            void.append(f"The approval by {_words(row)} does not count: {why}.")
        else:
            approvals.append(_approval(row, row.by_id, groups, hands))
    return hands, approvals, void


def _people(row: Decision) -> list[tuple[int | None, str]]:
    """Return whose right the approval uses up: account and name."""
    found = [(row.by_id, row.by_name)]
    if row.on_behalf_of_name:
        found.append((row.on_behalf_of_id, row.on_behalf_of_name))
    return found


def _words(row: Decision) -> str:
    return " for ".join(name for _, name in _people(row))


def _why_void(
    row: Decision, hands: Hands, accounts: Mapping[int | None, Account]
) -> str:
    # whose right it is must be an approver still; who used it, somebody with a role
    owner, _ = _people(row)[-1]
    for person, name in _people(row):
        roles = ROLES[Verb.APPROVE if person == owner else Verb.SEE]
        if why := access_accounts.why_gone(accounts.get(person), name, roles):
            return why
        if why := hands.why_void(person, name, row.groups):
            return why
        if accounts[person].superuser:
            return f"{name} is a superuser, and can change every rule"
    return ""


def _why_not_own(row: Decision, accounts: Mapping[int | None, Account]) -> str:
    """Return why somebody else may be behind one of its people; empty: nobody is."""
    found = (
        access_accounts.why_not_own(accounts.get(person), name)
        for person, name in _people(row)
    )
    return next(filter(None, found), "")


def _entries(rows: Sequence[Decision], known: Since) -> dict[int, int]:
    """Return by approval the number of its entry, which comes in the same order.

    One that is being made has none yet: nothing can have come after it.
    """
    found: dict[int, int] = {}
    for person, digest in {(row.by_id, row.plan_digest) for row in rows}:
        mine = [row.pk for row in rows if row.by_id == person]
        told = [
            act.id
            for act in known.approved
            if act.actor == person and act.after.get("digest") == digest
        ]
        found |= dict(zip(mine, told, strict=False))
    return found


def _why_ended(row: Decision, wanted: set[str], known: Since, *, used: int) -> str:
    """Return what ended the right since it was used, though it may be there again."""
    by = {str(role) for role in ROLES[Verb.APPROVE]} | wanted
    owner, _ = _people(row)[-1]
    for person, name in _people(row):
        groups: set[str] = by & set(row.groups) if person == owner else set()
        if why := involvement.why_ended(known, person, name, used=used, groups=groups):
            return why
    return ""


def _approval(row: Decision, by: int, groups: set[str], hands: Hands) -> Approval:
    """Return the approval as a value, for its status."""
    return Approval(
        person=by,
        name=row.by_name,
        groups=frozenset(groups),
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


def why_blocked(of: MigrationRequest | Drain) -> str:
    """Return why it can be neither approved nor started; empty: it can.

    Those whose wish it is, the requester and the last editor, must be there still, and
    be persons of their own: else an approver could be behind them.
    """
    asking = Verb.DRAIN if isinstance(of, Drain) else Verb.ASK
    wish = [(of.asked_by_id, of.asked_by_name, "requested", asking)]
    if isinstance(of, MigrationRequest):
        if of.drain_id:
            wish = [(of.asked_by_id, of.asked_by_name, "requested", Verb.DRAIN)]
        if of.changed_by_name:
            wish.append((of.changed_by_id, of.changed_by_name, "edited", Verb.AMEND))
    accounts = access_accounts.read(person for person, *_ in wish)
    for person, name, did, verb in wish:
        if why := access_accounts.why_not_own(accounts.get(person), name):
            return (
                f"It can be neither approved nor started yet: {name} {did} it, and"
                f" {why}. Ask another superuser to do that, on “Accounts and roles”."
            )
        if why := access_accounts.why_gone(accounts.get(person), name, ROLES[verb]):
            return (
                f"It can be neither approved nor started: {name or 'somebody'} {did}"
                f" it, and {why}. Withdraw it, and request it again if it is still"
                " needed."
            )
    return ""
