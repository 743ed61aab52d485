"""A change of a policy that might lower what a move takes is found, whatever it is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from migrations_app.requests.approvals.rules import (
    PolicyFacts,
    Rule,
    applicable_rule,
    read,
)
from migrations_app.requests.approvals.status import Approval, approval_status
from migrations_app.requests.approvals.strictness import as_strict, lowers
from tests.approvals.test_status import NOW


def rule(
    *stages: tuple[int, str], number: int = 1, weight: int = 0, **more: Any
) -> Rule:
    data = {
        "stages": [{"approvers": n, "groups": groups.split()} for n, groups in stages],
        **more,
    }
    return read(data, number=number, name=f"r{number}", version=1, weight=weight)


STANDARD = rule((1, "approver"))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (rule((2, "approver")), rule((1, "approver"))),
        (rule((1, "board")), rule((1, "board approver"))),
        (rule((1, "board")), rule((1, "approver"))),
        (rule((1, "a"), (1, "b")), rule((1, "a"))),
        (rule((1, "a"), approval_hours=2), rule((1, "a"), approval_hours=3)),
        (rule((1, "a"), approval_hours=2), rule((1, "a"))),
        (rule((1, "a"), break_glass=False), rule((1, "a"))),
        (rule((2, "approver"), weight=9), None),
        (rule((2, "approver"), weight=9), rule((2, "approver"), weight=-9)),
        (rule((2, "approver"), weight=9), rule((2, "approver"), weight=9, zones=["x"])),
        (None, rule((1, "friends"), weight=9)),
    ],
)
def test_what_takes_less_than_before_is_lower(
    before: Rule | None, after: Rule | None
) -> None:
    assert lowers(before, after, [rule((1, "approver"), number=7)])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (rule((1, "approver")), rule((2, "approver"))),
        (rule((1, "a b")), rule((1, "a"), (1, "b"))),
        (rule((1, "a b"), weight=9), rule((1, "a"), weight=9)),
        (rule((1, "a")), rule((1, "a"), break_glass=False, approval_hours=1)),
        (None, rule((2, "approver"), weight=9, zones=["x"])),
        (rule((1, "approver"), weight=9), None),
    ],
)
def test_what_takes_as_much_is_not_lower(
    before: Rule | None, after: Rule | None
) -> None:
    others = [rule((1, "approver"), number=7, weight=-1)]
    assert not lowers(before, after, others)


def test_a_policy_where_none_was_is_lower() -> None:
    assert lowers(None, rule((9, "approver")), [])
    assert not lowers(STANDARD, None, [])


GROUPS = st.lists(st.sampled_from("abc"), min_size=1, max_size=2, unique=True)
STAGES = st.lists(st.tuples(st.integers(1, 2), GROUPS), min_size=1, max_size=2)
PLACES = st.lists(st.sampled_from(["live", "cold"]), max_size=1)


@st.composite
def rules(draw: st.DrawFn, number: int) -> Rule:
    stages = draw(STAGES)
    return rule(
        *((many, " ".join(groups)) for many, groups in stages),
        number=number,
        weight=draw(st.integers(0, 2)),
        procedures=draw(PLACES),
        window=draw(st.sampled_from(["any", "inside", "outside"])),
        approval_hours=draw(st.sampled_from([None, 1, 2])),
        break_glass=draw(st.booleans()),
    )


FACTS = [
    PolicyFacts(
        cloud="c",
        projects=frozenset(),
        zones=frozenset(),
        aggregates=frozenset(),
        hosts=frozenset({"h"}),
        procedure=procedure,
        inside=inside,
    )
    for procedure in ("live", "cold")
    for inside in (True, False)
]


@hypothesis.settings(deadline=None)
@hypothesis.given(
    st.one_of(st.none(), rules(1)),
    st.one_of(st.none(), rules(1)),
    st.lists(rules(2), max_size=1),
    st.lists(rules(3), max_size=1),
)
def test_where_nothing_is_lower_every_move_takes_as_much(
    before: Rule | None, after: Rule | None, some: list[Rule], more: list[Rule]
) -> None:
    others = [*some, *more]
    if lowers(before, after, others):
        return
    for facts in FACTS:
        was = applicable_rule([*others, *([before] if before else [])], facts)
        now = applicable_rule([*others, *([after] if after else [])], facts)
        if now is not None:
            assert was is not None
            assert now == was or as_strict(now, was)


@hypothesis.settings(deadline=None)
@hypothesis.given(
    rules(1),
    rules(1),
    st.lists(st.tuples(st.sets(st.sampled_from("abc")), st.integers(0, 2)), max_size=5),
)
def test_what_satisfies_the_stricter_satisfies_the_other(
    one: Rule, other: Rule, given: list[tuple[set[str], int]]
) -> None:
    if not as_strict(one, other):
        return
    approvals = [
        Approval(n, f"p{n}", frozenset(groups), NOW.replace(hour=12 - hours))
        for n, (groups, hours) in enumerate(given)
    ]
    if approval_status(one, approvals, now=NOW).satisfied:
        assert approval_status(replace(other), approvals, now=NOW).satisfied
