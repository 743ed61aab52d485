"""Troubles of a live migration: each ends in a sentence, and in no half state."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from migrations_app.errors import Conflict, Unreachable
from migrations_app.models import Run
from migrations_app.models.states import RunState, StepState
from migrations_app.runs import actions as run_actions
from tests.cast import Cast, expect_rest, verbs, walk_until
from tests.stage import Stage

pytestmark = pytest.mark.django_db
ASKED, ABORTED = "live-migration", "live_migration_cancel"


def migrating(stage: Stage, **options: Any) -> Run:
    """Return a run whose instance is being migrated."""
    run = stage.start("live", **options)
    walk_until(stage, run, asked="migrate_live")
    stage.later(seconds=3)
    assert stage.cloud.server(stage.server).status == "MIGRATING"
    return run


def expect_untouched(stage: Stage) -> None:
    assert stage.host == stage.source
    assert stage.cloud.server(stage.server).idle
    assert set(stage.cloud.allocations(stage.server)) == {stage.source}


# -- Nova gives up ---------------------------------------------------------------------


def test_the_target_s_refusal_is_told_with_its_reason(stage: Stage) -> None:
    stage.cloud.spoil(stage.server, "check", "CPU doesn't have compatibility.")
    run = stage.play(stage.start("live"))
    expect_rest(run, RunState.ROLLED_BACK, "CPU doesn't have compatibility.")
    expect_untouched(stage)
    assert stage.asked(ASKED, ABORTED) == [ASKED]
    assert verbs(run) == [
        "run.started",
        "run.asked",
        "run.going_back",
        "run.rolled_back",
    ]


def test_a_transfer_that_failed_without_a_reason_says_where_to_look(
    stage: Stage,
) -> None:
    stage.cloud.spoil(stage.server, "transfer", why="")
    run = stage.play(stage.start("live"))
    expect_rest(run, RunState.ROLLED_BACK, "“failed”", "log of nova-compute", "req-")
    expect_untouched(stage)


def test_an_error_on_the_target_is_for_a_person(stage: Stage) -> None:
    stage.cloud.spoil(stage.server, "finish", "Disk is read-only.")
    run = stage.play(stage.start("live"))
    expect_rest(
        run, RunState.HELD, "ERROR on compute-34", "Disk is read-only.", "both hosts"
    )
    assert stage.asked(ABORTED) == []


def test_an_error_on_the_source_is_for_a_person(stage: Stage) -> None:
    run = migrating(stage)
    stage.cloud.edit(stage.server, vm_state="error", task_state=None, fault="Boom.")
    expect_rest(stage.play(run), RunState.HELD, "ERROR on compute-30", "Boom.")


# -- the world changed before anything was asked ---------------------------------------


@pytest.mark.parametrize(
    "change, words",
    [
        ({"vm_state": "error"}, "ERROR on compute-30"),
        ({"vm_state": "stopped", "power_state": 4}, "SHUTOFF on compute-30"),
        ({"host": "compute-34"}, "ACTIVE on compute-34"),
    ],
)
def test_an_instance_that_is_no_longer_as_it_was(
    stage: Stage, change: dict[str, object], words: str
) -> None:
    run = stage.start("live")
    stage.cloud.edit(stage.server, **change)
    expect_rest(stage.play(run), RunState.ROLLED_BACK, words, "Request the move again")
    assert stage.asked(ASKED) == []


@pytest.mark.parametrize(
    "column, words", [("up", "is down"), ("enabled", "is disabled")]
)
def test_a_target_that_no_longer_takes_instances(
    stage: Stage, column: str, words: str
) -> None:
    run = stage.start("live")
    stage.cloud.edit_host(stage.target, **{column: False})
    expect_rest(stage.play(run), RunState.ROLLED_BACK, f"compute-34 {words}")
    assert stage.asked(ASKED) == []
    expect_untouched(stage)


def test_an_instance_that_is_gone(stage: Stage) -> None:
    run = stage.start("live")
    stage.cloud.delete(stage.server)
    expect_rest(stage.play(run), RunState.ROLLED_BACK, "does not exist")


# -- the world changed in mid-move -----------------------------------------------------


def test_an_instance_that_is_deleted_in_mid_move(stage: Stage) -> None:
    run = migrating(stage)
    stage.cloud.delete(stage.server)
    expect_rest(stage.play(run), RunState.HELD, "does not exist")


def test_a_lock_in_mid_move_changes_nothing(stage: Stage) -> None:
    run = migrating(stage)
    stage.cloud.edit(stage.server, locked=True)
    expect_rest(stage.play(run), RunState.COMPLETED)


def test_a_guest_that_its_owner_stops_in_mid_move(stage: Stage) -> None:
    run = migrating(stage)
    stage.cloud.edit(stage.server, vm_state="stopped", task_state=None, power_state=4)
    expect_rest(stage.play(run), RunState.HELD, "SHUTOFF on compute-34")


def before_asking(stage: Stage) -> Run:
    """Return a run that has looked at its instance and asked for nothing yet."""
    stage.cloud.add_host("compute-35", zone="OS1")
    run = stage.start("live")
    stage.cloud.fail("services", Unreachable("Nova answered 500."))
    stage.walk(run)
    assert run.steps.get(key="runs_on_source").state == StepState.DONE
    return run


def test_somebody_else_moves_it_elsewhere(stage: Stage) -> None:
    run = before_asking(stage)
    stage.cloud.live_migrate(stage.server, host="compute-35")
    stage.cloud._store.run("UPDATE actions SET user_id = 'another'")
    run = stage.play(run)
    expect_rest(run, RunState.ROLLED_BACK, "on compute-35", "somebody else moved it")
    assert stage.asked(ASKED, ABORTED) == [ASKED]
    assert stage.host == "compute-35"


def test_somebody_else_moves_it_to_where_it_was_to_go(stage: Stage) -> None:
    run = before_asking(stage)
    stage.cloud.live_migrate(stage.server, host=stage.target)
    expect_rest(stage.play(run), RunState.COMPLETED)
    assert stage.asked(ASKED) == [ASKED]


def test_a_stop_does_not_abort_what_somebody_else_began(
    stage: Stage, cast: Cast
) -> None:
    run = before_asking(stage)
    stage.cloud.live_migrate(stage.server, host="compute-35")
    stage.cloud._store.run("UPDATE actions SET user_id = 'another'")
    stage.later(seconds=6)
    stage.walk(run)
    run_actions.stop(run.pk, by=cast.operator)
    expect_rest(stage.play(run), RunState.ROLLED_BACK, "requested a stop")
    assert stage.asked(ABORTED) == []


def test_somebody_else_aborts_it_in_nova(stage: Stage) -> None:
    run = migrating(stage)
    record = stage.cloud.migrations(stage.server)[0]
    stage.cloud.abort(stage.server, record.id)
    expect_rest(stage.play(run), RunState.ROLLED_BACK, "was cancelled in Nova")
    expect_untouched(stage)


def test_somebody_else_moves_it_on_before_it_is_verified(stage: Stage) -> None:
    stage.cloud.add_host("compute-35", zone="OS1")
    run = migrating(stage)
    while not run.steps.filter(key="runs_on_target", state=StepState.DONE).exists():
        stage.later(seconds=1)
        stage.cloud.fail("ports", Unreachable("Neutron rests."))
        stage.walk(run)
    stage.cloud.live_migrate(stage.server, host="compute-35")
    stage.later(minutes=1)
    run = stage.play(run)
    expect_rest(run, RunState.HELD, "no longer on compute-34")


# -- time ------------------------------------------------------------------------------


def test_the_deadline_aborts_it(stage: Stage) -> None:
    stage.cloud.spoil(stage.server, "never")
    run = migrating(stage, deadline=2)
    began = stage.time
    run = stage.play(run)
    expect_rest(run, RunState.ROLLED_BACK, "took longer than 2 minutes")
    assert stage.asked(ABORTED) == [ABORTED]
    assert stage.time - began < timedelta(minutes=3)
    expect_untouched(stage)


def test_nova_is_away_before_anything_was_asked(stage: Stage) -> None:
    run = stage.start("live")
    stage.cloud.down()
    run = stage.play(run)
    expect_rest(run, RunState.HELD, "longer than 10 minutes", "does not answer")
    stage.cloud.down(False)
    assert stage.asked(ASKED) == []


def test_nova_is_away_for_a_while(stage: Stage) -> None:
    run = migrating(stage)
    stage.cloud.down()
    for _ in range(40):
        stage.later(seconds=10)
        stage.walk(run)
    run.refresh_from_db()
    assert (run.state, run.request.state) == ("running", "running")
    assert "does not answer" in run.why
    stage.cloud.down(False)
    run = stage.play(run)
    expect_rest(run, RunState.COMPLETED)
    assert run.lines.filter(text__contains="does not answer").count() == 1


def test_nova_is_away_for_good(stage: Stage, cast: Cast) -> None:
    run = migrating(stage, deadline=30)
    stage.cloud.down()
    run = stage.play(run, tick=60)
    expect_rest(run, RunState.HELD, "Undoing this step took longer than 20 minutes")
    assert run.was_going_back
    stage.cloud.down(False)
    run_actions.look_again(run.pk, by=cast.operator, note="It is back.")
    expect_rest(stage.play(run), RunState.COMPLETED)
    assert stage.asked(ASKED, ABORTED) == [ASKED]


def test_a_trouble_that_is_over_is_not_shown_any_more(stage: Stage) -> None:
    stage.cloud.spoil(stage.server, "never")
    run = migrating(stage)
    stage.cloud.fail("server", Unreachable("Nova answered 500."))
    stage.later(seconds=6)
    stage.walk(run)
    run.refresh_from_db()
    assert run.why == "Nova answered 500."
    stage.later(seconds=6)
    stage.walk(run)
    run.refresh_from_db()
    assert (run.state, run.why) == (RunState.RUNNING, "")


def test_a_request_that_nova_refuses_as_busy_is_made_again(stage: Stage) -> None:
    run = stage.start("live")
    busy = Conflict("Nova cannot do this now (409).")
    stage.cloud.fail("live_migrate", busy, times=3)
    run = stage.play(run)
    expect_rest(run, RunState.COMPLETED)
    assert stage.asked(ASKED) == [ASKED]
    assert run.lines.filter(text__contains="starting again").count() == 3
