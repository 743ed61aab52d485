"""Where approvals stand: stages in order, nobody twice, what lapsed, who counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from migrations_app.requests.approvals.rules import read
from migrations_app.requests.approvals.status import (
    Approval,
    ApprovalStatus,
    approval_status,
)

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
STAGES = [(2, "approver"), (1, "board")]


def approval(person: int, *groups: str, hours_ago: float = 1, **more: Any) -> Approval:
    at = NOW - timedelta(hours=hours_ago)
    return Approval(person, f"p{person}", frozenset(groups), at, **more)


def stand(
    *approvals: Approval,
    stages: Any = STAGES,
    **rule: Any,
) -> ApprovalStatus:
    data = {
        "stages": [
            {"approvers": many, "groups": names.split()} for many, names in stages
        ],
        **rule,
    }
    read_ = read(data, number=1, name="r", version=1, weight=0)
    return approval_status(read_, approvals, now=NOW)


def test_stages_are_filled_in_order() -> None:
    found = stand(
        approval(1, "approver"), approval(2, "approver"), approval(3, "board")
    )
    assert found.satisfied
    assert (found.given, found.needed) == (3, 3)


def test_an_approval_before_its_stage_counts_nowhere() -> None:
    found = stand(
        approval(3, "board"), approval(1, "approver"), approval(2, "approver")
    )
    assert not found.satisfied
    assert found.given == 2
    assert found.sentence == "Needs 1 approval of board in stage 2 of 2."
    assert found.accepts({"board"})
    assert not found.accepts({"approver"})


def test_nobody_counts_twice_in_whatever_stage() -> None:
    both = ("approver", "board")
    found = stand(
        approval(1, *both), approval(1, *both), approval(2, *both), approval(1, *both)
    )
    assert (found.given, found.satisfied) == (2, False)


def test_the_sentence_counts_down() -> None:
    assert stand().sentence == "Needs 2 approvals of approver in stage 1 of 2."
    one = stand(approval(1, "approver"))
    assert one.sentence == "Needs 1 more approval of approver in stage 1 of 2."


def test_giver_and_taker_count_once() -> None:
    for_b = approval(1, "approver", giver=2, giver_name="b")
    assert for_b.words == "p1 for b"
    assert stand(for_b, approval(2, "approver")).given == 1
    assert stand(approval(2, "approver"), for_b).given == 1
    assert stand(for_b, approval(1, "approver")).given == 1
    assert stand(for_b, approval(3, "approver")).given == 2


def test_two_whom_one_made_approvers_count_once_and_so_does_that_one() -> None:
    made = [approval(n, "approver", rests_on=frozenset({9})) for n in (1, 2)]
    assert stand(*made).given == 1
    assert stand(approval(9, "approver"), *made).given == 1
    assert stand(*made, approval(3, "approver")).given == 2


def test_an_approval_lapses_to_the_second() -> None:
    old, new = (
        approval(1, "approver", hours_ago=4),
        approval(2, "approver", hours_ago=3.999),
    )
    found = stand(old, new, approval_hours=4)
    assert (found.given, found.lapsed) == (1, 1)
    assert stand(old, new).lapsed == 0


APPROVALS = st.lists(
    st.builds(
        lambda person, groups, giver: approval(
            person, *groups, giver=giver, giver_name=f"p{giver}" if giver else ""
        ),
        st.integers(1, 5),
        st.sets(st.sampled_from(["approver", "board", "x"])),
        st.sampled_from([None, None, 6, 7, 1]),
    ),
    max_size=10,
)


@given(APPROVALS)
def test_who_counts_is_distinct_and_of_the_stage(approvals: list[Approval]) -> None:
    found = stand(*approvals)
    counted = [(s, one) for s in found.stages for one in s.approvals]
    people = [person for _, one in counted for person in one.people]
    assert len(people) == len(set(people))
    assert all(one.groups & set(stage.stage.groups) for stage, one in counted)
    assert all(len(s.approvals) <= s.stage.approvers for s in found.stages)
    # a stage has somebody only when the one before it is done
    assert found.stages[0].done or not found.stages[1].approvals
