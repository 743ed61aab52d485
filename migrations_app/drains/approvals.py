"""The approval policies that apply to a drain, and the status of its approvals.

Every move is judged as if it were asked for alone, at its target and at each of its
fallbacks, with the number of all as its number of instances. If several rules apply,
all of them must be satisfied.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from migrations_app.access.permissions import Person, Refusal
from migrations_app.errors import TooLate
from migrations_app.models import Drain
from migrations_app.models.states import DROPPED
from migrations_app.requests.approvals import evaluate, rules
from migrations_app.requests.approvals.policy_facts import (
    Way,
    policy_facts,
    project_names,
    way,
)
from migrations_app.requests.approvals.rules import PolicyFacts, Rule
from migrations_app.requests.approvals.status import ApprovalStatus, approval_status


def rules_of(drain: Drain, *, now: datetime | None = None) -> list[Rule] | None:
    """Return the rules that apply, oldest first; None: some move has no policy."""
    known = evaluate.current()
    found: dict[int, Rule] = {}
    for facts in set(_facts(drain, now or timezone.now())):
        rule = rules.applicable_rule(known, facts)
        if rule is None:
            return None
        found[rule.number] = rule
    return [found[number] for number in sorted(found)] or None


def _facts(drain: Drain, now: datetime) -> list[PolicyFacts]:
    """Return the facts about each move, and about each host that is emptied."""
    cloud = drain.cloud.name
    moves = list(drain.moves.exclude(state__in=DROPPED))
    names = project_names(cloud, [move.instance for move in moves])
    ways = {
        way(
            (move.project, names.get(move.instance, "")),
            move.procedure,
            move.source,
            target,
        )
        for move in moves
        for target in (move.target, *move.fallbacks)
    }
    projects = frozenset(project for each in ways for project in each.projects)
    ways |= {Way(projects, "live", frozenset({host})) for host in drain.hosts}
    return policy_facts(
        cloud,
        ways,
        start=max(now, drain.window_start or now),
        end=drain.window_end,
        instances=max(1, len(moves)),
    )


def approval_statuses(
    drain: Drain, *, now: datetime | None = None
) -> list[ApprovalStatus] | None:
    """Return the approvals' status for each rule; None: no policy matches a move."""
    now = now or timezone.now()
    found = rules_of(drain, now=now)
    if found is None:
        return None
    rows = drain.decisions.filter(approves=True, plan_digest=drain.plan_digest)
    approvals = [evaluate.approval_of(row) for row in rows]
    excluded = evaluate.excluded_people({drain.asked_by_id}, approvals)
    return [
        approval_status(each, approvals, excluded=excluded, now=now) for each in found
    ]


def approval_right(who: Person, drain: Drain) -> dict[str, Any]:
    """Return the right by which the person approves now, as fields of a Decision.

    Called with the drain's row locked. Raises NotAllowed and TooLate.
    """
    found = approval_statuses(drain)
    if found is None:
        raise TooLate(evaluate.NO_POLICY)
    refusal, fields = _right(who, drain, found)
    if refusal is not None:
        raise refusal.error()
    return fields


def why_not_now(who: Person, drain: Drain) -> Refusal | None:
    """Return why the person may not approve at this stage; None: they may."""
    found = approval_statuses(drain)
    if found is None:
        return Refusal(evaluate.NO_POLICY, late=True)
    return _right(who, drain, found)[0]


def _right(
    who: Person, drain: Drain, found: list[ApprovalStatus]
) -> tuple[Refusal | None, dict[str, Any]]:
    refusals = []
    for each in sorted(found, key=lambda one: one.satisfied):
        refusal, fields = evaluate.right_under(who, {drain.asked_by_id}, each)
        if refusal is None:
            return None, fields
        refusals.append(refusal)
    return refusals[0], {}


def permit(drain: Drain, *, now: datetime) -> tuple[str, dict[str, Any]]:
    """Return why it may not start now, and its policies and approvals, audited.

    Called with the drain's row locked, in the transaction of the start.
    """
    found = approval_statuses(drain, now=now)
    if found is None:
        return evaluate.NO_POLICY, {}
    right = {
        "policies": [evaluate.as_audited(each.rule) for each in found],
        "approvals": sorted(
            {
                approval.words
                for each in found
                for stage in each.stages
                for approval in stage.approvals
            }
        ),
    }
    for each in found:
        if not each.satisfied:
            return (
                f"An approval is missing: the policy “{each.rule.name}” applies"
                f" (version {each.rule.version}). {each.sentence}"
            ), right
    return "", right


def expiry(drain: Drain, *, now: datetime) -> datetime:
    """Return when the drain expires if it is not approved and started."""
    begins = max(now, drain.window_start or now)
    hours = [rule.request_hours for rule in rules_of(drain, now=now) or []]
    spans = [timedelta(hours=each) for each in hours if each is not None]
    spans = spans or [timedelta(days=settings.NOVAWEB_REQUEST_DAYS)]
    lasting = begins + min(spans)
    return min(lasting, drain.window_end) if drain.window_end else lasting
