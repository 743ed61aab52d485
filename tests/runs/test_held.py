"""What a held run needs: a person who has it looked at again, sent back or closed."""

from __future__ import annotations

from typing import Any

import pytest

from migrations_app.errors import Conflict, NotAllowed, TooLate, Unfit
from migrations_app.models import Run
from migrations_app.models.states import RequestState, RunState
from migrations_app.runs import actions as run_actions
from tests.cast import Cast, last_entry, verbs, walk_until
from tests.stage import Stage

pytestmark = pytest.mark.django_db
DECIDE: list[Any] = [run_actions.look_again, run_actions.go_back, run_actions.close]


def held(stage: Stage, cast: Cast, procedure: str = "live", **fields: Any) -> Run:
    """Return a run that is held since our password turned wrong in its midst."""
    run = cast.run(stage, procedure=procedure, **fields)
    walk_until(stage, run, asked=f"migrate_{procedure}")
    stage.later(seconds=2)
    stage.cloud.lock_out()
    run = stage.play(run)
    expect_held(run, "credentials")
    return run


def expect_held(run: Run, words: str) -> None:
    run.refresh_from_db()
    run.request.refresh_from_db()
    assert run.state == RunState.HELD
    assert run.request.state == RequestState.HELD
    assert run.request.open_instance is not None
    assert run.look_again_at is None
    assert words in run.why
    assert run.request.why == run.why
    assert verbs(run)[-1] == "run.held"


def test_nobody_looks_at_it_by_itself(stage: Stage, cast: Cast) -> None:
    run = held(stage, cast)
    stage.cloud.lock_out(False)
    stage.later(days=1)
    assert stage.walk(run) is None


def test_it_completes_when_looked_at_again_after_mending(
    stage: Stage, cast: Cast
) -> None:
    run = held(stage, cast)
    stage.cloud.lock_out(False)
    run = run_actions.look_again(run.pk, by=cast.operator, note="New password.")
    assert (run.state, run.request.state) == ("running", "running")
    assert run.why == run.request.why == ""
    run = stage.play(run)
    assert run.state == RunState.COMPLETED
    assert stage.asked("live-migration") == ["live-migration"]
    entry = last_entry("run.look_again")
    assert (entry.actor_name, entry.note) == ("operator", "New password.")


def test_it_is_held_again_while_nothing_was_mended(stage: Stage, cast: Cast) -> None:
    run = held(stage, cast)
    run_actions.look_again(run.pk, by=cast.operator)
    expect_held(stage.play(run), "credentials")
    assert verbs(run).count("run.held") == 2


def test_it_goes_back_when_sent_back(stage: Stage, cast: Cast) -> None:
    run = held(stage, cast, "cold")
    stage.cloud.lock_out(False)
    run = run_actions.go_back(run.pk, by=cast.operator, note="Rather not.")
    assert (run.state, run.request.state) == ("going_back", "running")
    run = stage.play(run)
    assert run.state == RunState.ROLLED_BACK
    assert run.request.state == RequestState.ROLLED_BACK
    assert stage.host == stage.source
    assert "credentials" in run.why
    assert last_entry("run.go_back").note == "Rather not."


def test_looking_again_keeps_the_way_it_was_going(stage: Stage, cast: Cast) -> None:
    run = held(stage, cast, "cold")
    run_actions.go_back(run.pk, by=cast.operator)
    expect_held(stage.play(run), "credentials")
    stage.cloud.lock_out(False)
    run = run_actions.look_again(run.pk, by=cast.operator)
    assert run.state == RunState.GOING_BACK
    assert stage.play(run).state == RunState.ROLLED_BACK


def test_held_on_its_way_back_it_still_says_what_made_it_turn(
    stage: Stage, cast: Cast
) -> None:
    run = cast.run(stage, procedure="cold")
    walk_until(stage, run, asked="migrate_cold")
    run_actions.stop(run.pk, by=cast.operator, note="The wrong one.")
    stage.walk(run)
    run.refresh_from_db()
    turned = run.why
    assert turned
    stage.later(seconds=2)
    stage.cloud.lock_out()
    run = stage.play(run)
    expect_held(run, "credentials")
    assert run.why.endswith(turned)
    stage.cloud.lock_out(False)
    run_actions.look_again(run.pk, by=cast.operator)
    run = stage.play(run)
    assert (run.state, run.why) == (RunState.ROLLED_BACK, turned)


def test_its_patience_is_renewed(stage: Stage, cast: Cast) -> None:
    """A day after it was held, looking again does not mean being late at once."""
    run = held(stage, cast, options={"deadline": 5})
    stage.cloud.spoil(stage.server, "never")
    stage.later(days=1)
    stage.cloud.lock_out(False)
    stage.cloud.edit(stage.server, task_state="migrating")
    run = run_actions.look_again(run.pk, by=cast.operator)
    stage.walk(run)
    run.refresh_from_db()
    assert run.state in (RunState.RUNNING, RunState.COMPLETED)
    assert "took longer" not in run.why


def test_there_is_no_way_back_from_the_target(stage: Stage, cast: Cast) -> None:
    run = cast.run(stage)
    walk_until(stage, run, asked="migrate_live")
    stage.later(seconds=30)
    stage.cloud.fail("ports", Conflict("Neutron is busy."), times=10**6)
    run = stage.play(run, tick=60)
    expect_held(run, "took longer than 10 minutes")
    assert "Neutron is busy." in run.why
    with pytest.raises(TooLate, match="point of no return is passed"):
        run_actions.go_back(run.pk, by=cast.operator)
    assert "run.go_back" not in verbs(run)


def test_it_is_closed_by_hand(stage: Stage, cast: Cast) -> None:
    run = held(stage, cast)
    run = run_actions.close(run.pk, by=cast.operator, note="I saw to it.")
    assert (run.state, run.why) == (RunState.CLOSED, "I saw to it.")
    assert run.request.state == RequestState.CLOSED
    assert run.request.open_instance is None
    assert run.ended_at is not None
    assert stage.walk(run) is None
    assert last_entry("run.closed").note == "I saw to it."


def test_closing_needs_a_note(stage: Stage, cast: Cast) -> None:
    run = held(stage, cast)
    with pytest.raises(Unfit, match="what you did"):
        run_actions.close(run.pk, by=cast.operator, note=" ")
    expect_held(run, "credentials")


@pytest.mark.parametrize("decide", DECIDE)
def test_it_takes_an_operator(stage: Stage, cast: Cast, decide: Any) -> None:
    run = held(stage, cast)
    with pytest.raises(NotAllowed, match="operator"):
        decide(run.pk, by=cast.approver, note="Please.")
    expect_held(run, "credentials")


@pytest.mark.parametrize("decide", DECIDE)
def test_only_a_held_run_can_be_decided_about(
    stage: Stage, cast: Cast, decide: Any
) -> None:
    run = cast.run(stage)
    with pytest.raises(TooLate, match="held runs only"):
        decide(run.pk, by=cast.operator, note="Please.")
    assert verbs(run)[-1] == "run.started"


@pytest.mark.parametrize("decide", DECIDE)
def test_only_one_of_two_decides(stage: Stage, cast: Cast, decide: Any) -> None:
    run = held(stage, cast)
    run_actions.close(run.pk, by=cast.operator, note="I saw to it.")
    with pytest.raises(TooLate):
        decide(run.pk, by=cast.operator, note="Please.")
    assert verbs(run)[-1] == "run.closed"
