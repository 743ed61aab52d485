"""Actions on approval policies: create, change, retire. Every version is kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import Group, User
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from migrations_app.access.permissions import Role, Verb
from migrations_app.access.require import require, require_now
from migrations_app.audit import notes as audit_notes
from migrations_app.audit import recorder
from migrations_app.errors import TooLate, Unfit
from migrations_app.models import ApprovalPolicy, PolicyVersion
from migrations_app.models.lookup import get_or_gone
from migrations_app.requests.approvals import in_force, rules
from migrations_app.requests.approvals.rules import Rule

LONGEST_NAME = 100
_CHANGED = "The policy was changed by somebody else meanwhile. Reload the page."


def all_policies() -> QuerySet[ApprovalPolicy]:
    """Return every policy: active ones first, then by weight, highest first."""
    return ApprovalPolicy.objects.order_by("-active", "-weight", "id")


def one(number: int) -> ApprovalPolicy:
    """Return the policy with that number. Raises Gone."""
    return get_or_gone(ApprovalPolicy.objects.all(), number, "approval policy")


def rule_then(version: PolicyVersion) -> Rule:
    """Return the rule of that version of the policy."""
    told = {**version.rule, "version": version.number}
    return in_force.rule_told(told, version.policy_id)


def create(
    *, by: User, name: str, weight: int, rule: Mapping[str, Any], note: str
) -> ApprovalPolicy:
    """Create a policy, which applies from now on. Raises NotAllowed, Unfit."""
    require(by, Verb.SET_POLICY)
    note = audit_notes.note(note, "Give a reason (auditors read it).")
    read = _read(rule, name=name, weight=weight)
    try:
        with transaction.atomic():
            require_now(by, Verb.SET_POLICY)
            row = ApprovalPolicy.objects.create(
                name=read.name, weight=weight, rule=read.as_data()
            )
            _keep(row, by=by, note=note)
            recorder.record("policy.created", by=by, note=note, after=_entry(row))
    except IntegrityError as error:
        raise Unfit(f"There is a policy called “{read.name}” already.") from error
    return row


def change(
    number: int,
    *,
    by: User,
    version: int,
    name: str,
    weight: int,
    active: bool,
    rule: Mapping[str, Any],
    note: str,
) -> ApprovalPolicy:
    """Create the policy's next version, which applies from now on.

    ``version`` is the one that was seen. Raises NotAllowed, Unfit, and TooLate if it
    is not the newest.
    """
    require(by, Verb.SET_POLICY)
    note = audit_notes.note(note, "Give a reason (auditors read it).")
    row = one(number)
    if version != row.version:
        raise TooLate(_CHANGED)
    before = told(row)
    was = _entry(row)
    read = _read(rule, name=name, weight=weight)
    wanted = {"name": read.name, "weight": weight, "active": active}
    if {**wanted, **read.as_data()} == {
        key: value for key, value in before.items() if key != "version"
    }:
        raise Unfit("There is no change to save.")
    verb = "policy.changed" if active or not row.active else "policy.retired"
    try:
        with transaction.atomic():
            require_now(by, Verb.SET_POLICY)
            changed = ApprovalPolicy.objects.filter(pk=row.pk, version=version).update(
                version=version + 1, rule=read.as_data(), **wanted
            )
            if changed != 1:
                raise TooLate(_CHANGED)
            row.refresh_from_db()
            _keep(row, by=by, note=note)
            recorder.record(verb, by=by, note=note, before=was, after=_entry(row))
    except IntegrityError as error:
        raise Unfit(f"There is a policy called “{read.name}” already.") from error
    return row


def retire(number: int, *, by: User, version: int, note: str) -> ApprovalPolicy:
    """Deactivate the policy; it and its versions stay readable."""
    row = one(number)
    return change(
        number,
        by=by,
        version=version,
        name=row.name,
        weight=row.weight,
        active=False,
        rule=row.rule,
        note=note,
    )


def told(row: ApprovalPolicy) -> dict[str, Any]:
    """Return the whole policy as its version has it."""
    return {
        "name": row.name,
        "weight": row.weight,
        "active": row.active,
        "version": row.version,
        **in_force.rule_of(row).as_data(),
    }


def _entry(row: ApprovalPolicy) -> dict[str, Any]:
    """Return the policy as its audit entry has it: by its number, too."""
    return {"policy": row.pk, **told(row)}


def too_few(rule: Rule) -> list[str]:
    """Return a sentence for each stage that has too few possible approvers.

    An approver needs the role too; superusers do not count.
    """
    counts = Q(user__is_active=True, user__is_superuser=False)
    counts &= Q(user__groups__name=str(Role.APPROVER))
    names = {name for stage in rule.stages for name in stage.groups}
    people: dict[str, set[int]] = {name: set() for name in names}
    members = Group.objects.filter(counts, name__in=names)
    for group, person in members.values_list("name", "user"):
        people[group].add(person)
    found = []
    for number, stage in enumerate(rule.stages, start=1):
        able = set().union(*(people[name] for name in stage.groups))
        if len(able) < stage.approvers:
            found.append(
                f"Stage {number} requires {stage.words}, but only {len(able)} members"
                " have the role approver: no move under this policy can be approved."
            )
    return found


def _read(data: Mapping[str, Any], *, name: str, weight: int) -> Rule:
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME:
        raise Unfit(f"A policy has a name of at most {LONGEST_NAME} letters.")
    read = rules.read(data, number=0, name=name, version=0, weight=weight)
    wanted = {group for stage in read.stages for group in stage.groups}
    known = Group.objects.filter(name__in=wanted).values_list("name", flat=True)
    if missing := ", ".join(sorted(wanted - set(known))):
        raise Unfit(f"There is no group {missing}: make it first, or name another.")
    return read


def _keep(row: ApprovalPolicy, *, by: User, note: str) -> None:
    rule = {key: value for key, value in told(row).items() if key != "version"}
    PolicyVersion.objects.create(
        policy=row,
        number=row.version,
        rule=rule,
        note=note,
        by=by,
        by_name=by.get_username(),
        at=timezone.now(),
    )
