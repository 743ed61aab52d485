"""What a live migration tells: why it failed, how it gets on, whose it is."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import pytest

from migrations_app.errors import Unreachable
from migrations_app.integrations.interfaces import (
    Action,
    ActionEvent,
    Move,
    Server,
    World,
)
from migrations_app.models import Run
from migrations_app.models.states import RunState
from migrations_app.procedures.base import StepContext
from migrations_app.procedures.steps import request_trace
from tests.cast import walk_until
from tests.stage import Stage

STRANGER = uuid.uuid4().hex
NOW = datetime(2026, 1, 1, tzinfo=UTC)
CHECK = "compute_check_can_live_migrate_"
INNER = "compute-30 is not on shared storage: it has local disks."
OUTER = f"Error while checking compute-34: InvalidSharedStorage_Remote {INNER}"


@pytest.fixture(autouse=True)
def long_lease(settings: Any) -> None:
    """Leases lapse by the stage's clock only: the heart has nothing to do."""
    settings.NOVAWEB_LEASE = 600.0


def said(run: Run, words: str) -> list[str]:
    return [line.text for line in run.lines.all() if words in line.text]


# -- the reason, out of all events ---------------------------------------------------


def why(*events: tuple[str, str, str | None]) -> str:
    """The reason that is read out of failed events: name, host, details."""
    failed = tuple(ActionEvent(name, "Error", host, ctx) for name, host, ctx in events)
    action = Action("req-1", "live-migration", "me", NOW, "Error", failed)
    cloud = mock.Mock(**{"action.return_value": action})
    ctx = StepContext(
        Move("id", "web", "a", "b"), World(cloud), "", NOW, print, print, {}
    )
    return request_trace.event_errors(ctx, action)


NO_HOST = ("conductor_live_migrate_instance", "vm", "No valid host was found.")


def test_it_prefers_the_check_that_failed_to_the_search_that_found_nothing() -> None:
    assert why((CHECK + "source", "compute-30", INNER), NO_HOST) == INNER


def test_it_leaves_out_events_that_wrap_another_ones_error() -> None:
    outer = (CHECK + "destination", "compute-34", f"{OUTER}\nTraceback ")
    assert why(NO_HOST, outer, (CHECK + "source", "compute-30", INNER)) == INNER


def test_it_names_the_reason_of_each_host_that_was_tried() -> None:
    assert (
        why(
            (CHECK + "destination", "compute-31", "CPU doesn't have compatibility"),
            (CHECK + "destination", "compute-34", "No room."),
            NO_HOST,
        )
        == "compute-31: CPU doesn't have compatibility. compute-34: No room."
    )


def test_of_both_events_of_a_cold_search_that_found_nothing_one_is_told() -> None:
    # Nova 34.0.0, conductor/manager.py: one is within the other in migrate_server
    both = (
        ("cold_migrate", "vm", "No valid host was found."),
        (
            "conductor_migrate_server",
            "vm",
            "No valid host was found. Not enough hosts.",
        ),
    )
    assert why(*both) == "No valid host was found. Not enough hosts."
    prepared = ("compute_prep_resize", "compute-34", "No room for it.")
    assert why(both[0], prepared, both[1]) == "No room for it."
    assert why(*both[::-1]) == "No valid host was found."


def test_it_takes_what_the_conductor_says_where_nothing_else_is_said() -> None:
    assert why(NO_HOST) == "No valid host was found."
    assert why((CHECK + "source", "compute-30", None)) == ""


# -- the reason, out of the logs of the hosts ----------------------------------------


@pytest.mark.django_db
def test_it_reads_in_the_sources_log_why_a_transfer_broke_off() -> None:
    stage = Stage()
    stage.cloud.spoil(stage.server, "transfer", "internal error: QEMU died")
    run = stage.play(stage.start("live"))
    reason = "Live Migration failure: internal error: QEMU died"
    assert run.state == RunState.ROLLED_BACK
    assert f"The log of nova-compute on {stage.source} says: {reason}" in run.why
    assert len(said(run, f"nova-compute on {stage.source}: {reason}")) == 1


@pytest.mark.django_db
def test_it_says_where_to_look_when_no_host_can_be_read() -> None:
    stage = Stage()
    stage.cloud.spoil(stage.server, "transfer", "internal error: QEMU died")
    run = stage.start("live")
    stage.cloud.fail("ssh.compute_log", Unreachable("It does not answer."), times=9)
    run = stage.play(run)
    assert run.state == RunState.ROLLED_BACK
    assert "names no reason" in run.why
    assert said(run, "nova-compute on compute-30: It does not answer.")


# -- how long it stood still ---------------------------------------------------------


