"""The approval policy that applies to a request, and the status of its approvals.

The policy of today applies, and so does that of when it was requested (in_force.py): at
every approval, and again when the run starts. Everything is read again each time, so
that no change in between is missed.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from migrations_app.access.delegated_rights import DelegatedRight
from migrations_app.access.permissions import Person, Refusal, Role
from migrations_app.errors import TooLate
from migrations_app.models import BrokenGlass, MigrationRequest
from migrations_app.requests.approvals import (
    in_force,
    involvement,
    rules,
    since,
    standing,
)
from migrations_app.requests.approvals.hands import Hands
from migrations_app.requests.approvals.in_force import Moves
from migrations_app.requests.approvals.policy_facts import (
    policy_facts,
    project_names,
    way,
)
from migrations_app.requests.approvals.rules import Rule
from migrations_app.requests.approvals.status import ApprovalStatus

NO_POLICY = (
    "No approval policy matches this move, so it cannot be approved: an"
    " administrator of novaweb must add a policy."
)


def rules_for(
    request: MigrationRequest, *, now: datetime | None = None
) -> tuple[Rule, ...]:
    """Return the rules that count for the request now; none: no policy is for it.

    Before it starts, "now" is all of the time in which it may start. The second, if
    there is one, is of when it was requested.
    """
    moves = moves_of(request, now or timezone.now())
    found = in_force.in_force(moves, since.read(request))
    return found.rules if found else ()


def rule_for(request: MigrationRequest, *, now: datetime | None = None) -> Rule | None:
    """Return the rule for the request that takes most approvals, if there is one."""
    found = rules_for(request, now=now)
    return max(found, key=lambda rule: rule.needed, default=None)


def moves_of(request: MigrationRequest, now: datetime) -> Moves:
    """Return the request as what rules are asked about."""
    names = project_names(request.cloud.name, [request.instance])
    of = request.project, names.get(request.instance, "")
    return Moves(
        cloud=request.cloud.name,
        ways=[way(*of, request.procedure, request.source, request.target)],
        start=max(now, request.window_start or now),
        end=request.window_end,
    )


def rules_for_ways(
    cloud: str,
    *,
    instance: str,
    project: str,
    source: str,
    procedures_targets: Iterable[tuple[str, str | None]],
) -> list[Rule | None]:
    """Return the rule that applies to each of these ways to move an instance now."""
    name = project_names(cloud, [instance]).get(instance, "")
    ways = [
        way(project, name, procedure, source, target)
        for procedure, target in procedures_targets
    ]
    known = in_force.current()
    found = policy_facts(cloud, ways, start=timezone.now(), end=None)
    return [rules.applicable_rule(known, each) for each in found]


def approval_status_of(
    request: MigrationRequest, *, now: datetime | None = None
) -> ApprovalStatus | None:
    """Return the status of the request's approvals; None: no policy matches it.

    If two rules count, under the one that takes most approvals still.
    """
    now = now or timezone.now()
    found = standing.statuses(request, moves_of(request, now), now=now) or []
    return max(found, key=lambda each: (not each.satisfied, each.missing), default=None)


def hands_in(request: MigrationRequest) -> Hands:
    """Return who has a hand in the request, whether a policy is for it or not."""
    moves = moves_of(request, timezone.now())
    facts = policy_facts(moves.cloud, moves.ways, start=moves.start, end=moves.end)
    known = since.read(request)
    return involvement.hands(request, known, moves, facts, by_window=True)


def expiry(request: MigrationRequest, *, now: datetime) -> datetime:
    """Return when the request expires if it is not approved and started.

    If its window begins later, the time counts from there.
    """
    begins = max(now, request.window_start or now)
    hours = [rule.request_hours for rule in rules_for(request, now=now)]
    spans = [timedelta(hours=each) for each in hours if each is not None]
    lasting = begins + min(spans, default=timedelta(days=settings.NOVAWEB_REQUEST_DAYS))
    return min(lasting, request.window_end) if request.window_end else lasting


def approval_right(who: Person, request: MigrationRequest) -> dict[str, Any]:
    """Return the right by which the person approves now, as fields of a Decision.

    Called with the request's row locked. Raises NotAllowed and TooLate.
    """
    found = approval_status_of(request)
    if found is None:
        raise TooLate(NO_POLICY)
    refusal, fields = right_under(who, found)
    if refusal is not None:
        raise refusal.error()
    return fields


def rejection_right(who: Person) -> dict[str, Any]:
    """Return the right by which the person rejects, as fields of a Decision."""
    if Role.APPROVER in who.roles or not who.delegated:
        return {"groups": sorted(who.groups)}
    return _on_behalf(who.delegated[0])


def why_not_now(who: Person, found: ApprovalStatus | None) -> Refusal | None:
    """Return why the person may not approve at this stage; None: they may."""
    if found is None:
        return Refusal(NO_POLICY, late=True)
    return right_under(who, found)[0]


def right_under(
    who: Person, found: ApprovalStatus
) -> tuple[Refusal | None, dict[str, Any]]:
    """Return why the person may not approve now, or the right by which they do.

    The right is their own or a delegated one, as fields of a Decision; it is empty if
    they may not.
    """
    if found.blocked:
        return Refusal(found.blocked, late=True), {}
    if refusal := why_involved(who, found.hands, "approve it"):
        return refusal, {}
    counted = frozenset() if found.satisfied else found.counted
    if who.id in counted:
        late = Refusal("You have already decided on this plan.", late=True)
        return late, {}
    own = Role.APPROVER in who.roles
    if own and found.accepts(who.groups):
        return None, {"groups": sorted(who.groups)}
    for right in who.delegated:
        if right.giver in counted:
            continue
        if found.hands.why_void(right.giver, right.giver_name, right.groups):
            continue
        if found.accepts(right.groups):
            return None, _on_behalf(right)
    sentence = (
        f"You cannot approve at this stage. {found.sentence} You are not in these"
        " groups, and no member who could still approve has delegated the right to"
        " you."
    )
    return Refusal(sentence, late=who.id in found.counted), {}


def why_involved(who: Person, hands: Hands, what: str) -> Refusal | None:
    """Return why the person, who has a hand in it, may not do that; None: they may."""
    if deed := hands.deed_of(who.id, who.name) or hands.granted.get(who.id or 0):
        return Refusal(f"You {deed}: another person must {what}.")
    if why := hands.why_void(who.id, who.name, who.groups):
        return Refusal(f"You do not count here: {why}. Another person must {what}.")
    return None


def _on_behalf(right: DelegatedRight) -> dict[str, Any]:
    return {
        "groups": sorted(right.groups),
        "on_behalf_of_id": right.giver,
        "on_behalf_of_name": right.giver_name,
    }


def emergency_start_of(request: MigrationRequest) -> BrokenGlass | None:
    """Return the act that lets the current plan run without approvals, if any.

    Of somebody who has left, or is no operator any more, it counts no longer, even if
    they come back; nor if a policy for the request does not permit it any more.
    """
    row = request.broken_glass.filter(
        plan_digest=request.plan_digest,
        by__is_active=True,
        by__groups__name=str(Role.OPERATOR),
    ).first()
    if row is None:
        return None
    known, operator = since.read(request), {str(Role.OPERATOR)}
    found = in_force.in_force(moves_of(request, timezone.now()), known)
    if why_no_emergency_start(found.rules if found else ()):
        return None
    # (its own entry is the last that names the plan so)
    used = max((act.id for act in known.own if _is_of(act, row)), default=0)
    ended = involvement.why_ended(
        known, row.by_id, row.by_name, used=used, groups=operator
    )
    return None if ended else row


def _is_of(act: since.Act, row: BrokenGlass) -> bool:
    return act.actor == row.by_id and act.after.get("digest") == row.plan_digest


def why_no_emergency_start(rules: Iterable[Rule]) -> Refusal | None:
    """Return why a request under these rules has none; None: all of them permit it."""
    rules = tuple(rules)
    if not rules:
        return Refusal(NO_POLICY)
    for rule in rules:
        if not rule.break_glass:
            return Refusal(
                f"The policy “{rule.name}” applies to this move and does not permit an"
                " emergency start: the approvals are needed."
            )
    return None


def permit(request: MigrationRequest, *, now: datetime) -> tuple[str, dict[str, Any]]:
    """Return why the plan may not start now, and its policy and approvals, audited.

    Called with the request's row locked, in the transaction of the start.
    """
    if broken := emergency_start_of(request):
        rule = rule_for(request, now=now)
        right: dict[str, Any] = {"broken_glass": broken.pk, "by": broken.by_name}
        return standing.why_blocked(request), right | (as_audited(rule) if rule else {})
    found = approval_status_of(request, now=now)
    if found is None:
        return NO_POLICY, {}
    if found.satisfied:
        approvals = [each.words for stage in found.stages for each in stage.approvals]
        return "", {**as_audited(found.rule), "approvals": approvals}
    lapsed = (
        f" {found.lapsed} of its approvals expired, {found.rule.approval_hours} hours"
        " after they were given."
        if found.lapsed
        else ""
    )
    void = "".join(f" {each}" for each in (*found.void, *_void_start(request)))
    return (
        f"An approval is missing: the policy “{found.rule.name}” applies (version"
        f" {found.rule.version}).{lapsed}{void} {found.sentence}",
        as_audited(found.rule),
    )


def _void_start(request: MigrationRequest) -> list[str]:
    """Return why an emergency start of the plan does not count; none: there is none."""
    rows = request.broken_glass.filter(plan_digest=request.plan_digest)
    return [
        f"The emergency start by {row.by_name} does not count: the account is switched"
        " off or no longer has the role operator, or was so since, or a policy does not"
        " permit it."
        for row in rows
    ]


def as_audited(rule: Rule) -> dict[str, Any]:
    """Return the rule as an audit entry keeps it."""
    return {
        "policy": rule.name,
        "policy_version": rule.version,
        "policy_rule": rule.as_data(),
    }
