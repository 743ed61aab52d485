"""What a run left disabled is enabled by whoever comes next; nothing else is."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from migrations_app import jobs
from migrations_app.errors import Conflict, Refused, Unreachable
from migrations_app.integrations import connect
from migrations_app.models import AuditEntry, Cloud, Run
from migrations_app.models.states import RequestState, RunState
from migrations_app.requests import actions as request_actions
from migrations_app.requests import start as request_start
from migrations_app.runs import actions as run_actions
from migrations_app.runs import reenable_hosts
from tests.cast import Cast, cast
from tests.crowd import Crowd

__all__ = ["cast"]

pytestmark = pytest.mark.django_db
TURNED_AWAY = Refused("Nova does not let our account do this.")
OTHERS = set(Crowd.others)


@pytest.fixture
def stage(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Crowd:
    """A pretend cloud with many hosts; its clock is everybody's."""
    settings.NOVAWEB_LEASE = 600.0
    made = Crowd()
    monkeypatch.setattr(connect, "_cloud", lambda name: made.cloud)
    monkeypatch.setattr(timezone, "now", made.clock)
    return made


def restore(stage: Crowd) -> list[str]:
    return reenable_hosts.restore("pretend", stage.cloud, now=stage.time)


def held(stage: Crowd) -> Run:
    """Return a run that is held with the hosts disabled."""
    stage.cloud.fail("migrate", TURNED_AWAY)
    run = stage.play(stage.begin())
    assert run.state == RunState.HELD
    assert stage.disabled() == OTHERS
    return run


def in_its_window(stage: Crowd) -> Run:
    """Return a run that waits with the hosts disabled."""
    stage.cloud.set(trait_seconds=10**6)
    run = stage.begin()
    stage.until(run, lambda: stage.disabled() == OTHERS)
    return run


def test_a_held_run_keeps_no_host_disabled(stage: Crowd) -> None:
    run = held(stage)
    assert set(restore(stage)) == OTHERS
    assert stage.services() == stage.before
    line = run.lines.last()
    assert line is not None
    assert line.text.endswith(
        "are still disabled although its run is held and no longer needs that:"
        " enabling."
    )
    entry = AuditEntry.objects.get(verb="run.restored")
    assert (entry.run_number, entry.actor_name) == (run.pk, "novaweb")
    assert "compute-31, compute-32, compute-33" in entry.note


def test_a_run_closed_by_hand_keeps_no_host_disabled(stage: Crowd, cast: Cast) -> None:
    run = held(stage)
    run_actions.close(run.pk, by=cast.operator, note="Nobody wants it any more.")
    assert set(restore(stage)) == OTHERS
    assert stage.services() == stage.before


def test_a_run_in_its_window_is_left_alone(stage: Crowd) -> None:
    run = in_its_window(stage)
    assert restore(stage) == []
    assert stage.disabled() == OTHERS
    assert not AuditEntry.objects.filter(verb="run.restored").exists()
    stage.cloud.set(trait_seconds=0)
    assert stage.play(run).state == RunState.COMPLETED
    assert stage.services() == stage.before


def test_a_run_that_nobody_walks_loses_its_right_in_time(stage: Crowd) -> None:
    run = in_its_window(stage)
    stage.later(minutes=9, seconds=5)  # five, and two for each step, and the hosts
    assert set(restore(stage)) == OTHERS
    assert "was to have it so for 9 minutes at most" in run.lines.last().text  # type: ignore[union-attr]
    # when somebody walks it after all, it does not ask Nova to choose among all hosts
    run = stage.play(run)
    assert run.state == RunState.ROLLED_BACK
    assert stage.asked("migrate") == []
    assert stage.services() == stage.before


def test_what_arrives_late_is_undone(stage: Crowd) -> None:
    """A request to disable that a dead worker made reaches Nova after the end."""
    run = stage.play(stage.begin())
    assert run.state == RunState.COMPLETED
    reason = f"novaweb:{run.request.token} was enabled; disabled for some seconds"
    stage.disable("compute-31", reason)
    assert restore(stage) == ["compute-31"]
    assert stage.services() == stage.before


@pytest.mark.parametrize(
    "reason",
    [
        "Migrations only",
        "AUTO: Connection to libvirt lost: 1",
        "novaweb",
        "novaweb:0badcafe was enabled; disabled for some seconds by request 7",
        "see novaweb:{token} was enabled;",
    ],
)
def test_what_others_disabled_stays_disabled(stage: Crowd, reason: str) -> None:
    run = held(stage)
    said = reason.format(token=run.request.token)
    stage.disable("compute-31", said)
    assert set(restore(stage)) == {"compute-32", "compute-33"}
    assert stage.services()["compute-31"] == (False, said, False)


def test_a_request_of_another_cloud_has_no_say(stage: Crowd) -> None:
    held(stage)
    Cloud.objects.filter(name="pretend").update(name="elsewhere")
    assert restore(stage) == []


