"""The rule of an approval policy: its conditions, and its stages of approvers.

Pure: facts go in, the rule that applies comes out. The rows are models/approval.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Any

from migrations_app.errors import Unfit
from migrations_app.requests.approvals import wording as approval_wording

MOST_STAGES, MOST_APPROVERS = 5, 9
MOST_NAMES, LONGEST_NAME = 200, 255
MOST_HOURS = 365 * 24
MOST_WEIGHT = 1_000_000
# The conditions that are lists of names; one that is empty is met by every move.
CONDITIONS = ("clouds", "projects", "zones", "aggregates", "hosts", "procedures")


class When(StrEnum):
    """Whether a rule is for moves in a maintenance window, outside, or both."""

    ANY = "any"
    INSIDE = "inside"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True)
class Stage:
    """A number of approvers, each in one of these groups."""

    groups: tuple[str, ...]
    approvers: int

    @property
    def words(self) -> str:
        """The stage in words, as in: 2 of approver or change-board."""
        return f"{self.approvers} of {approval_wording.either(self.groups)}"


@dataclass(frozen=True, slots=True)
class PolicyFacts:
    """The facts about a move that conditions are compared with.

    ``hosts`` are the source and, if it is chosen, the target. ``any_host``: the
    scheduler is yet to choose the target. ``any_place``: the zone and aggregates of a
    host are not known. ``any_project``: the name of the project is not known.
    """

    cloud: str
    projects: frozenset[str]
    zones: frozenset[str]
    aggregates: frozenset[str]
    hosts: frozenset[str]
    procedure: str
    inside: bool
    instances: int = 1
    any_host: bool = False
    any_place: bool = False
    any_project: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """One version of one policy, as a value.

    ``approval_hours`` count from the approval, ``request_hours`` from the request.
    Names in conditions may have the wildcards * and ?.
    """

    number: int  # the policy's, which grows: the older has the smaller
    name: str
    version: int
    weight: int
    stages: tuple[Stage, ...]
    conditions: Mapping[str, tuple[str, ...]]
    instances_at_least: int = 1
    window: When = When.ANY
    approval_hours: int | None = None
    request_hours: int | None = None
    break_glass: bool = True

    @property
    def needed(self) -> int:
        """The number of approvals in all stages."""
        return sum(stage.approvers for stage in self.stages)

    @property
    def words(self) -> str:
        """The stages in words, in order."""
        return "; then ".join(stage.words for stage in self.stages)

    @property
    def about(self) -> list[tuple[str, str]]:
        """Its conditions in words: name and value of each that is not empty."""
        found = [
            (name, ", ".join(names)) for name, names in self.conditions.items() if names
        ]
        if self.instances_at_least > 1:
            found.append(("instances", f"{self.instances_at_least} or more"))
        if self.window is not When.ANY:
            found.append(("window", f"{self.window} of a maintenance window"))
        return found

    @property
    def title(self) -> str:
        """Its name and version, in words."""
        return f"{self.name}, version {self.version}"

    def as_data(self) -> dict[str, Any]:
        """Return the rule as JSON has it, without its name, version and weight."""
        return {
            **{name: list(self.conditions.get(name, ())) for name in CONDITIONS},
            "instances_at_least": self.instances_at_least,
            "window": str(self.window),
            "stages": [
                {"groups": list(stage.groups), "approvers": stage.approvers}
                for stage in self.stages
            ],
            "approval_hours": self.approval_hours,
            "request_hours": self.request_hours,
            "break_glass": self.break_glass,
        }


def read(
    data: Mapping[str, Any], *, number: int, name: str, version: int, weight: int
) -> Rule:
    """Return the rule from its JSON. Raises Unfit with what is wrong with it."""
    if unknown := sorted(set(data) - set(Rule.as_data(_NOTHING))):
        raise Unfit(f"A policy has no “{unknown[0]}”.")
    if not -MOST_WEIGHT <= weight <= MOST_WEIGHT:
        raise Unfit(f"A weight is a number from -{MOST_WEIGHT} to {MOST_WEIGHT}.")
    stages = tuple(_stage(each) for each in _list(data.get("stages", []), "stages"))
    if not 1 <= len(stages) <= MOST_STAGES:
        raise Unfit(f"A policy has 1 to {MOST_STAGES} stages: say who must approve.")
    try:
        window = When(data.get("window", When.ANY))
    except ValueError:
        raise Unfit("The window of a policy is any, inside or outside.") from None
    glass = data.get("break_glass", True)
    if not isinstance(glass, bool):
        raise Unfit("break_glass is true or false.")
    least = data.get("instances_at_least", 1)
    return Rule(
        number=number,
        name=name,
        version=version,
        weight=weight,
        stages=stages,
        conditions={key: _names(data.get(key, []), key) for key in CONDITIONS},
        instances_at_least=_whole(least, "instances_at_least", most=1_000_000),
        window=window,
        approval_hours=_hours(data, "approval_hours"),
        request_hours=_hours(data, "request_hours"),
        break_glass=glass,
    )


def matches(rule: Rule, facts: PolicyFacts) -> bool:
    """Whether the facts meet all conditions of the rule, as far as they are known."""
    return _fits(rule, facts, unknown=False)


def may_match(rule: Rule, facts: PolicyFacts) -> bool:
    """Whether the rule may be for the move, in or out of maintenance windows."""
    return _fits(replace(rule, window=When.ANY), facts, unknown=True)


def applicable_rule(rules: Iterable[Rule], facts: PolicyFacts) -> Rule | None:
    """Return the matching rule with the highest weight; None if none matches.

    Among rules of equal weight the one with more approvals applies, then the older.
    If the target, its place or the project's name is not known yet, a heavier rule may
    turn out to match: then the one with most approvals among them applies, so that it
    is never easier to leave the choice to the scheduler, or to be early.
    """
    known = list(rules)
    found = [_applicable(known, each) for each in _in_and_out(facts)]
    if None in found:
        return None
    return max(filter(None, found), key=_demand)


def _in_and_out(facts: PolicyFacts) -> Iterator[PolicyFacts]:
    """Yield the facts with each answer there may be to whether it is in a window.

    A window must cover both hosts: the target that is not chosen yet may be outside of
    the source's, and a host whose place is not known may be in one.
    """
    yield facts
    if facts.any_host if facts.inside else facts.any_place:
        yield replace(facts, inside=not facts.inside)


def _applicable(known: Sequence[Rule], facts: PolicyFacts) -> Rule | None:
    """Return the rule that applies if it is in a maintenance window, or is not."""
    sure = max((r for r in known if matches(r, facts)), key=rank, default=None)
    if not (facts.any_host or facts.any_place or facts.any_project):
        return sure
    perhaps = [
        rule
        for rule in known
        if _fits(rule, facts, unknown=True)
        and (sure is None or rank(rule) > rank(sure))
    ]
    if sure is None:
        # a rule that only might match allows nothing
        return None
    return max([sure, *perhaps], key=_demand)


def _demand(rule: Rule) -> tuple[int, ...]:
    return (rule.needed, len(rule.stages), *rank(rule))


def rank(rule: Rule) -> tuple[int, int, int, int]:
    """Return what is compared of two that match: the greater applies."""
    return (rule.weight, rule.needed, len(rule.stages), -rule.number)


def _fits(rule: Rule, facts: PolicyFacts, *, unknown: bool) -> bool:
    def met(name: str, values: Iterable[str], *, may: bool = False) -> bool:
        patterns = rule.conditions.get(name, ())
        if not patterns or (unknown and may):
            return True
        return any(fnmatchcase(value, each) for value in values for each in patterns)

    anywhere = facts.any_host or facts.any_place
    return (
        met("clouds", [facts.cloud])
        and met("projects", facts.projects, may=facts.any_project)
        and met("zones", facts.zones, may=anywhere)
        and met("aggregates", facts.aggregates, may=anywhere)
        and met("hosts", facts.hosts, may=facts.any_host)
        and met("procedures", [facts.procedure])
        and facts.instances >= rule.instances_at_least
        and (rule.window is When.ANY or facts.inside == (rule.window is When.INSIDE))
    )


# -- reading and checking the JSON ---------------------------------------------------


def _stage(data: Any) -> Stage:
    if not isinstance(data, Mapping) or set(data) != {"groups", "approvers"}:
        raise Unfit("A stage has groups and a number of approvers, and nothing else.")
    groups = tuple(dict.fromkeys(_names(data["groups"], "groups of a stage")))
    if not groups:
        raise Unfit("A stage names at least one group whose members may approve.")
    return Stage(groups, _whole(data["approvers"], "approvers", most=MOST_APPROVERS))


def _list(data: Any, what: str) -> list[Any]:
    if not isinstance(data, list | tuple):
        raise Unfit(f"The {what} are a list.")
    return list(data)


def _names(data: Any, what: str) -> tuple[str, ...]:
    names = _list(data, what)
    if len(names) > MOST_NAMES:
        raise Unfit(f"At most {MOST_NAMES} {what} can be named.")
    for name in names:
        if not isinstance(name, str) or not name.strip() or len(name) > LONGEST_NAME:
            raise Unfit(f"The {what} are names of up to {LONGEST_NAME} letters.")
    return tuple(name.strip() for name in names)


def _whole(value: Any, what: str, *, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise Unfit(f"{what} is a whole number from 1 to {most}.")
    return value


def _hours(data: Mapping[str, Any], name: str) -> int | None:
    value = data.get(name)
    return None if value is None else _whole(value, name, most=MOST_HOURS)


_NOTHING = Rule(number=0, name="", version=0, weight=0, stages=(), conditions={})
