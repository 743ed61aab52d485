"""The approval policy that applies to a request, and the status of its approvals.

The current policy applies: at every approval, and again when the run starts. Everything
is read again each time, so that no change in between is missed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.utils import timezone

from migrations_app.access.permissions import DelegatedRight, Person, Refusal, Role
from migrations_app.errors import TooLate
from migrations_app.models import (
    ApprovalPolicy,
    BrokenGlass,
    Decision,
    MigrationRequest,
)
from migrations_app.requests.approvals import rules
from migrations_app.requests.approvals.policy_facts import (
    policy_facts,
    project_names,
    way,
)
from migrations_app.requests.approvals.rules import PolicyFacts, Rule
from migrations_app.requests.approvals.status import (
    Approval,
    ApprovalStatus,
    approval_status,
)

NO_POLICY = (
    "No approval policy matches this move, so it cannot be approved: an"
    " administrator of novaweb must add a policy."
)


def current() -> list[Rule]:
    """Return the rules of all active policies."""
    return [rule_of(row) for row in ApprovalPolicy.objects.filter(active=True)]


def rule_of(row: ApprovalPolicy) -> Rule:
    """Return the policy's rule as a value."""
    return rules.read(
        row.rule,
        number=row.pk,
        name=row.name,
        version=row.version,
        weight=row.weight,
    )


def rule_for(request: MigrationRequest, *, now: datetime | None = None) -> Rule | None:
    """Return the rule that applies to the request now; None: no policy matches it.

    Before it starts, "now" is all of the time in which it may start.
    """
    return rules.applicable_rule(current(), facts(request, now=now or timezone.now()))


def facts(request: MigrationRequest, *, now: datetime) -> PolicyFacts:
    """Return the facts about the request that policies ask for."""
    names = project_names(request.cloud.name, [request.instance])
    projects = {request.project, *names.values()}
    (found,) = policy_facts(
        request.cloud.name,
        [way(projects, request.procedure, request.source, request.target)],
        start=max(now, request.window_start or now),
        end=request.window_end,
    )
    return found


def rules_for_ways(
    cloud: str,
    *,
    instance: str,
    project: str,
    source: str,
    procedures_targets: Iterable[tuple[str, str | None]],
) -> list[Rule | None]:
    """Return the rule that applies to each of these ways to move an instance now."""
    projects = {project, *project_names(cloud, [instance]).values()}
    ways = [
        way(projects, procedure, source, target)
        for procedure, target in procedures_targets
    ]
    known = current()
    found = policy_facts(cloud, ways, start=timezone.now(), end=None)
    return [rules.applicable_rule(known, each) for each in found]


def approval_status_of(
    request: MigrationRequest, *, now: datetime | None = None
) -> ApprovalStatus | None:
    """Return the status of the request's approvals; None: no policy matches it."""
    now = now or timezone.now()
    rule = rule_for(request, now=now)
    if rule is None:
        return None
    rows = request.decisions.filter(approves=True, plan_digest=request.plan_digest)
    approvals = [approval_of(row) for row in rows]
    excluded = excluded_people(_involved(request), approvals)
    return approval_status(rule, approvals, excluded=excluded, now=now)


def approval_of(row: Decision) -> Approval:
    """Return the approval as a value, for its status."""
    # whether an approval for a deleted account may count cannot be known any more
    gone = row.on_behalf_of_name and row.on_behalf_of_id is None
    return Approval(
        person=None if gone else row.by_id,
        name=row.by_name,
        groups=frozenset(row.groups),
        at=row.at,
        giver=row.on_behalf_of_id,
        giver_name=row.on_behalf_of_name,
    )


def excluded_people(
    involved: Collection[int | None], approvals: Iterable[Approval]
) -> frozenset[int]:
    """Return the IDs of people whose approvals never count: involved or superusers."""
    people = {person for each in approvals for person in each.people}
    superusers = User.objects.filter(pk__in=people, is_superuser=True)
    return frozenset(superusers.values_list("pk", flat=True)).union(
        person for person in involved if person is not None
    )