@pytest.mark.django_db
def test_it_keeps_how_long_the_guest_stood_still_by_libvirt() -> None:
    stage = Stage()
    run = stage.play(stage.start("live"))
    shown = run.steps.get(key="runs_on_target").progress
    assert (shown["downtime_ms"], shown["downtime_how"]) == (82, "libvirt")
    assert said(run, "The guest was paused for 82 ms, by libvirt on compute-34")


@pytest.mark.django_db
def test_it_completes_when_that_cannot_be_read() -> None:
    stage = Stage()
    run = stage.start("live")
    stage.cloud.fail("ssh.domjobinfo", Unreachable("It does not answer."))
    run = stage.play(run)
    assert run.state == RunState.COMPLETED
    assert "downtime_ms" not in run.steps.get(key="runs_on_target").progress
    assert said(run, "could not be read: It does not answer.")


@pytest.mark.django_db
def test_it_reads_in_novas_events_how_long_a_cold_move_took_the_guest() -> None:
    stage = Stage(cold_seconds=30)
    run = stage.play(stage.start("cold"))
    shown = run.steps.get(key="stays_on_target").progress
    assert shown["downtime_how"] == "events"
    # the copy, and half a second of Nova's before and after it
    assert shown["downtime_ms"] == pytest.approx(31_000, abs=1_100)


# -- how it gets on ------------------------------------------------------------------


@pytest.mark.django_db
def test_it_says_each_change_of_the_outlook_once() -> None:
    stage = Stage(live_seconds=120)
    stage.cloud.spoil(stage.server, "never")
    run = stage.start("live")
    walk_until(stage, run, asked="migrate_live")
    for _ in range(100):
        stage.later(seconds=5)
        stage.walk(run)
    shown = run.steps.get(key="migrate_live").progress
    assert shown["trend"] == "still"
    assert shown["outlook"].startswith("Not getting closer")
    assert len(said(run, "at this rate")) >= 1
    assert len(said(run, "Not getting closer")) <= len(said(run, "at this rate")) + 1


# -- whose migration it is -----------------------------------------------------------


def somebody_moves_it(stage: Stage) -> None:
    """Have another account begin a live migration of the instance."""
    stage.cloud.live_migrate(stage.server, host=stage.target)
    newest = stage.cloud.actions(stage.server)[0].request_id
    stage.cloud._store.update("actions", "request_id", newest, {"user_id": STRANGER})


@pytest.mark.django_db
def test_it_leaves_alone_a_migration_that_somebody_else_began() -> None:
    stage = Stage(live_seconds=60)
    run = stage.start("live")
    stage.cloud.fail("live_migrate", Unreachable("It does not answer."))
    walk_until(stage, run, asked="migrate_live")
    assert stage.asked("live-migration") == [], "ours left no trace"
    somebody_moves_it(stage)
    stage.later(seconds=5)
    Run.objects.filter(pk=run.pk).update(
        stop_asked_at=stage.time,
        stop_asked_by="operator",
        look_again_at=stage.time,
        force_asked_at=stage.time,
    )
    run = stage.play(run)
    assert stage.cloud.asked("abort") == 0
    assert stage.cloud.asked("force_complete") == 0
    assert len(said(run, "it is left alone")) == 1
    assert stage.cloud.migrations(stage.server)[0].status == "completed"
    # it went where we were to take it, so all that is left to do is to look
    assert run.state == RunState.COMPLETED


@pytest.mark.django_db
def test_it_does_not_take_a_strangers_failure_for_its_own() -> None:
    stage = Stage()
    run = stage.start("live")
    stage.cloud.fail("live_migrate", Unreachable("It does not answer."))
    walk_until(stage, run, asked="migrate_live")
    stage.cloud.spoil(stage.server, "check", "Theirs was refused.")
    somebody_moves_it(stage)
    run = stage.play(run)
    assert run.state == RunState.COMPLETED
    assert said(run, "no record of the request")
    assert not said(run, "Theirs was refused")


# -- what Nova says of it, and since when ---------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("hours, told", [(-1, False), (1, True), (None, True)])
def test_it_repeats_no_fault_of_an_older_move(hours: int | None, told: bool) -> None:
    """Nova shows the last fault of an instance, from whichever request it is."""
    stage = Stage()
    stage.cloud.spoil(stage.server, "finish", "The disk is full.")
    run = stage.start("live")
    real, began = stage.cloud.server, stage.time

    def server(server_id: str) -> Server:
        at = None if hours is None else began + timedelta(hours=hours)
        return replace(real(server_id), fault_at=at)

    with mock.patch.object(stage.cloud, "server", server):
        run = stage.play(run)
    assert run.state == RunState.HELD
    assert ("Nova says: The disk is full." in run.why) == told
    assert "Its events say: The disk is full." in run.why
