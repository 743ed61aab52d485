"""Where approvals stand: stages in order, nobody twice, what lapsed, who counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from migrations_app.requests.approvals.rules import read
from migrations_app.requests.approvals.status import Say, Standing, standing

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
STAGES = [(2, "approver"), (1, "board")]


def say(person: int, *groups: str, hours_ago: float = 1, **more: Any) -> Say:
    at = NOW - timedelta(hours=hours_ago)
    return Say(person, f"p{person}", frozenset(groups), at, **more)


def stand(
    *says: Say,
    stages: Any = STAGES,
    never: frozenset[int] = frozenset(),
    **rule: Any,
) -> Standing:
    data = {
        "stages": [
            {"approvers": many, "groups": names.split()} for many, names in stages
        ],
        **rule,
    }
    read_ = read(data, number=1, name="r", version=1, weight=0)
    return standing(read_, says, never=never, now=NOW)


def test_stages_are_filled_in_order() -> None:
    found = stand(say(1, "approver"), say(2, "approver"), say(3, "board"))
    assert found.satisfied
    assert (found.have, found.needed) == (3, 3)


def test_a_say_before_its_stage_counts_nowhere() -> None:
    found = stand(say(3, "board"), say(1, "approver"), say(2, "approver"))
    assert not found.satisfied
    assert found.have == 2
    assert found.sentence == "It takes 1 of board in stage 2 of 2."
    assert found.fits({"board"})
    assert not found.fits({"approver"})


def test_nobody_counts_twice_in_whatever_stage() -> None:
    both = ("approver", "board")
    found = stand(say(1, *both), say(1, *both), say(2, *both), say(1, *both))
    assert (found.have, found.satisfied) == (2, False)


def test_the_sentence_counts_down() -> None:
    assert stand().sentence == "It takes 2 of approver in stage 1 of 2."
    one = stand(say(1, "approver"))
    assert one.sentence == "It takes 1 more of approver in stage 1 of 2."


def test_giver_and_taker_count_once() -> None:
    for_b = say(1, "approver", giver=2, giver_name="b")
    assert for_b.words == "p1 for b"
    assert stand(for_b, say(2, "approver")).have == 1
    assert stand(say(2, "approver"), for_b).have == 1
    assert stand(for_b, say(1, "approver")).have == 1
    assert stand(for_b, say(3, "approver")).have == 2


def test_some_never_count_nor_does_their_say_in_other_hands() -> None:
    says = say(1, "approver"), say(2, "approver", giver=1, giver_name="a")
    assert stand(*says, never=frozenset({1})).have == 0
    assert stand(says[1], never=frozenset({2})).have == 0


def test_an_account_that_is_gone_does_not_count() -> None:
    gone = Say(None, "gone", frozenset({"approver"}), NOW)
    assert stand(gone).have == 0


def test_an_approval_lapses_to_the_second() -> None:
    old, new = say(1, "approver", hours_ago=4), say(2, "approver", hours_ago=3.999)
    found = stand(old, new, approval_hours=4)
    assert (found.have, found.lapsed) == (1, 1)
    assert stand(old, new).lapsed == 0


SAYS = st.lists(
    st.builds(
        lambda person, groups, giver: say(
            person, *groups, giver=giver, giver_name=f"p{giver}" if giver else ""
        ),
        st.integers(1, 5),
        st.sets(st.sampled_from(["approver", "board", "x"])),
        st.sampled_from([None, None, 6, 7, 1]),
    ),
    max_size=10,
)


@given(SAYS, st.sets(st.integers(1, 7), max_size=2))
def test_who_counts_is_distinct_allowed_and_of_the_stage(
    says: list[Say], never: set[int]
) -> None:
    found = stand(*says, never=frozenset(never))
    counted = [(s, one) for s in found.stages for one in s.have]
    people = [person for _, one in counted for person in one.people]
    assert len(people) == len(set(people))
    assert not set(people) & never
    assert all(one.groups & set(stage.stage.groups) for stage, one in counted)
    assert all(len(s.have) <= s.stage.approvers for s in found.stages)
    # a stage has somebody only when the one before it is done
    assert found.stages[0].done or not found.stages[1].have
