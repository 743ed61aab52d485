"""Troubles of our own: our account, our code, our database."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DataError, OperationalError

from migrations_app.integrations.interfaces import Move
from migrations_app.models import Run
from migrations_app.models.states import RunState
from migrations_app.procedures.base import StepContext, StepStatus
from migrations_app.procedures.live import Live, RunsOnTarget
from migrations_app.procedures.registry import PROCEDURES
from migrations_app.runs import actions as run_actions
from migrations_app.runs.engine.lease import RunLease
from tests.cast import Cast, expect_rest, walk_until
from tests.stage import Stage

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("asked", [False, True])
def test_a_wrong_password_is_for_a_person(
    stage: Stage, cast: Cast, asked: bool
) -> None:
    run = stage.start("live")
    if asked:
        walk_until(stage, run, asked="migrate_live")
        stage.later(seconds=3)
    stage.cloud.lock_out()
    run = stage.play(run)
    expect_rest(run, RunState.HELD, "check the credentials", "clouds.yaml")
    stage.cloud.lock_out(False)
    run_actions.look_again(run.pk, by=cast.operator, note="Mended.")
    expect_rest(stage.play(run), RunState.COMPLETED)
    assert stage.asked("live-migration") == ["live-migration"]


def test_a_wrong_password_on_the_way_back_is_for_a_person(
    stage: Stage, cast: Cast
) -> None:
    run = stage.start("cold")
    walk_until(stage, run, asked="migrate_cold")
    run_actions.stop(run.pk, by=cast.operator)
    stage.walk(run)
    stage.cloud.lock_out()
    run = stage.play(run)
    expect_rest(run, RunState.HELD, "credentials")
    assert run.was_going_back
    stage.cloud.lock_out(False)
    run_actions.look_again(run.pk, by=cast.operator, note="Mended.")
    expect_rest(stage.play(run), RunState.ROLLED_BACK)


# -- our code --------------------------------------------------------------------------


def test_a_plan_that_the_code_no_longer_knows_is_for_a_person(
    stage: Stage, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = stage.start("live")
    with monkeypatch.context() as patch:
        patch.setattr(Live, "steps", Live.steps[:-1])
        expect_rest(stage.play(run), RunState.HELD, "have changed since")
        run_actions.look_again(run.pk, by=cast.operator)
        expect_rest(stage.play(run), RunState.HELD, "have changed since")
    run_actions.look_again(run.pk, by=cast.operator, note="The old version is back.")
    expect_rest(stage.play(run), RunState.COMPLETED)


def test_a_procedure_that_is_no_longer_there_is_for_a_person(
    stage: Stage, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = stage.start("live")
    monkeypatch.delitem(PROCEDURES, "live")
    expect_rest(stage.play(run), RunState.HELD, "have changed since")
    run_actions.close(run.pk, by=cast.operator, note="I look after it.")
    expect_rest(run, RunState.CLOSED)


def test_an_error_of_our_own_is_for_a_person(
    stage: Stage, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(self: RunsOnTarget, ctx: StepContext) -> StepStatus:
        raise KeyError("os-secret")

    run = stage.start("live")
    with monkeypatch.context() as patch:
        patch.setattr(RunsOnTarget, "check", broken)
        run = stage.play(run)
    expect_rest(run, RunState.HELD, "internal error (KeyError)", "Look again")
    assert "os-secret" not in run.why
    run_actions.look_again(run.pk, by=cast.operator, note="Mended.")
    expect_rest(stage.play(run), RunState.COMPLETED)
    assert stage.asked("live-migration") == ["live-migration"]


def test_a_cloud_that_cannot_be_had_is_for_a_person(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = stage.start("live")

    def lost(self: Stage, run: Run) -> Any:
        from migrations_app.runs.engine.walk import walk

        def world_of(name: str) -> Any:
            raise OSError("clouds.yaml cannot be read")

        return walk(run.pk, world_of, clock=self.clock)

    monkeypatch.setattr(Stage, "walk", lost)
    expect_rest(stage.play(run), RunState.HELD, "internal error (OSError)")


@pytest.mark.parametrize("name", PROCEDURES)
def test_every_sentence_of_a_plan_is_whole(name: str) -> None:
    for target in ("compute-34", None):
        move = Move("0f3a", "web", "compute-30", target)
        for step in PROCEDURES[name].steps:
            sentence = step.sentence(move)
            assert sentence.endswith(".")
            assert "{" not in sentence


# -- our database ----------------------------------------------------------------------


def failing_once(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    real = RunLease.write

    def write(self: RunLease, **fields: Any) -> None:
        monkeypatch.setattr(RunLease, "write", real)
        raise error

    monkeypatch.setattr(RunLease, "write", write)


def test_a_database_that_goes_away_is_waited_for(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = stage.start("live")
    walk_until(stage, run, asked="migrate_live")
    stage.later(seconds=6)
    failing_once(monkeypatch, OperationalError("server closed the connection"))
    with pytest.raises(OperationalError):
        stage.walk(run)
    assert stage.walk(run) is None, "its lease has not lapsed yet"
    expect_rest(stage.play(run), RunState.COMPLETED)
    assert stage.asked("live-migration") == ["live-migration"]


def test_a_row_that_the_database_refuses_is_for_a_person(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = stage.start("live")
    walk_until(stage, run, asked="migrate_live")
    stage.later(seconds=6)
    failing_once(monkeypatch, DataError("value too long"))
    expect_rest(stage.play(run), RunState.HELD, "internal error (DataError)")
