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
from migrations_app.requests.approvals import evaluate, in_force, since, standing
from migrations_app.requests.approvals.in_force import Moves
from migrations_app.requests.approvals.policy_facts import Way, project_names, way
from migrations_app.requests.approvals.rules import Rule
from migrations_app.requests.approvals.status import ApprovalStatus


def rules_of(drain: Drain, *, now: datetime | None = None) -> tuple[Rule, ...]:
    """Return the rules that apply, oldest first; none: some move has no policy."""
    moves = _moves(drain, now or timezone.now())
    found = in_force.in_force(moves, since.read(drain))
    return found.rules if found else ()


def _moves(drain: Drain, now: datetime) -> Moves:
    """Return the ways of each move, and of each host that is emptied."""
    cloud = drain.cloud.name
    moves = list(drain.moves.exclude(state__in=DROPPED))
    names = project_names(cloud, [move.instance for move in moves])
    ways = {
        way(
            move.project,
            names.get(move.instance, ""),
            move.procedure,
            move.source,
            target,
        )
        for move in moves
        for target in (move.target, *move.fallbacks)
    }
    projects = frozenset(project for each in ways for project in each.projects)
    unknown = any(each.any_project for each in ways)
    ways |= {
        Way(projects, "live", frozenset({host}), any_project=unknown)
        for host in drain.hosts
    }
    return Moves(
        cloud=cloud,
        ways=ways,
        start=max(now, drain.window_start or now),
        end=drain.window_end,
        instances=max(1, len(moves)),
    )


def approval_statuses(
    drain: Drain, *, now: datetime | None = None
) -> list[ApprovalStatus] | None:
    """Return the approvals' status for each rule; None: no policy matches a move."""
    now = now or timezone.now()
    return standing.statuses(drain, _moves(drain, now), now=now)


def approval_right(who: Person, drain: Drain) -> dict[str, Any]:
    """Return the right by which the person approves now, as fields of a Decision.

    Called with the drain's row locked. Raises NotAllowed and TooLate.
    """
    found = approval_statuses(drain)
    if found is None:
        raise TooLate(evaluate.NO_POLICY)
    refusal, fields = _right(who, found)
    if refusal is not None:
        raise refusal.error()
    return fields


def why_not_now(who: Person, drain: Drain) -> Refusal | None:
    """Return why the person may not approve at this stage; None: they may."""
    found = approval_statuses(drain)
    if found is None:
        return Refusal(evaluate.NO_POLICY, late=True)
    return _right(who, found)[0]


def _right(
    who: Person, found: list[ApprovalStatus]
) -> tuple[Refusal | None, dict[str, Any]]:
    refusals = []
    for each in sorted(found, key=lambda one: one.satisfied):
        refusal, fields = evaluate.right_under(who, each)
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
            void = "".join(f" {sentence}" for sentence in each.void)
            return (
                f"An approval is missing: the policy “{each.rule.name}” applies"
                f" (version {each.rule.version}).{void} {each.sentence}"
            ), right
    return "", right


def why_not_on(drain: Drain) -> str:
    """Return why no further move may begin, by the approvals; empty: one may.

    They must have been enough when it started, by those who are there still.
    """
    refusal, _ = permit(drain, now=drain.started_at or timezone.now())
    return refusal and (
        f"{refusal} Cancel the drain, and request a new one for the rest."
    )


def expiry(drain: Drain, *, now: datetime) -> datetime:
    """Return when the drain expires if it is not approved and started."""
    begins = max(now, drain.window_start or now)
    hours = [rule.request_hours for rule in rules_of(drain, now=now)]
    spans = [timedelta(hours=each) for each in hours if each is not None]
    spans = spans or [timedelta(days=settings.NOVAWEB_REQUEST_DAYS)]
    lasting = begins + min(spans)
    return min(lasting, drain.window_end) if drain.window_end else lasting
