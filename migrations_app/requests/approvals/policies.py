"""Actions on approval policies: create, change, retire. Every version is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.contrib.auth.models import Group, User
from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from migrations_app.access.permissions import Role, Verb
from migrations_app.access.require import require, require_now
from migrations_app.audit import notes as audit_notes
from migrations_app.audit import recorder
from migrations_app.errors import TooLate, Unfit
from migrations_app.models import ApprovalPolicy, PolicyProposal, PolicyVersion
from migrations_app.models.lookup import get_or_gone
from migrations_app.requests.approvals import in_force, rules, strictness
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
) -> ApprovalPolicy | PolicyProposal:
    """Create a policy, which applies from now on, or propose it if it lowers anything.

    Raises NotAllowed, Unfit.
    """
    require(by, Verb.SET_POLICY)
    note = audit_notes.note(note, "Give a reason (auditors read it).")
    read = read_rule(rule, name=name, weight=weight)
    wanted = Wanted(None, 0, read, active=True, note=note)
    return _propose(wanted, by=by) if _lowers(wanted) else apply(wanted, by=by)


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
) -> ApprovalPolicy | PolicyProposal:
    """Create the policy's next version, or propose it if it lowers anything.

    ``version`` is the one that was seen. What lowers something counts when another
    person has confirmed it (proposals.py). Raises NotAllowed, Unfit, and TooLate if it
    is not the newest.
    """
    require(by, Verb.SET_POLICY)
    note = audit_notes.note(note, "Give a reason (auditors read it).")
    row = one(number)
    if version != row.version:
        raise TooLate(_CHANGED)
    read = read_rule(rule, name=name, weight=weight)
    new = {"name": read.name, "weight": weight, "active": active, **read.as_data()}
    if new == {key: value for key, value in told(row).items() if key != "version"}:
        raise Unfit("There is no change to save.")
    wanted = Wanted(row, version, read, active=active, note=note)
    return _propose(wanted, by=by) if _lowers(wanted) else apply(wanted, by=by)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A policy as it is to be: a new one, or what follows that version of the row."""

    row: ApprovalPolicy | None
    version: int
    rule: Rule
    active: bool
    note: str


def apply(
    wanted: Wanted, *, by: User, proposal: PolicyProposal | None = None
) -> ApprovalPolicy:
    """Let the policy be as it is to be, from now on.

    ``proposal`` is the one that ``by`` has confirmed. Raises NotAllowed, Unfit and
    TooLate.
    """
    row, rule = wanted.row, wanted.rule
    fields = {"name": rule.name, "weight": rule.weight, "rule": rule.as_data()}
    was = _entry(row) if row else {}
    try:
        with transaction.atomic():
            require_now(by, Verb.SET_POLICY)
            if row is None:
                row, verb = ApprovalPolicy.objects.create(**fields), "policy.created"
            else:
                ends = row.active and not wanted.active
                verb = "policy.retired" if ends else "policy.changed"
                changed = ApprovalPolicy.objects.filter(
                    pk=row.pk, version=wanted.version
                ).update(version=F("version") + 1, active=wanted.active, **fields)
                if changed != 1:
                    raise TooLate(_CHANGED)
                row.refresh_from_db()
            _keep(row, by=by, note=wanted.note, proposal=proposal)
            after = _entry(row)
            if proposal is not None:
                after["proposed_by"] = [proposal.by_id, proposal.by_name]
            recorder.record(verb, by=by, note=wanted.note, before=was, after=after)
    except IntegrityError as error:
        raise Unfit(f"There is a policy called “{rule.name}” already.") from error
    return row


def _lowers(wanted: Wanted) -> bool:
    number = wanted.row.pk if wanted.row else 0
    others = [rule for rule in in_force.current() if rule.number != number]
    was = wanted.row if wanted.row and wanted.row.active else None
    newest = max((rule.number for rule in others), default=0) + 1
    return strictness.lowers(
        in_force.rule_of(was) if was else None,
        replace(wanted.rule, number=number or newest) if wanted.active else None,
        others,
    )


def _propose(wanted: Wanted, *, by: User) -> PolicyProposal:
    with transaction.atomic():
        require_now(by, Verb.SET_POLICY)
        rule = wanted.rule
        row = PolicyProposal.objects.create(
            policy=wanted.row,
            version=wanted.version,
            name=rule.name,
            weight=rule.weight,
            active=wanted.active,
            rule=rule.as_data(),
            note=wanted.note,
            by=by,
            by_name=by.get_username(),
            at=timezone.now(),
        )
        recorder.record(
            "policy.proposed",
            by=by,
            note=wanted.note,
            before=_entry(wanted.row) if wanted.row else {},
            after={
                "name": rule.name,
                "proposal": row.pk,
                "active": wanted.active,
                "weight": rule.weight,
                **rule.as_data(),
            },
        )
    return row


def retire(
    number: int, *, by: User, version: int, note: str
) -> ApprovalPolicy | PolicyProposal:
    """Deactivate the policy, or propose that; it and its versions stay readable."""
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

    An approver needs the role too; superusers do not count, nor accounts that nobody
    has confirmed.
    """
    counts = Q(user__is_active=True, user__is_superuser=False, user__to_confirm=None)
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


def read_rule(data: Mapping[str, Any], *, name: str, weight: int) -> Rule:
    """Return the rule, whose groups there are. Raises Unfit."""
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME:
        raise Unfit(f"A policy has a name of at most {LONGEST_NAME} letters.")
    read = rules.read(data, number=0, name=name, version=0, weight=weight)
    wanted = {group for stage in read.stages for group in stage.groups}
    known = Group.objects.filter(name__in=wanted).values_list("name", flat=True)
    if missing := ", ".join(sorted(wanted - set(known))):
        raise Unfit(f"There is no group {missing}: make it first, or name another.")
    return read


def _keep(
    row: ApprovalPolicy, *, by: User, note: str, proposal: PolicyProposal | None
) -> None:
    rule = {key: value for key, value in told(row).items() if key != "version"}
    if proposal is not None:
        note = f"{note}\nConfirmed by {by.get_username()}."
    PolicyVersion.objects.create(
        policy=row,
        number=row.version,
        rule=rule,
        note=note,
        by=proposal.by if proposal else by,
        by_name=proposal.by_name if proposal else by.get_username(),
        at=timezone.now(),
    )
