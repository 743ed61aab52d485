"""Which rule rules: conditions, weights, ties, and what is not known yet."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrations_app.errors import Unfit
from migrations_app.requests.approvals import wording as approval_wording
from migrations_app.requests.approvals.rules import (
    PolicyFacts,
    Rule,
    applicable_rule,
    matches,
    read,
)

FACTS = PolicyFacts(
    cloud="north",
    projects=frozenset({"shop", "5f2b"}),
    zones=frozenset({"OS1"}),
    aggregates=frozenset({"ssd"}),
    hosts=frozenset({"compute-30", "compute-34"}),
    procedure="live",
    inside=False,
)
ONE = {"stages": [{"groups": ["approver"], "approvers": 1}]}


def rule(name: str = "r", *, number: int = 1, weight: int = 0, **data: Any) -> Rule:
    return read({**ONE, **data}, number=number, name=name, version=1, weight=weight)


def approvers(many: int) -> dict[str, Any]:
    return {"stages": [{"groups": ["approver"], "approvers": many}]}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({}, True),
        ({"clouds": ["north"]}, True),
        ({"clouds": ["south"]}, False),
        ({"projects": ["shop"]}, True),
        ({"projects": ["5f2b", "other"]}, True),
        ({"projects": ["sho"]}, False),
        ({"zones": ["OS1"], "hosts": ["compute-34"]}, True),
        ({"zones": ["OS1"], "hosts": ["compute-35"]}, False),
        ({"hosts": ["compute-*"]}, True),
        ({"hosts": ["compute-3?"]}, True),
        ({"aggregates": ["ssd"]}, True),
        ({"aggregates": ["gpu"]}, False),
        ({"procedures": ["cold", "manual"]}, False),
        ({"procedures": ["live"]}, True),
        ({"instances_at_least": 1}, True),
        ({"instances_at_least": 2}, False),
        ({"window": "inside"}, False),
        ({"window": "outside"}, True),
    ],
)
def test_every_condition_must_be_met(data: dict[str, Any], expected: bool) -> None:
    assert matches(rule(**data), FACTS) is expected


def test_the_heaviest_rules() -> None:
    light, heavy = rule("light", weight=1), rule("heavy", weight=2)
    assert (
        applicable_rule([light, heavy], FACTS)
        == applicable_rule([heavy, light], FACTS)
        == heavy
    )


def test_of_two_of_one_weight_the_more_demanding_rules_then_the_older() -> None:
    old, young = rule("old", number=1), rule("young", number=2)
    hard = rule("hard", number=3, **approvers(2))
    assert applicable_rule([young, old], FACTS) == old
    assert applicable_rule([young, old, hard], FACTS) == hard


def test_where_nothing_matches_nothing_rules() -> None:
    assert applicable_rule([], FACTS) is None
    assert applicable_rule([rule(clouds=["south"])], FACTS) is None


@pytest.mark.parametrize("condition", ["hosts", "zones", "aggregates"])
def test_leaving_the_target_open_is_never_easier(condition: str) -> None:
    standard = rule("standard")
    there: dict[str, Any] = {condition: ["elsewhere"]}
    strict = rule("strict", weight=9, **there, **approvers(3))
    easy = rule("easy", weight=10, **there)
    known = [standard, strict, easy]
    assert applicable_rule(known, FACTS) == standard
    assert applicable_rule(known, replace(FACTS, any_host=True)) == strict


def test_a_window_over_the_source_alone_lowers_nothing_for_an_open_target() -> None:
    known = [
        rule("standard", **approvers(2)),
        rule("in windows", weight=10, window="inside"),
    ]
    inside = replace(FACTS, inside=True)
    assert applicable_rule(known, inside) == known[1]
    assert applicable_rule(known, replace(inside, any_host=True)) == known[0]
    assert applicable_rule(known[1:], replace(inside, any_host=True)) is None


def test_a_host_whose_place_is_not_known_may_be_in_a_window() -> None:
    known = [rule("standard"), rule("in", weight=1, window="inside", **approvers(2))]
    assert applicable_rule(known, FACTS) == known[0]
    assert applicable_rule(known, replace(FACTS, any_place=True)) == known[1]


def test_a_rule_that_only_might_match_allows_nothing() -> None:
    only = rule(hosts=["compute-99"])
    assert applicable_rule([only], replace(FACTS, any_host=True)) is None


def test_a_host_whose_place_is_not_known_may_be_in_any() -> None:
    known = [rule("standard"), rule("zone", weight=1, zones=["OS9"], **approvers(2))]
    found = applicable_rule(known, replace(FACTS, any_place=True))
    assert found is not None
    assert found.name == "zone"


def test_a_project_whose_name_is_not_known_may_be_any() -> None:
    known = [rule("standard"), rule("bank", weight=1, projects=["ba*"], **approvers(2))]
    assert applicable_rule(known, FACTS) == known[0]
    assert applicable_rule(known, replace(FACTS, any_project=True)) == known[1]


NAMES = st.lists(st.sampled_from(["compute-30", "compute-34", "compute-9"]), max_size=2)
RULES = st.lists(
    st.builds(
        lambda weight, hosts, many, when: (weight, hosts, many, when),
        st.integers(0, 3),
        NAMES,
        st.integers(1, 3),
        st.sampled_from(["any", "inside", "outside"]),
    ),
    max_size=6,
)


@given(
    RULES,
    st.sampled_from(["compute-30", "compute-34", "compute-9"]),
    # whether windows cover the source alone, and both hosts
    st.sampled_from([(False, False), (True, False), (True, True)]),
)
def test_what_an_open_target_takes_is_enough_for_every_target(
    drawn: list[Any], target: str, inside: tuple[bool, bool]
) -> None:
    known = [
        rule(
            str(number),
            number=number,
            weight=weight,
            hosts=hosts,
            window=when,
            **approvers(many),
        )
        for number, (weight, hosts, many, when) in enumerate(drawn, start=1)
    ]
    source = frozenset({"compute-30"})
    of_source = replace(FACTS, hosts=source, any_host=True, inside=inside[0])
    open_ = applicable_rule(known, of_source)
    chosen = applicable_rule(
        known, replace(FACTS, hosts=source | {target}, inside=inside[1])
    )
    if open_ is not None:
        assert chosen is not None
        assert open_.needed >= chosen.needed


@pytest.mark.parametrize(
    "data",
    [
        {"stages": []},
        {"stages": [{"groups": [], "approvers": 1}]},
        {"stages": [{"groups": ["a"], "approvers": 0}]},
        {"stages": [{"groups": ["a"], "approvers": True}]},
        {"stages": [{"groups": "approver", "approvers": 1}]},
        {"stages": [{"groups": ["a"], "approvers": 1, "more": 1}]},
        {"stages": [{"groups": ["a"], "approvers": 1}] * 6},
        {"hosts": "compute-30"},
        {"hosts": [" "]},
        {"hosts": [7]},
        {"window": "sometimes"},
        {"approval_hours": 0},
        {"approval_hours": 1.5},
        {"break_glass": 1},
        {"colour": "red"},
    ],
)
def test_what_makes_no_sense_is_refused(data: dict[str, Any]) -> None:
    with pytest.raises(Unfit):
        rule(**data)


def test_a_rule_is_what_its_data_say() -> None:
    made = rule(hosts=["a"], window="inside", approval_hours=4, **approvers(2))
    assert rule(**made.as_data()) == made
    assert made.words == "2 of approver"
    assert ("hosts", "a") in made.about


def test_stages_are_typed_one_a_line() -> None:
    assert approval_wording.stages("2 of approver, change-board\n\n1 OF lead\n") == [
        {"approvers": 2, "groups": ["approver", "change-board"]},
        {"approvers": 1, "groups": ["lead"]},
    ]
    with pytest.raises(Unfit, match="is not a stage"):
        approval_wording.stages("two of approver")
