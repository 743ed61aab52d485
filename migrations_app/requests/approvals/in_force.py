"""The rules that count for a move: today's, and those of when it was requested.

Policies and windows may become stricter for what was requested before, never laxer: so
the rule of then and the rule of now must both be satisfied.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from migrations_app.errors import Unfit
from migrations_app.models import ApprovalPolicy, PolicyVersion, Window
from migrations_app.requests.approvals import rules
from migrations_app.requests.approvals.policy_facts import Way, policy_facts
from migrations_app.requests.approvals.rules import PolicyFacts, Rule, When
from migrations_app.requests.approvals.since import POLICIES, WINDOWS, Act, Since
from migrations_app.requests.windows import schedule
from migrations_app.requests.windows.calendar.window import WindowRule

# What an audit entry has of a policy beside its rule.
_OF_THE_ROW = ("name", "weight", "active", "version", "policy", "proposed_by")


@dataclass(frozen=True, slots=True)
class Moves:
    """What is to be moved, on which ways, and from when to when it may start."""

    cloud: str
    ways: Collection[Way]
    start: datetime
    end: datetime | None
    instances: int = 1


@dataclass(frozen=True, slots=True)
class InForce:
    """The rules that all must be satisfied, and which of them are of when it was asked.

    ``facts`` are those of the moves now. ``by_window``: a policy for some of them asks
    whether the move is in a maintenance window.
    """

    rules: tuple[Rule, ...]
    earlier: frozenset[tuple[int, int]]  # number and version
    facts: tuple[PolicyFacts, ...]
    by_window: bool

    def is_earlier(self, rule: Rule) -> bool:
        """Whether the rule is of when it was asked, and another one applies today."""
        return (rule.number, rule.version) in self.earlier


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


def rule_told(data: Mapping[str, Any], number: int) -> Rule:
    """Return the rule as an audit entry or a version has it. Raises Unfit."""
    return rules.read(
        {key: value for key, value in data.items() if key not in _OF_THE_ROW},
        number=number,
        name=data["name"],
        version=data.get("version", 0),
        weight=data["weight"],
    )


def in_force(moves: Moves, since: Since) -> InForce | None:
    """Return the rules that count; None: no policy is for some of the moves now.

    Where no policy was when it was asked, today's alone counts.
    """
    today = current()
    facts = _facts(moves, None)
    now = _applicable(today, facts)
    if now is None:
        return None
    policies, windows = list(since.of(POLICIES)), list(since.of(WINDOWS))
    then: dict[tuple[int, int], Rule] = {}
    known = today
    if policies or windows:
        known = _policies_then(today, policies)
        facts_then = _facts(moves, _windows_then(moves, windows)) if windows else facts
        for each in set(facts_then):
            if (rule := rules.applicable_rule(known, each)) is not None:
                then[(rule.number, rule.version)] = rule
    return InForce(
        rules=tuple(rule for _, rule in sorted({**now, **then}.items())),
        earlier=frozenset(then) - frozenset(now),
        facts=tuple(facts),
        by_window=any(
            rule.window is not When.ANY and rules.may_match(rule, each)
            for rule in (*today, *known)
            for each in set(facts)
        ),
    )


def _facts(moves: Moves, windows: list[WindowRule] | None) -> list[PolicyFacts]:
    return policy_facts(
        moves.cloud,
        moves.ways,
        start=moves.start,
        end=moves.end,
        instances=moves.instances,
        windows=windows,
    )


def _applicable(
    known: list[Rule], facts: Iterable[PolicyFacts]
) -> dict[tuple[int, int], Rule] | None:
    found = {}
    for each in set(facts):
        rule = rules.applicable_rule(known, each)
        if rule is None:
            return None
        found[(rule.number, rule.version)] = rule
    return found or None


def _policies_then(today: list[Rule], acts: list[Act]) -> list[Rule]:
    """Return the rules of before these acts, the first of which is the oldest."""
    known = {rule.number: rule for rule in today}
    numbers = _numbers(acts)
    seen: set[int] = set()
    for act in acts:
        number = numbers.get(act.id, -act.id)
        if number in seen:
            continue
        seen.add(number)
        known.pop(number, None)
        if act.before and act.before.get("active"):
            known[number] = rule_told(act.before, number)
    return list(known.values())


def _numbers(acts: list[Act]) -> dict[int, int]:
    """Return by entry the number of its policy, which older entries do not have.

    One that cannot be found counts as another policy: the rule of then stays one more.
    """
    found = {act.id: act.after["policy"] for act in acts if "policy" in act.after}
    for act in acts:
        if act.id not in found:
            version = PolicyVersion.objects.filter(
                number=act.after.get("version", 0), rule__name=act.after.get("name", "")
            )
            numbers = set(version.values_list("policy_id", flat=True))
            if len(numbers) == 1:
                found[act.id] = numbers.pop()
    return found


def _windows_then(moves: Moves, acts: list[Act]) -> list[WindowRule]:
    """Return the windows of before these acts that may overlap the moves' time."""
    end = moves.end or moves.start
    known = {rule.id: rule for rule in schedule.rules(moves.start, end)}
    seen: set[int] = set()
    for act in acts:
        number = window_number(act)
        if number is None or number in seen:
            continue
        seen.add(number)
        known.pop(number, None)
        if act.before:
            known[number] = window_told(act.before)
    return list(known.values())


def window_number(act: Act) -> int | None:
    """Return the number of the window that the entry is about; None: it has none."""
    number = (act.before or act.after).get("window")
    return int(number) if number else None


def window_told(data: Mapping[str, Any]) -> WindowRule:
    """Return the window as an audit entry has it."""
    given = {key: value for key, value in data.items() if key != "window"}
    return schedule.rule_of(Window(pk=data["window"], **given))


def may_match(data: Mapping[str, Any], facts: Iterable[PolicyFacts]) -> bool:
    """Whether a policy of an audit entry may be for one of the moves, in any window."""
    try:
        rule = rule_told(data, 0)
    except (Unfit, KeyError):  # what cannot be read may be for anything
        return True
    return any(rules.may_match(rule, each) for each in facts)
