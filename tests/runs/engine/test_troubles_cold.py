"""Troubles of a cold migration: each ends in a sentence, and in no half state."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from migrations_app.errors import Unreachable
from migrations_app.models import Run
from migrations_app.models.states import RunState, StepState
from migrations_app.runs import actions as run_actions
from tests.cast import Cast, expect_rest, walk_until
from tests.stage import Stage

pytestmark = pytest.mark.django_db
ASKED, CONFIRMED, REVERTED = "migrate", "confirmResize", "revertResize"


def copying(stage: Stage, **options: Any) -> Run:
    """Return a run whose instance is shut down and copied."""
    run = stage.start("cold", **options)
    walk_until(stage, run, asked="migrate_cold")
    stage.later(seconds=3)
    assert stage.cloud.server(stage.server).status == "RESIZE"
    return run


def waiting(stage: Stage) -> Run:
    """Return a run whose instance waits on its target to be confirmed."""
    run = copying(stage)
    for _ in range(60):
        stage.later(seconds=1)
        stage.cloud.fail("ports", Unreachable("Neutron rests."))
        stage.walk(run)
        if run.steps.get(key="waits_on_target").state == StepState.DONE:
            return run
    raise AssertionError("it never arrived")


def unconfirmed(stage: Stage) -> Run:
    """Return a run that has rested, as its source was down for half an hour."""
    run = waiting(stage)
    clear_faults(stage)
    stage.cloud.edit_host(stage.source, up=False)
    for _ in range(20):
        stage.later(seconds=2)
        stage.walk(run)
    # Nova refuses every ten seconds of them
    stage.later(minutes=28)
    return stage.play(run)


def clear_faults(stage: Stage) -> None:
    """Use up the faults that were planned and not met."""
    for _ in range(100):
        try:
            stage.cloud.ports(stage.server)
        except Unreachable:
            continue
        return


def expect_untouched(stage: Stage) -> None:
    assert stage.host == stage.source
    assert stage.cloud.server(stage.server).status == "ACTIVE"
    assert set(stage.cloud.allocations(stage.server)) == {stage.source}


# -- Nova gives up ---------------------------------------------------------------------


def test_a_refusal_is_told_with_its_reason(stage: Stage) -> None:
    stage.cloud.spoil(stage.server, "check", "Not enough memory on compute-34.")
    run = stage.play(stage.start("cold"))
    expect_rest(run, RunState.ROLLED_BACK, "Not enough memory on compute-34.")
    expect_untouched(stage)
    assert stage.asked(ASKED, REVERTED) == [ASKED]


@pytest.mark.parametrize(
    "moment, host", [("transfer", "compute-30"), ("finish", "compute-34")]
)
def test_an_instance_in_error_is_for_a_person(
    stage: Stage, moment: Any, host: str
) -> None:
    stage.cloud.spoil(stage.server, moment, "Disk full.")
    run = stage.play(stage.start("cold"))
    expect_rest(
        run, RunState.HELD, f"ERROR on {host}", "Disk full.", "disks on both hosts"
    )
    assert stage.asked(REVERTED, CONFIRMED) == []


def test_a_target_that_no_longer_takes_instances(stage: Stage) -> None:
    run = stage.start("cold")
    stage.cloud.edit_host(stage.target, enabled=False)
    expect_rest(stage.play(run), RunState.ROLLED_BACK, "compute-34 is disabled")
    expect_untouched(stage)


def test_an_instance_that_is_in_no_state_for_it(stage: Stage) -> None:
    run = stage.start("cold")
    stage.cloud.edit(stage.server, vm_state="paused", power_state=3)
    expect_rest(stage.play(run), RunState.ROLLED_BACK, "PAUSED on compute-30")


def test_a_stopped_instance_stays_stopped(stage: Stage) -> None:
    stage.cloud.edit(stage.server, vm_state="stopped", power_state=4)
    run = stage.play(stage.start("cold"))
    expect_rest(run, RunState.COMPLETED)
    assert stage.cloud.server(stage.server).status == "SHUTOFF"
    assert stage.host == stage.target


# -- somebody else is at work ----------------------------------------------------------


def test_nova_confirms_by_itself(stage: Stage) -> None:
    stage.cloud.set(resize_confirm_window=60)
    run = waiting(stage)
    stage.later(seconds=61)
    run = stage.play(run)
    expect_rest(run, RunState.COMPLETED)
    assert stage.asked(CONFIRMED) == [CONFIRMED]
    assert run.steps.get(key="confirm").asked_at is None


def test_somebody_else_confirms_it(stage: Stage) -> None:
    run = waiting(stage)
    stage.cloud.confirm(stage.server)
    expect_rest(stage.play(run), RunState.COMPLETED)
    assert stage.asked(CONFIRMED) == [CONFIRMED]


def test_somebody_else_confirms_it_just_before_we_do(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = waiting(stage)
    clear_faults(stage)
    real = stage.cloud.confirm

    def overtaken(server_id: str) -> None:
        monkeypatch.undo()
        real(server_id)
        stage.later(seconds=2)
        real(server_id)

    with monkeypatch.context() as patch:
        monkeypatch = patch
        patch.setattr(stage.cloud, "confirm", overtaken)
        stage.later(seconds=6)
        stage.walk(run)
    expect_rest(stage.play(run), RunState.COMPLETED)
    assert stage.asked(CONFIRMED, REVERTED) == [CONFIRMED]


def test_somebody_else_reverts_it(stage: Stage) -> None:
    run = waiting(stage)
    stage.cloud.revert(stage.server)
    stage.later(seconds=2)
    run = stage.play(run)
    expect_rest(run, RunState.ROLLED_BACK, "no longer on compute-34", "reverted")
    assert stage.asked(CONFIRMED, REVERTED) == [REVERTED]
    expect_untouched(stage)


def test_somebody_else_reverts_it_just_before_we_confirm(stage: Stage) -> None:
    run = waiting(stage)
    clear_faults(stage)
    stage.cloud.fail("migrations", Unreachable("Nova answered 500."))
    stage.later(seconds=6)
    stage.walk(run)
    assert run.steps.get(key="ports_are_bound").state == StepState.DONE
    stage.cloud.revert(stage.server)
    stage.later(seconds=2)
    run = stage.play(run)
    expect_rest(run, RunState.ROLLED_BACK, "back on compute-30", "reverted")
    expect_untouched(stage)


def test_it_is_deleted_before_it_is_confirmed(stage: Stage) -> None:
    run = waiting(stage)
    stage.cloud.delete(stage.server)
    expect_rest(stage.play(run), RunState.HELD, "does not exist")


# -- time ------------------------------------------------------------------------------


def test_past_the_deadline_it_is_reverted_when_it_rests(stage: Stage) -> None:
    stage.cloud.set(cold_seconds=1200)
    run = copying(stage, deadline=5)
    run = stage.play(run, tick=60)
    expect_rest(run, RunState.ROLLED_BACK, "took longer than 5 minutes")
    assert stage.asked(REVERTED, CONFIRMED) == [REVERTED]
    expect_untouched(stage)


def test_a_source_that_is_down_cannot_be_confirmed(stage: Stage, cast: Cast) -> None:
    run = unconfirmed(stage)
    expect_rest(run, RunState.HELD, "longer than 30 minutes", "Service is unavailable")
    assert stage.asked(CONFIRMED) == []
    stage.cloud.edit_host(stage.source, up=True)
    run_actions.look_again(run.pk, by=cast.operator, note="It is up.")
    expect_rest(stage.play(run), RunState.COMPLETED)
    assert stage.asked(CONFIRMED) == [CONFIRMED]


def test_what_could_not_be_confirmed_can_be_sent_back(stage: Stage, cast: Cast) -> None:
    run = unconfirmed(stage)
    stage.cloud.edit_host(stage.source, up=True)
    run_actions.go_back(run.pk, by=cast.operator, note="Rather not.")
    expect_rest(stage.play(run), RunState.ROLLED_BACK)
    assert stage.asked(CONFIRMED, REVERTED) == [REVERTED]
    expect_untouched(stage)


def test_ports_that_stay_behind_send_it_back(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = waiting(stage)
    clear_faults(stage)
    left = stage.cloud.ports(stage.server)
    stale = [replace(port, host=stage.source) for port in left]
    monkeypatch.setattr(stage.cloud, "ports", lambda server_id: stale)
    run = stage.play(run, tick=60)
    monkeypatch.undo()
    expect_rest(run, RunState.ROLLED_BACK, "network ports")
    assert stage.asked(CONFIRMED, REVERTED) == [REVERTED]
