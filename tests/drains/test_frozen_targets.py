"""What freezes do to moves of a drain: to what a move may land on, and to fallbacks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from migrations_app.drains import begin_check
from migrations_app.models import Drain
from migrations_app.requests.windows import actions as window_actions
from migrations_app.requests.windows.actions import Wish
from tests.cast import Cast
from tests.drains.drain_stage import Emptying
from tests.stage import Stage

pytestmark = pytest.mark.django_db


def freeze(stage: Stage, cast: Cast, host: str) -> Any:
    """Have the operator freeze the host for an hour."""
    first = stage.time.replace(tzinfo=None, second=0, microsecond=0)
    last = first + timedelta(hours=1)
    wish = Wish("Year's end", "freeze", first, last, "So.", "UTC", hosts=(host,))
    return window_actions.create(wish, by=cast.operator)


@pytest.fixture
def running(stage: Stage, cast: Cast) -> Drain:
    """A drain that was started and has begun no move yet."""
    emptying = Emptying(stage, cast, instances=2)
    drain = emptying.approved()
    emptying.look(drain)
    drain.refresh_from_db()
    assert drain.state == "running"
    return drain


def test_a_move_of_a_drain_with_an_open_target_waits_as_well(
    stage: Stage, cast: Cast, running: Drain
) -> None:
    move = running.moves.order_by("place")[0]
    move.target = None
    freeze(stage, cast, "compute-37")
    found = begin_check.not_yet(move, now=stage.time)
    assert isinstance(found, begin_check.Postpone)
    assert "compute-37" in found.why


def test_a_drain_begins_no_move_at_a_fallback_in_a_freeze(
    stage: Stage, cast: Cast, running: Drain
) -> None:
    move = running.moves.order_by("place")[0]
    move.fallbacks = ["compute-37"]
    move.save()
    # it does not take the move any more
    assert move.target
    stage.cloud.set_service(
        stage.cloud.service(move.target).id, enabled=False, reason="It is broken."
    )
    row = freeze(stage, cast, "compute-37")

    held = begin_check.decide(running, move, now=stage.time)

    assert isinstance(held, begin_check.Postpone)
    assert "There is a freeze, “Year's end”" in held.why
    window_actions.retire(row.pk, by=cast.operator, note="No more.")
    now = begin_check.decide(running, move, now=stage.time)
    assert isinstance(now, begin_check.Begin)
    assert now.target == "compute-37"
