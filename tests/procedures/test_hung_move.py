"""Nova's record of the move is over, and the instance does not follow."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from migrations_app.integrations import connect
from migrations_app.integrations.interfaces import World
from migrations_app.models import Run
from migrations_app.models.states import RunState
from migrations_app.runs import action_preview, inspection
from tests.crowd import Crowd
from tests.stage import Stage

pytestmark = pytest.mark.django_db
SOON = timedelta(minutes=2)
FAILED = ("failed", "error", "cancelled")


@pytest.fixture(autouse=True)
def long_lease(settings: Any) -> None:
    """Leases lapse by the stage's clock only: the heart has nothing to do."""
    settings.NOVAWEB_LEASE = 600.0


def until(stage: Stage, run: Run, so: Callable[[], bool]) -> None:
    for _ in range(600):
        if so():
            return
        stage.later(seconds=0.6)
        stage.walk(run)
    raise AssertionError(f"never so: {run.lines.last()}")


def status(stage: Stage) -> str:
    return stage.cloud.server(stage.server).status


def live(**settings: float) -> tuple[Stage, Run]:
    stage = Stage(live_seconds=3600, **settings)
    run = stage.start("live")
    until(stage, run, lambda: record_is(stage, "running"))
    return stage, run


def record_is(stage: Stage, word: str) -> bool:
    records = stage.cloud.migrations(stage.server)
    return bool(records) and records[0].status == word


def cold(procedure: str) -> tuple[Stage, Run]:
    stage: Stage = Crowd() if procedure == "cold_by_disabling" else Stage()
    stage.cloud.set(cold_seconds=3600)
    run = stage.start(procedure)
    until(stage, run, lambda: record_is(stage, "migrating"))
    return stage, run


def expect_held(stage: Stage, run: Run, since: datetime, *words: str) -> Run:
    """It is held soon, says so, and nothing more was asked of Nova."""
    asked = stage.cloud.actions(stage.server)
    run = stage.play(run)
    assert run.state == RunState.HELD
    assert stage.time - since <= SOON
    for word in words:
        assert word in run.why, run.why
    assert stage.cloud.actions(stage.server) == asked
    assert not run.lines.filter(text__contains="has no record of the request").exists()
    return run


@pytest.mark.parametrize("word", ["completed", *FAILED])
def test_a_live_migration_whose_record_is_over_is_held(word: str) -> None:
    stage, run = live()
    stage.cloud.strand(stage.server, word)
    run = expect_held(stage, run, stage.time, f"“{word}”", "MIGRATING on compute-30")
    assert "running on compute-30, none on compute-34" in run.why
    assert "openstack server set --state active" in run.why


def test_it_says_that_the_guest_runs_where_nova_has_it_not() -> None:
    stage, run = live()
    stage.cloud.strand(stage.server, "completed", runs_on=stage.target)
    run = expect_held(stage, run, stage.time, "none on compute-30, running on")
    assert "would start it a second time" in run.why
    assert "--state active" not in run.why


def test_it_says_where_to_look_when_it_may_not_enter_the_hosts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stage, run = live()
    monkeypatch.setattr(Stage, "world", property(lambda self: World(self.cloud)))
    stage.cloud.strand(stage.server, "completed")
    words = "virsh list --all” on compute-30 and compute-34"
    expect_held(stage, run, stage.time, words)


def test_a_host_that_does_not_answer_is_named() -> None:
    stage, run = live()
    stage.cloud.edit_host(stage.target, ssh=False)
    stage.cloud.strand(stage.server, "completed")
    words = "compute-34 could not be asked"
    expect_held(stage, run, stage.time, words, "running on compute-30")


@pytest.mark.parametrize("word", ["completed", "failed"])
def test_there_is_nothing_to_abort_when_somebody_stops_a_hung_migration(
    word: str,
) -> None:
    stage, run = live()
    stage.cloud.strand(stage.server, word)
    Run.objects.update(stop_asked_at=stage.time, stop_asked_by="operator")
    expect_held(stage, run, stage.time, f"“{word}”")


def test_what_was_undone_by_nova_itself_is_over_at_once() -> None:
    stage, run = live()
    Run.objects.update(stop_asked_at=stage.time, stop_asked_by="operator")
    stage.cloud.strand(stage.server, "failed")
    stage.cloud.edit(stage.server, task_state=None)
    since, run = stage.time, stage.play(run)
    assert run.state == RunState.ROLLED_BACK
    assert stage.time - since < timedelta(seconds=30)


def test_a_migration_that_is_complete_and_did_not_arrive_is_not_rolled_back() -> None:
    """Somebody has reset the state of an instance that runs on the target."""
    stage, run = live()
    stage.cloud.strand(stage.server, "completed", runs_on=stage.target)
    stage.cloud.edit(stage.server, task_state=None)
    Run.objects.update(stop_asked_at=stage.time, stop_asked_by="operator")
    expect_held(stage, run, stage.time, "“completed”", "ACTIVE on compute-30")


def test_it_waits_a_minute_for_nova_to_follow_its_record() -> None:
    stage, run = live()
    stage.cloud.strand(stage.server, "failed")
    since = stage.time
    until(stage, run, lambda: stage.time - since > timedelta(seconds=50))
    run.refresh_from_db()
    assert run.state == RunState.RUNNING
    stage.cloud.edit(stage.server, task_state=None)
    run = stage.play(run)
    assert run.state == RunState.ROLLED_BACK
    assert "its record says “failed”" in run.why


