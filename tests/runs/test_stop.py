"""Stopping a run: it turns back as soon as it may, or says that it is too late."""

from __future__ import annotations

import pytest

from migrations_app.errors import Gone, NotAllowed, TooLate, Unreachable
from migrations_app.models import Line, Run
from migrations_app.models.states import RequestState, RunState, StepState
from migrations_app.runs import actions as run_actions
from tests.cast import Cast, last_entry, verbs, walk_until
from tests.stage import Stage

pytestmark = pytest.mark.django_db


def expect_as_before(stage: Stage, run: Run) -> None:
    assert run.state == RunState.ROLLED_BACK
    assert run.request.state == RequestState.ROLLED_BACK
    assert run.request.open_instance is None
    assert run.ended_at is not None
    assert stage.host == stage.source
    assert stage.cloud.server(stage.server).status == "ACTIVE"


def test_before_anything_was_asked_nothing_is_asked(stage: Stage, cast: Cast) -> None:
    run = cast.run(stage)
    run_actions.stop(run.pk, by=cast.operator, note="Wrong host.")
    run = stage.play(run)
    expect_as_before(stage, run)
    assert stage.asked("live-migration", "live_migration_cancel") == []
    assert run.why == run.request.why == "operator requested a stop."
    assert verbs(run)[3:] == [
        "run.started",
        "run.stop",
        "run.going_back",
        "run.rolled_back",
    ]
    entry = last_entry("run.stop")
    assert (entry.actor_name, entry.note) == ("operator", "Wrong host.")


def test_the_log_tells_who_wanted_it_and_why(stage: Stage, cast: Cast) -> None:
    run = cast.run(stage)
    run_actions.stop(run.pk, by=cast.operator, note="Wrong host.")
    lines = Line.objects.filter(run=run, text__contains="Wrong host.")
    assert lines.get().text.startswith("operator asked to stop the move of web.")


def test_a_live_migration_under_way_is_aborted(stage: Stage, cast: Cast) -> None:
    run = cast.run(stage)
    walk_until(stage, run, asked="migrate_live")
    stage.later(seconds=3)
    run_actions.stop(run.pk, by=cast.operator)
    run = stage.play(run)
    expect_as_before(stage, run)
    assert stage.asked("live_migration_cancel") == ["live_migration_cancel"]


def test_a_cold_migration_is_reverted_when_it_rests(stage: Stage, cast: Cast) -> None:
    stage.cloud.set(cold_seconds=3 * 3600)  # longer than patience with a revert
    run = cast.run(stage, procedure="cold")
    walk_until(stage, run, asked="migrate_cold")
    run_actions.stop(run.pk, by=cast.operator)
    run = stage.play(run, tick=60)
    expect_as_before(stage, run)
    assert stage.asked("revertResize", "confirmResize") == ["revertResize"]


def test_it_is_too_late_once_the_instance_has_arrived(stage: Stage, cast: Cast) -> None:
    run = cast.run(stage)
    while not run.steps.filter(key="migrate_live", state=StepState.DONE).exists():
        stage.later(seconds=1)
        stage.cloud.fail("ports", Unreachable("Neutron rests."), times=1)
        stage.walk(run)
    run_actions.stop(run.pk, by=cast.operator)
    run = stage.play(run)
    assert run.state == RunState.COMPLETED
    assert run.stop_asked_at is None
    assert run.lines.filter(text__contains="the point of no return is passed").exists()


def test_it_is_too_late_once_the_confirmation_was_asked(
    stage: Stage, cast: Cast
) -> None:
    run = cast.run(stage, procedure="cold")
    walk_until(stage, run, asked="confirm")
    run_actions.stop(run.pk, by=cast.operator)
    run = stage.play(run)
    assert run.state == RunState.COMPLETED
    assert stage.asked("revertResize") == []


def test_it_goes_on_when_nova_confirmed_by_itself_meanwhile(
    stage: Stage, cast: Cast
) -> None:
    """What is confirmed cannot be reverted, so nobody waits for that."""
    run = cast.run(stage, procedure="cold")
    walk_until(stage, run, asked="migrate_cold")
    stage.later(seconds=20)
    stage.cloud.confirm(stage.server)
    stage.later(seconds=2)
    run_actions.stop(run.pk, by=cast.operator)
    run = stage.play(run)
    assert run.state == RunState.COMPLETED
    assert "too late to roll back" in " ".join(run.lines.values_list("text", flat=True))
    assert "run.going_on" in verbs(run)
    assert stage.asked("revertResize") == []
    assert run.steps.exclude(state=StepState.DONE).count() == 0


def test_the_reason_survives_a_neighbour_that_does_not_answer(
    stage: Stage, cast: Cast
) -> None:
    run = cast.run(stage)
    stage.cloud.spoil(stage.server, "never")
    walk_until(stage, run, asked="migrate_live")
    stage.later(seconds=3)
    run_actions.stop(run.pk, by=cast.operator)
    stage.cloud.fail("abort", Unreachable("Nova answered 500."), times=2)
    run = stage.play(run)
    expect_as_before(stage, run)
    assert run.why == "operator requested a stop."
    assert run.lines.filter(text="Nova answered 500.").exists()


# -- who may, and when ---------------------------------------------------------------


@pytest.mark.parametrize("who", ["requester", "approver", "auditor", "nobody"])
def test_it_takes_an_operator(stage: Stage, cast: Cast, who: str) -> None:
    run = cast.run(stage)
    with pytest.raises(NotAllowed, match="need the role operator"):
        run_actions.stop(run.pk, by=getattr(cast, who))
    run.refresh_from_db()
    assert run.stop_asked_at is None
    assert verbs(run)[-1] == "run.started"


def test_it_cannot_be_asked_twice(stage: Stage, cast: Cast) -> None:
    run = cast.run(stage)
    run_actions.stop(run.pk, by=cast.operator)
    with pytest.raises(TooLate, match="stop is requested already"):
        run_actions.stop(run.pk, by=cast.operator)
    assert verbs(run).count("run.stop") == 1


def test_a_run_that_is_over_cannot_be_stopped(stage: Stage, cast: Cast) -> None:
    run = stage.play(cast.run(stage))
    with pytest.raises(TooLate, match="completed"):
        run_actions.stop(run.pk, by=cast.operator)


def test_a_run_that_is_not_there(cast: Cast) -> None:
    with pytest.raises(Gone, match="There is no run 99"):
        run_actions.stop(99, by=cast.operator)
