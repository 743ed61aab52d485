"""The procedure that disables hosts: whatever happens, they end as they began."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from migrations_app.errors import Refused, Unreachable
from migrations_app.models import Run
from migrations_app.models.states import RunState
from migrations_app.runs.engine import lease
from tests.crowd import Crowd, expect_as_before, expect_moved

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def short_lease(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """Leases lapse by the stage's clock, soon; the heart has nothing to do."""
    settings.NOVAWEB_LEASE = 600.0
    monkeypatch.setattr(lease, "lease_span", lambda: timedelta(seconds=4))


# -- the way there ---------------------------------------------------------------------


def test_the_plan_names_the_hosts_that_are_disabled() -> None:
    stage = Crowd()
    run = stage.begin()
    row = run.steps.get(key="disable_others")
    assert row.sentence.endswith("move to compute-31, compute-32, compute-33.")
    assert row.commands == [
        f"Nova: disable nova-compute on {host}" for host in stage.others
    ]


def test_of_many_hosts_the_plan_names_a_few() -> None:
    stage = Crowd()
    for number in range(60, 70):
        stage.cloud.add_host(f"compute-{number}")
    run = stage.begin()
    row = run.steps.get(key="disable_others")
    assert row.sentence.endswith("compute-60, compute-61, compute-62 and 7 more.")
    assert len(row.commands) == 13


def test_only_while_nova_chooses_other_hosts_are_disabled() -> None:
    stage = Crowd(cold_seconds=60)
    run = stage.begin()
    stage.until(run, lambda: stage.asked_for(run, "ask_to_migrate"))
    assert stage.disabled() == set(stage.others)
    for host in stage.others:
        reason = stage.services()[host][1] or ""
        token = run.request.token
        assert reason.startswith(f"novaweb:{token} was enabled; disabled for some")
        assert f"request {run.request_id}, which moves web to compute-34" in reason

    stage.until(run, lambda: not stage.disabled())
    # long before the copy is through
    assert stage.cloud.server(stage.server).status == "RESIZE"
    expect_moved(stage, stage.play(run))


def test_the_window_is_a_matter_of_seconds() -> None:
    stage = Crowd()
    run = stage.play(stage.begin())
    expect_moved(stage, run)
    begun = run.steps.get(key="disable_others").asked_at
    ended = run.steps.get(key="enable_others").done_at
    assert begun is not None
    assert ended is not None
    assert (ended - begun).total_seconds() < 5


def test_it_waits_until_placement_hides_the_others() -> None:
    stage = Crowd(trait_seconds=40)
    run = stage.begin()
    stage.until(run, stage.disabled)
    for _ in range(20):
        stage.later(seconds=1)
        stage.walk(run)
    assert not stage.asked_for(run, "ask_to_migrate")
    expect_moved(stage, stage.play(run))


def test_what_placement_never_hides_is_not_risked() -> None:
    stage = Crowd(trait_seconds=10**6)
    run = stage.play(stage.begin())
    expect_as_before(stage, run)
    assert "longer than 2 minutes: Verify that the scheduler is offered" in run.why
    assert stage.asked("migrate") == []


def test_a_stopped_instance_stays_stopped() -> None:
    stage = Crowd()
    stage.cloud.edit(stage.server, vm_state="stopped", power_state=4)
    run = stage.play(stage.begin())
    assert stage.cloud.server(stage.server).status == "SHUTOFF"
    assert (run.state, stage.host) == (RunState.COMPLETED, stage.target)
    assert stage.services() == stage.before


def test_without_a_target_nothing_is_disabled() -> None:
    stage = Crowd()
    run = stage.play(stage.begin(target=None))
    expect_as_before(stage, run)
    assert "No target is chosen" in run.why
    assert stage.cloud.asked("set_service") == 2  # by those who set the stage


# -- somebody else changes services too ------------------------------------------------


def test_a_host_that_somebody_disables_meanwhile_stays_disabled_by_them() -> None:
    stage = Crowd()
    run = stage.begin()
    stage.disable("compute-32", "Its memory is broken")
    run = stage.play(run)
    assert run.state == RunState.COMPLETED
    assert stage.disabled() == {"compute-32"}
    assert stage.services()["compute-32"] == (False, "Its memory is broken", False)


def test_a_host_that_somebody_disables_anew_in_the_window_is_left_to_them() -> None:
    stage = Crowd()
    run = stage.begin()
    stage.until(run, stage.disabled)
    stage.disable("compute-32", "Its memory is broken")
    run = stage.play(run)
    assert run.state == RunState.COMPLETED
    assert stage.disabled() == {"compute-32"}


def test_a_host_enabled_since_the_approval_is_not_disabled() -> None:
    stage = Crowd()
    run = stage.begin()
    stage.enable("compute-35")
    run = stage.play(run)
    assert run.state == RunState.ROLLED_BACK
    assert "compute-35 was enabled after this plan was approved" in run.why
    assert stage.services()["compute-35"] == (True, None, False)
    assert stage.disabled() == {"compute-35"}


def test_a_host_enabled_in_the_window_ends_it_before_nova_is_asked() -> None:
    stage = Crowd(trait_seconds=30)
    run = stage.begin()
    stage.until(run, stage.disabled)
    stage.enable("compute-32")
    run = stage.play(run)
    expect_as_before(stage, run)
    assert "compute-32 was enabled by somebody" in run.why
    assert stage.asked("migrate") == []


