"""What becomes of one waiting move of a drain, and of the drain, at one look."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from django.db import OperationalError
from django.utils import timezone

from migrations_app.drains import begin_check, moves
from migrations_app.drains import engine as drain_engine
from migrations_app.drains.begin_check import Begin, Postpone, Skip
from migrations_app.drains.lease import DrainLease
from migrations_app.errors import Gone, LostLease, Unfit, Unreachable
from migrations_app.models import Drain, MigrationRequest, Run
from tests.cast import Cast
from tests.drains.drain_stage import Emptying
from tests.stage import Stage

pytestmark = pytest.mark.django_db


@pytest.fixture
def emptying(stage: Stage, cast: Cast) -> Emptying:
    return Emptying(stage, cast, instances=2)


@pytest.fixture
def running(emptying: Emptying) -> Drain:
    """A drain that was started and has begun no move yet."""
    drain = emptying.approved()
    emptying.look(drain)
    drain.refresh_from_db()
    assert drain.state == "running"
    return drain


@pytest.fixture
def lease(running: Drain, emptying: Emptying) -> DrainLease:
    lease = DrainLease(running.pk, emptying.stage.clock)
    emptying.stage.later(seconds=5)
    assert lease.claim()
    return lease


def first(drain: Drain) -> MigrationRequest:
    move = drain.moves.order_by("place").first()
    assert move is not None
    return move


def decided(monkeypatch: pytest.MonkeyPatch, outcome: Any) -> None:
    """Have this be the decision about each move, or be raised by it."""

    def decide(drain: Drain, move: MigrationRequest, *, now: datetime) -> Any:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr(moves, "decide", decide)


@pytest.mark.parametrize(
    ("outcome", "state", "why"),
    [
        (Postpone("Not now."), "approved", "is tried again: Not now."),
        (Unreachable("No answer."), "approved", "is tried again: No answer."),
        (Unfit("No such cloud."), "approved", "is tried again: No such cloud."),
        (Skip("Never."), "left", "Never."),
        (Gone("It is gone."), "withdrawn", "It is gone."),
        (
            KeyError("x"),
            "left",
            "(KeyError); its log says more.",
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_move_that_does_not_begin_says_why(
    monkeypatch: pytest.MonkeyPatch,
    running: Drain,
    lease: DrainLease,
    outcome: Any,
    state: str,
    why: str,
) -> None:
    decided(monkeypatch, outcome)
    move = first(running)
    assert not moves.begin(lease, running, move)
    move.refresh_from_db()
    assert move.state == state
    assert move.why.endswith(why)
    assert (move.look_again_at is not None) == (state == "approved")
    assert not Run.objects.exists()


def test_a_lost_lease_says_nothing_of_the_move(
    monkeypatch: pytest.MonkeyPatch, running: Drain, lease: DrainLease
) -> None:
    decided(monkeypatch, LostLease())
    move = first(running)
    with pytest.raises(LostLease):
        moves.begin(lease, running, move)
    move.refresh_from_db()
    assert (move.state, move.why, move.look_again_at) == ("approved", "", None)


def test_a_move_at_which_the_database_fails_waits_and_lets_the_others_begin(
    monkeypatch: pytest.MonkeyPatch, running: Drain, lease: DrainLease
) -> None:
    decided(monkeypatch, OperationalError("deadlock detected"))
    move = first(running)
    assert not moves.begin(lease, running, move)
    move.refresh_from_db()
    assert move.state == "approved"
    assert "is tried again: novaweb met an internal error" in move.why
    assert move.look_again_at is not None


def test_a_database_that_is_away_says_nothing_of_the_move(
    monkeypatch: pytest.MonkeyPatch, running: Drain, lease: DrainLease
) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise OperationalError("gone away")

    decided(monkeypatch, OperationalError("gone away"))
    monkeypatch.setattr(DrainLease, "write", away)
    move = first(running)
    with pytest.raises(OperationalError):
        moves.begin(lease, running, move)
    move.refresh_from_db()
    assert (move.state, move.why, move.look_again_at) == ("approved", "", None)


def test_to_decide_writes_nothing(running: Drain) -> None:
    move = first(running)
    decided = begin_check.decide(running, move, now=timezone.now())
    assert isinstance(decided, Begin)
    assert decided.target == move.target
    move.refresh_from_db()
    assert move.state == "approved"
    assert not Run.objects.exists()


def test_a_move_of_an_instance_that_left_is_withdrawn(
    running: Drain, emptying: Emptying
) -> None:
    move = first(running)
    emptying.stage.cloud.edit(move.instance, host="compute-36")
    decided = begin_check.decide(running, move, now=timezone.now())
    assert isinstance(decided, Skip)
    assert decided.state == "withdrawn"
    assert "It is on compute-36 now" in decided.why


def test_a_move_begins_once(running: Drain, lease: DrainLease) -> None:
    move = first(running)
    assert moves.begin(lease, running, move)
    again = MigrationRequest.objects.get(pk=move.pk)
    assert not moves.begin(lease, running, again)
    assert Run.objects.count() == 1


def test_a_drain_begins_its_moves_until_none_waits(
    running: Drain, emptying: Emptying
) -> None:
    now = emptying.stage.clock()
    todo = drain_engine._next(running, emptying.stage.cloud, now=now)
    assert isinstance(todo, drain_engine._Begin)
    assert [move.pk for move in todo.moves] == [
        move.pk for move in running.moves.order_by("place")
    ]
    running.moves.update(state="completed")
    assert (
        drain_engine._next(running, emptying.stage.cloud, now=now)
        == drain_engine._End()
    )


def test_a_drain_pauses_when_too_many_moves_failed(
    running: Drain, emptying: Emptying
) -> None:
    running.stop_after = 1
    move = first(running)
    MigrationRequest.objects.filter(pk=move.pk).update(state="rolled_back")
    now = emptying.stage.clock()
    todo = drain_engine._next(running, emptying.stage.cloud, now=now)
    assert isinstance(todo, drain_engine._Pause)
    assert todo.why.startswith("1 of its moves failed")
    running.forgiven = 1
    assert isinstance(
        drain_engine._next(running, emptying.stage.cloud, now=now), drain_engine._Begin
    )


def test_a_drain_with_all_moves_postponed_begins_none(
    running: Drain, emptying: Emptying
) -> None:
    now = emptying.stage.clock()
    emptying.stage.later(seconds=60)
    running.moves.update(look_again_at=emptying.stage.clock())
    assert drain_engine._next(
        running, emptying.stage.cloud, now=now
    ) == drain_engine._Begin([])
