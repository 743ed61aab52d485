"""Forcing a live migration to complete: passed on once, whatever Nova says."""

from __future__ import annotations

import pytest

from migrations_app.errors import Conflict, NotAllowed, TooLate
from migrations_app.models.states import RunState
from migrations_app.runs import actions as run_actions
from tests.cast import Cast, last_entry, verbs, walk_until
from tests.stage import Stage

pytestmark = pytest.mark.django_db
FORCED = "live_migration_force_complete"


def test_a_migration_that_never_ends_does(stage: Stage, cast: Cast) -> None:
    run = cast.run(stage)
    stage.cloud.spoil(stage.server, "never")
    walk_until(stage, run, asked="migrate_live")
    stage.later(minutes=10)
    stage.walk(run)
    run_actions.force_complete(run.pk, by=cast.operator, note="It may pause.")
    run = stage.play(run)
    assert run.state == RunState.COMPLETED
    assert stage.asked(FORCED) == [FORCED]
    entry = last_entry("run.force_complete")
    assert (entry.actor_name, entry.note) == ("operator", "It may pause.")


def test_nova_may_not_take_it(stage: Stage, cast: Cast) -> None:
    run = cast.run(stage)
    walk_until(stage, run, asked="migrate_live")
    stage.later(seconds=2)
    run_actions.force_complete(run.pk, by=cast.operator)
    stage.cloud.fail("force_complete", Conflict("Nova cannot do this now (409)."))
    run = stage.play(run)
    assert run.state == RunState.COMPLETED
    assert run.lines.filter(text__startswith="Nova did not take it").count() == 1
    assert stage.asked(FORCED) == []


def test_it_may_be_asked_again_after_nova_did_not_take_it(
    stage: Stage, cast: Cast
) -> None:
    run = cast.run(stage)
    stage.cloud.spoil(stage.server, "never")
    walk_until(stage, run, asked="migrate_live")
    stage.later(seconds=2)
    run_actions.force_complete(run.pk, by=cast.operator)
    with pytest.raises(TooLate, match="forced already"):
        run_actions.force_complete(run.pk, by=cast.operator)
    stage.cloud.fail("force_complete", Conflict("Nova cannot do this now (409)."))
    stage.walk(run)
    run_actions.force_complete(run.pk, by=cast.operator)
    run = stage.play(run)
    assert run.state == RunState.COMPLETED
    assert verbs(run).count("run.force_complete") == 2


def test_there_must_be_a_live_migration_under_way(stage: Stage, cast: Cast) -> None:
    run = cast.run(stage, procedure="cold")
    walk_until(stage, run, asked="migrate_cold")
    with pytest.raises(TooLate, match="nothing to force"):
        run_actions.force_complete(run.pk, by=cast.operator)


def test_not_on_the_way_back(stage: Stage, cast: Cast) -> None:
    run = cast.run(stage)
    stage.cloud.spoil(stage.server, "never")
    walk_until(stage, run, asked="migrate_live")
    stage.later(seconds=2)
    run_actions.abort(run.pk, by=cast.operator)
    stage.walk(run)
    with pytest.raises(TooLate, match="cannot be forced now"):
        run_actions.force_complete(run.pk, by=cast.operator)
    with pytest.raises(TooLate, match="rolling back already"):
        run_actions.stop(run.pk, by=cast.operator)


def test_it_takes_an_operator(stage: Stage, cast: Cast) -> None:
    run = cast.run(stage)
    with pytest.raises(NotAllowed, match="operator"):
        run_actions.force_complete(run.pk, by=cast.approver)
