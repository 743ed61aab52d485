"""The database is an older backup, and Nova has gone on: runs look before they ask.

What a block ``with lost():`` writes to the database is gone after it, as by a restore;
what Nova was asked for in it has happened.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import transaction

from migrations_app.errors import Unreachable
from migrations_app.models import Run
from migrations_app.models.states import RunState
from tests.stage import Stage

pytestmark = pytest.mark.django_db
# What each procedure asks of Nova to have the instance moved.
ASKS = {
    "live": "live-migration",
    "cold": "migrate",
    "cold_by_disabling": "migrate",
}
SAYS = "restored from a backup that is older than the move"


@contextmanager
def lost() -> Iterator[None]:
    rows = transaction.atomic()
    # the test's own: what a walk commits is not part of one transaction with it
    rows._from_testcase = True  # type: ignore[attr-defined]
    with rows:
        yield
        transaction.set_rollback(True)


def asked_to_stop(run: Run, stage: Stage) -> None:
    Run.objects.filter(pk=run.pk).update(
        stop_asked_at=stage.clock(), stop_asked_by="otto"
    )


def walk_until_asked(stage: Stage, run: Run, action: str) -> None:
    for _ in range(100):
        stage.walk(run)
        if stage.asked(action):
            return
        stage.later(seconds=1)
    raise AssertionError("nothing was asked of Nova")


@pytest.mark.parametrize("procedure", ASKS)
def test_a_move_that_is_over_is_not_asked_for_again(procedure: str) -> None:
    stage = Stage()
    run = stage.start(procedure)
    with lost():
        assert stage.play(run).state == RunState.COMPLETED
    run = stage.play(run)
    assert stage.asked(ASKS[procedure]) == [ASKS[procedure]]
    assert stage.host == stage.target
    assert run.state == RunState.HELD
    assert SAYS in run.why


@pytest.mark.parametrize("procedure", ASKS)
def test_a_move_that_a_person_stopped_is_not_begun_again(procedure: str) -> None:
    stage = Stage()
    run = stage.start(procedure)
    with lost():
        walk_until_asked(stage, run, ASKS[procedure])
        asked_to_stop(run, stage)
        assert stage.play(run).state == RunState.ROLLED_BACK
    run = stage.play(run)
    assert stage.asked(ASKS[procedure]) == [ASKS[procedure]]
    assert stage.host == stage.source
    assert run.state == RunState.HELD
    assert SAYS in run.why


@pytest.mark.parametrize("procedure", ASKS)
def test_a_move_under_way_is_not_said_to_be_rolled_back(procedure: str) -> None:
    stage = Stage()
    run = stage.start(procedure)
    with lost():
        walk_until_asked(stage, run, ASKS[procedure])
    asked_to_stop(run, stage)
    run = stage.play(run)
    assert stage.asked(ASKS[procedure]) == [ASKS[procedure]]
    assert run.state == RunState.HELD
    assert SAYS in run.why


@pytest.mark.parametrize("procedure", ASKS)
def test_a_move_that_was_noted_goes_on_from_where_nova_is(procedure: str) -> None:
    stage = Stage()
    run = stage.start(procedure)
    walk_until_asked(stage, run, ASKS[procedure])
    with lost():
        assert stage.play(run).state == RunState.COMPLETED
    assert stage.play(run).state == RunState.COMPLETED
    assert stage.asked(ASKS[procedure]) == [ASKS[procedure]]
    assert len(stage.asked("confirmResize")) == (procedure != "live")


def test_what_another_account_moved_there_and_back_does_not_hold_a_run() -> None:
    stage = Stage()
    run = stage.start("live")
    for host in (stage.target, stage.source):
        stage.later(minutes=1)
        stage.cloud.live_migrate(stage.server, host=host)
    stage.later(minutes=5)
    stage.cloud._store.run("UPDATE actions SET user_id = 'another'")
    assert stage.host == stage.source
    assert len(stage.cloud.migrations(stage.server)) == 2
    assert stage.play(run).state == RunState.COMPLETED


def test_a_plan_of_an_older_edition_is_carried_out_as_before() -> None:
    stage = Stage()
    run = stage.start("live")
    run.request.newest_migration = None
    run.request.save(update_fields=["newest_migration"])
    assert stage.play(run).state == RunState.COMPLETED
    assert stage.asked("live-migration") == ["live-migration"]


def test_an_unreadable_nova_is_no_proof_that_nothing_moves() -> None:
    stage = Stage()
    run = stage.start("live")
    with lost():
        walk_until_asked(stage, run, "live-migration")
    asked_to_stop(run, stage)
    stage.cloud.fail("migrations", Unreachable("Nova rests."), times=3)
    run = stage.play(run)
    assert run.state == RunState.HELD
    assert "Nova rests." in run.why