def _involved(request: MigrationRequest) -> set[int | None]:
    return {request.asked_by_id, request.changed_by_id}


def expiry(request: MigrationRequest, *, now: datetime) -> datetime:
    """Return when the request expires if it is not approved and started.

    If its window begins later, the time counts from there.
    """
    begins = max(now, request.window_start or now)
    rule = rule_for(request, now=now)
    if rule is not None and rule.request_hours is not None:
        lasting = begins + timedelta(hours=rule.request_hours)
    else:
        lasting = begins + timedelta(days=settings.NOVAWEB_REQUEST_DAYS)
    return min(lasting, request.window_end) if request.window_end else lasting


def approval_right(who: Person, request: MigrationRequest) -> dict[str, Any]:
    """Return the right by which the person approves now, as fields of a Decision.

    Called with the request's row locked. Raises NotAllowed and TooLate.
    """
    found = approval_status_of(request)
    if found is None:
        raise TooLate(NO_POLICY)
    refusal, fields = right_under(who, _involved(request), found)
    if refusal is not None:
        raise refusal.error()
    return fields


def rejection_right(who: Person) -> dict[str, Any]:
    """Return the right by which the person rejects, as fields of a Decision."""
    if Role.APPROVER in who.roles or not who.delegated:
        return {"groups": sorted(who.groups)}
    return _on_behalf(who.delegated[0])


def why_not_now(
    who: Person, found: ApprovalStatus | None, request: MigrationRequest
) -> Refusal | None:
    """Return why the person may not approve at this stage; None: they may."""
    if found is None:
        return Refusal(NO_POLICY, late=True)
    return right_under(who, _involved(request), found)[0]


def right_under(
    who: Person, involved: Collection[int | None], found: ApprovalStatus
) -> tuple[Refusal | None, dict[str, Any]]:
    """Return why the person may not approve now, or the right by which they do.

    The right is their own or a delegated one, as fields of a Decision; it is empty if
    they may not.
    """
    counted = frozenset() if found.satisfied else found.counted
    if who.id in counted:
        late = Refusal("You have already decided on this plan.", late=True)
        return late, {}
    own = Role.APPROVER in who.roles
    if own and found.accepts(who.groups):
        return None, {"groups": sorted(who.groups)}
    for right in who.delegated:
        if right.giver in {*involved, *counted}:
            continue
        if found.accepts(right.groups):
            return None, _on_behalf(right)
    sentence = (
        f"You cannot approve at this stage. {found.sentence} You are not in these"
        " groups, and no member who could still approve has delegated the right to"
        " you."
    )
    return Refusal(sentence, late=who.id in found.counted), {}


def _on_behalf(right: DelegatedRight) -> dict[str, Any]:
    return {
        "groups": sorted(right.groups),
        "on_behalf_of_id": right.giver,
        "on_behalf_of_name": right.giver_name,
    }


def emergency_start_of(request: MigrationRequest) -> BrokenGlass | None:
    """Return the act that lets the current plan run without approvals, if any."""
    return request.broken_glass.filter(plan_digest=request.plan_digest).first()


def permit(request: MigrationRequest, *, now: datetime) -> tuple[str, dict[str, Any]]:
    """Return why the plan may not start now, and its policy and approvals, audited.

    Called with the request's row locked, in the transaction of the start.
    """
    if broken := emergency_start_of(request):
        rule = rule_for(request, now=now)
        right: dict[str, Any] = {"broken_glass": broken.pk, "by": broken.by_name}
        return "", right | (as_audited(rule) if rule else {})
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
    return (
        f"An approval is missing: the policy “{found.rule.name}” applies (version"
        f" {found.rule.version}).{lapsed} {found.sentence}",
        as_audited(found.rule),
    )


def as_audited(rule: Rule) -> dict[str, Any]:
    """Return the rule as an audit entry keeps it."""
    return {
        "policy": rule.name,
        "policy_version": rule.version,
        "policy_rule": rule.as_data(),
    }