def test_one_host_in_trouble_keeps_no_other_disabled(stage: Crowd) -> None:
    held(stage)
    stage.cloud.fail("set_service", Unreachable("compute-31 takes its time."))
    with pytest.raises(Unreachable, match="takes its time"):
        restore(stage)
    assert stage.disabled() == {"compute-31"}
    assert restore(stage) == ["compute-31"]
    assert stage.services() == stage.before


def test_what_fails_again_and_again_is_said_once(stage: Crowd) -> None:
    held(stage)
    for _ in range(5):
        stage.cloud.fail("set_service", Unreachable("No."), times=3)
        with pytest.raises(Unreachable):
            restore(stage)
    assert AuditEntry.objects.filter(verb="run.restored").count() == 1


# -- when it is done -------------------------------------------------------------------


def test_a_cloud_is_looked_at_by_one_process_a_minute(stage: Crowd) -> None:
    stage.play(stage.begin())
    assert reenable_hosts.due_clouds(stage.time) == ["pretend"]
    assert reenable_hosts.due_clouds(stage.time) == []
    stage.later(seconds=59)
    assert reenable_hosts.due_clouds(stage.time) == []
    stage.later(seconds=2)
    assert reenable_hosts.due_clouds(stage.time) == ["pretend"]


def test_a_cloud_whose_hosts_are_disabled_is_looked_at_sooner(stage: Crowd) -> None:
    in_its_window(stage)
    assert reenable_hosts.due_clouds(stage.time) == ["pretend"]
    stage.later(seconds=11)
    assert reenable_hosts.due_clouds(stage.time) == ["pretend"]


def test_a_cloud_that_never_disables_hosts_is_never_asked(stage: Crowd) -> None:
    stage.play(stage.start("cold"))
    before = sum(stage.cloud.calls.values())
    assert reenable_hosts.due_clouds(stage.time) == []
    assert jobs.restore_due() == []
    assert sum(stage.cloud.calls.values()) == before


def test_the_workers_watch_enables_what_is_due(stage: Crowd) -> None:
    held(stage)
    stage.cloud.down()
    assert jobs.restore_due() == []
    stage.cloud.down(down=False)
    stage.later(seconds=61)
    assert set(jobs.restore_due()) == OTHERS
    assert stage.services() == stage.before


def test_the_command_says_what_it_did_and_what_is_not_ours(
    stage: Crowd, settings: Any
) -> None:
    settings.NOVAWEB_CLOUDS = ["pretend"]
    held(stage)
    theirs = "novaweb:0badcafe was enabled; disabled for some seconds"
    stage.disable("compute-33", theirs)
    out = StringIO()
    call_command("enable_hosts", stdout=out)
    assert "pretend: enabled: compute-31, compute-32" in out.getvalue()
    assert f"compute-33 is not ours: “{theirs}”" in out.getvalue()
    assert stage.disabled() == {"compute-33"}


def test_the_command_fails_when_a_cloud_does_not_answer(
    stage: Crowd, settings: Any
) -> None:
    settings.NOVAWEB_CLOUDS = ["pretend"]
    stage.cloud.down()
    with pytest.raises(CommandError, match="pretend: Cloud pretend does not answer"):
        call_command("enable_hosts")


# -- others wait for it ----------------------------------------------------------------


def test_no_other_move_is_judged_while_hosts_are_disabled(
    stage: Crowd, cast: Cast
) -> None:
    other = stage.cloud.create("db", host=stage.source)
    asked = cast.ask(stage, instance=other, target="compute-31")
    late = cast.approved(
        stage, instance=stage.cloud.create("mail", host=stage.source), target=None
    )
    run = in_its_window(stage)

    with pytest.raises(Conflict, match=f"Request {run.request_id} has other hosts"):
        cast.approve(asked)
    assert request_start.start_due(stage.time + timedelta(seconds=1)) == 0
    late.refresh_from_db()
    assert late.state == RequestState.APPROVED
    assert f"Request {run.request_id} has other hosts" in late.why

    stage.cloud.set(trait_seconds=0)
    stage.play(run)
    assert cast.approve(asked).edition == 1
    stage.later(seconds=10)
    assert request_start.start_due(stage.time) == 2


def test_two_moves_do_not_disable_hosts_at_once(stage: Crowd, cast: Cast) -> None:
    other = stage.cloud.create("db", host=stage.source)
    asked = request_actions.ask(
        by=cast.requester,
        instance=other,
        procedure="cold_by_disabling",
        target=stage.target,
        reason="because",
    )
    cast.approve(asked)
    assert cast.approve(asked, by=cast.second).state == RequestState.APPROVED
    run = in_its_window(stage)
    assert request_start.start_due(stage.time) == 0
    stage.cloud.set(trait_seconds=0)
    stage.play(run)
    stage.later(seconds=10)
    assert request_start.start_due(stage.time) == 1
    second = stage.play(Run.objects.get(request=asked))
    assert (second.state, second.why) == (RunState.COMPLETED, "")
    assert stage.services() == stage.before