def test_a_move_to_another_host_is_reverted() -> None:
    stage = Crowd(cold_seconds=30)
    run = stage.begin()
    stage.until(run, lambda: stage.asked_for(run, "ask_to_migrate"))
    # Nova takes half a second to choose: the wrong host is enabled in that moment
    stage.enable("compute-31")
    stage.disable(stage.target, "Now of all times")
    run = stage.play(run)
    assert run.state == RunState.ROLLED_BACK
    assert "Nova chose compute-31 instead of compute-34" in run.why
    assert stage.host == stage.source
    assert stage.disabled() == {stage.target}
    assert stage.asked("migrate", "revertResize") == ["migrate", "revertResize"]


def test_it_waits_for_another_move_that_disables_hosts() -> None:
    stage = Crowd()
    run = stage.begin()
    stage.disable("compute-31", "novaweb:0badcafe was enabled; disabled for some")
    for _ in range(10):
        stage.later(seconds=5)
        stage.walk(run)
    run.refresh_from_db()
    assert "compute-31 is disabled by another move just now" in run.why
    assert stage.disabled() == {"compute-31"}
    stage.enable("compute-31")
    expect_moved(stage, stage.play(run))


def test_a_host_that_another_move_disabled_belongs_to_the_plan() -> None:
    stage = Crowd()
    stage.disable("compute-31", "novaweb:0badcafe was enabled; disabled for some")
    run = stage.begin()
    assert run.request.facts["others"] == list(stage.others)


# -- troubles --------------------------------------------------------------------------


def test_a_move_that_nova_gives_up_leaves_nothing_disabled() -> None:
    stage = Crowd()
    stage.cloud.spoil(stage.server, "check", "The target has too little of something.")
    run = stage.play(stage.begin())
    expect_as_before(stage, run)
    assert "too little of something" in run.why


def test_a_copy_that_breaks_is_held_with_all_hosts_enabled() -> None:
    stage = Crowd()
    stage.cloud.spoil(stage.server, "transfer", "The disk is full.")
    run = stage.play(stage.begin())
    assert run.state == RunState.HELD
    assert "The disk is full." in run.why
    assert stage.services() == stage.before


def test_one_host_that_cannot_be_enabled_keeps_no_other_disabled() -> None:
    stage = Crowd(cold_seconds=60)
    run = stage.begin()
    stage.until(run, lambda: stage.asked_for(run, "ask_to_migrate"))
    stage.cloud.fail("set_service", Unreachable("compute-31 takes its time."))
    stage.until(run, lambda: len(stage.disabled()) == 1)
    assert stage.disabled() == {"compute-31"}
    expect_moved(stage, stage.play(run))


def test_hosts_are_enabled_before_the_migration_is_reverted() -> None:
    stage = Crowd(cold_seconds=60)
    run = stage.begin()
    stage.until(run, lambda: stage.asked_for(run, "ask_to_migrate"))
    Run.objects.filter(pk=run.pk).update(
        stop_asked_at=stage.time, stop_asked_by="operator", look_again_at=stage.time
    )
    stage.until(run, lambda: not stage.disabled())
    assert stage.cloud.server(stage.server).status == "RESIZE"
    expect_as_before(stage, stage.play(run))
    assert stage.asked("migrate", "revertResize") == ["migrate", "revertResize"]


def test_a_move_confirmed_on_the_way_back_is_gone_on_with() -> None:
    stage = Crowd(cold_seconds=60, resize_confirm_window=1)
    run = stage.begin()
    stage.until(run, lambda: stage.asked_for(run, "ask_to_migrate"))
    Run.objects.filter(pk=run.pk).update(
        stop_asked_at=stage.time, stop_asked_by="operator", look_again_at=stage.time
    )
    stage.until(run, lambda: not stage.disabled())
    stage.later(seconds=90)  # nobody looks, and Nova confirms by itself
    run = stage.play(run)
    assert (run.state, stage.host) == (RunState.COMPLETED, stage.target)
    assert stage.services() == stage.before
    assert stage.cloud.asked("set_service") == 2 + 2 * len(stage.others)


def test_a_worker_that_lost_its_run_disables_nothing_more() -> None:
    stage = Crowd()
    run = stage.begin()
    stage.until(run, lambda: run.steps.filter(key="disable_others").exists())
    real = stage.cloud.service

    def service(host: str) -> Any:
        if host == "compute-31":  # another worker takes the run over just now
            Run.objects.filter(pk=run.pk).update(lease="another")
        return real(host)

    stage.cloud.service = service  # type: ignore[method-assign]
    stage.until(run, stage.disabled)
    assert stage.disabled() == {"compute-31"}


# -- what no step can do (tests/runs/test_reenable_hosts.py says who does) -------------


def test_a_run_that_is_turned_away_is_held_with_hosts_disabled() -> None:
    """The one case that the run itself cannot mend: its account is refused."""
    stage = Crowd()
    stage.cloud.fail("migrate", Refused("Nova does not let our account do this."))
    run = stage.play(stage.begin())
    assert run.state == RunState.HELD
    assert stage.disabled() == set(stage.others)