def test_its_page_says_that_it_would_be_held_again_until_it_is_put_right(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stage, run = live()
    monkeypatch.setattr(connect, "world_of", lambda name: stage.world)
    monkeypatch.setattr(timezone, "now", stage.clock)
    stage.cloud.strand(stage.server, "completed", runs_on=stage.target)
    run = stage.play(run)
    again, back, _ = action_preview.preview_actions(inspection.inspect_run(run))
    assert again.effect.startswith("is held again at once: Nova's record")
    assert back.effect.startswith("is held again at once: Nova's record")
    stage.cloud.edit(stage.server, host=stage.target, task_state=None)
    again, *_ = action_preview.preview_actions(inspection.inspect_run(run))
    assert again.effect.startswith("finds this step done")


@pytest.mark.parametrize("word", [*FAILED, "finished"])
@pytest.mark.parametrize("procedure", ["cold", "cold_by_disabling"])
def test_a_cold_migration_whose_record_is_over_is_held(
    procedure: str, word: str
) -> None:
    stage, run = cold(procedure)
    stage.cloud.strand(stage.server, word)
    run = expect_held(stage, run, stage.time, f"“{word}”", "RESIZE on compute-30")
    assert "on old disks" in run.why
    if isinstance(stage, Crowd):
        assert stage.services() == stage.before


@pytest.mark.parametrize("procedure", ["cold", "cold_by_disabling"])
def test_nothing_is_confirmed_when_the_record_has_failed(procedure: str) -> None:
    stage: Stage = Crowd() if procedure == "cold_by_disabling" else Stage()
    run = stage.start(procedure)
    until(stage, run, lambda: status(stage) == "VERIFY_RESIZE")
    stage.cloud.strand(stage.server, "error")
    expect_held(stage, run, stage.time, "“error”", "VERIFY_RESIZE on compute-34")
    assert stage.cloud.asked("confirm") == 0


@pytest.mark.parametrize("word", ["error", "confirmed"])
def test_a_confirmation_whose_record_is_over_is_held(word: str) -> None:
    stage = Stage(pause=30)
    run = stage.start("cold")
    until(stage, run, lambda: record_is(stage, "confirming"))
    stage.cloud.strand(stage.server, word)
    expect_held(stage, run, stage.time, f"“{word}”", "VERIFY_RESIZE on compute-34")


def test_a_move_whose_confirmation_failed_is_not_called_done() -> None:
    stage = Stage(pause=30)
    run = stage.start("cold")
    until(stage, run, lambda: record_is(stage, "confirming"))
    stage.cloud.strand(stage.server, "error")
    stage.cloud.edit(stage.server, vm_state="active")
    expect_held(stage, run, stage.time, "“error”", "the clean-up on compute-30")


def reverting(stage: Stage) -> Run:
    run = stage.start("cold")
    until(stage, run, lambda: record_is(stage, "migrating"))
    stage.cloud.set(pause=30)
    Run.objects.update(stop_asked_at=stage.time, stop_asked_by="operator")
    until(stage, run, lambda: record_is(stage, "reverting"))
    return run


@pytest.mark.parametrize("word", ["error", "reverted"])
def test_a_revert_whose_record_is_over_is_held(word: str) -> None:
    stage = Stage()
    run = reverting(stage)
    stage.cloud.strand(stage.server, word)
    expect_held(stage, run, stage.time, f"“{word}”", "REVERT_RESIZE on compute-34")


def test_it_waits_for_the_source_while_that_puts_the_instance_back() -> None:
    """Nova writes “reverted” before that; it may wait for Neutron for 5 minutes."""
    stage = Stage()
    run = reverting(stage)
    revert = stage.cloud.actions(stage.server)[0]
    stage.cloud.strand(stage.server, "reverted")
    stage.cloud.begin_event(revert.request_id, "compute_finish_revert_resize")
    since = stage.time
    until(stage, run, lambda: stage.time - since > timedelta(minutes=5))
    run.refresh_from_db()
    assert run.state == RunState.GOING_BACK
    run = stage.play(run)
    assert run.state == RunState.HELD
    assert stage.time - since < timedelta(minutes=11)


def test_one_that_was_off_is_stopped_at_the_end_of_its_revert() -> None:
    """Its vm_state is “resized” until then, which is VERIFY_RESIZE, on the source."""
    stage = Stage()
    stage.cloud.edit(stage.server, vm_state="stopped", power_state=4)
    run = reverting(stage)
    stage.cloud.strand(stage.server, "reverted")
    stage.cloud.edit(stage.server, host=stage.source, task_state="powering-off")
    assert status(stage) == "VERIFY_RESIZE"
    since = stage.time
    until(stage, run, lambda: stage.time - since > timedelta(seconds=20))
    stage.cloud.edit(stage.server, vm_state="stopped", task_state=None)
    run = stage.play(run)
    assert run.state == RunState.ROLLED_BACK


def test_a_clock_that_was_set_back_only_begins_the_minute_again() -> None:
    stage, run = live()
    stage.cloud.strand(stage.server, "failed")
    until(stage, run, lambda: "apart" in run.steps.get(key="migrate_live").progress)
    stage.later(hours=-1)
    Run.objects.update(look_again_at=stage.time)
    expect_held(stage, run, stage.time, "“failed”")
