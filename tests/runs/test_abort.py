"""Aborting a live migration: Nova puts it back, or it was too late and goes on."""

from __future__ import annotations

import pytest

from migrations_app.errors import Conflict, NotAllowed, TooLate
from migrations_app.models.states import RequestState, RunState
from migrations_app.runs import actions as run_actions
from tests.cast import Cast, last_entry, verbs, walk_until
from tests.stage import Stage

pytestmark = pytest.mark.django_db


def test_nova_aborts_it_and_all_is_as_before(stage: Stage, cast: Cast) -> None:
    run = cast.run(stage)
    walk_until(stage, run, asked="migrate_live")
    stage.later(seconds=3)
    run_actions.abort(run.pk, by=cast.operator, note="The guest suffers.")
    run = stage.play(run)
    assert run.state == RunState.ROLLED_BACK
    assert run.request.state == RequestState.ROLLED_BACK
    assert stage.host == stage.source
    assert stage.asked("live_migration_cancel") == ["live_migration_cancel"]
    entry = last_entry("run.abort")
    assert (entry.actor_name, entry.note) == ("operator", "The guest suffers.")
    assert "run.stop" not in verbs(run)


def test_it_goes_on_and_completes_when_it_was_too_late(
    stage: Stage, cast: Cast
) -> None:
    run = cast.run(stage)
    walk_until(stage, run, asked="migrate_live")
    stage.later(seconds=3)
    run_actions.abort(run.pk, by=cast.operator)
    late = Conflict("Nova cannot do this now (400): the migration is running.")
    stage.cloud.fail("abort", late, times=50)
    run = stage.play(run)
    assert run.state == RunState.COMPLETED
    assert run.request.state == RequestState.COMPLETED
    assert run.why == run.request.why == ""
    assert stage.host == stage.target
    assert [v for v in verbs(run) if v.startswith("run.going")] == [
        "run.going_back",
        "run.going_on",
    ]


def test_there_must_be_a_live_migration_under_way(stage: Stage, cast: Cast) -> None:
    run = cast.run(stage)
    with pytest.raises(TooLate, match="nothing to abort"):
        run_actions.abort(run.pk, by=cast.operator)
    walk_until(stage, run, asked="migrate_live")
    run_actions.abort(run.pk, by=cast.operator)
    with pytest.raises(TooLate, match="requested already"):
        run_actions.abort(run.pk, by=cast.operator)


def test_a_cold_migration_has_nothing_to_abort(stage: Stage, cast: Cast) -> None:
    run = cast.run(stage, procedure="cold")
    walk_until(stage, run, asked="migrate_cold")
    with pytest.raises(TooLate, match="No live migration is running"):
        run_actions.abort(run.pk, by=cast.operator)
    assert "run.abort" not in verbs(run)


def test_it_takes_an_operator(stage: Stage, cast: Cast) -> None:
    run = cast.run(stage)
    walk_until(stage, run, asked="migrate_live")
    with pytest.raises(NotAllowed, match="operator"):
        run_actions.abort(run.pk, by=cast.requester)
