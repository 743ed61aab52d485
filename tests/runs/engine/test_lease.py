"""The lease: one process walks a run, and one that lost it writes nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from migrations_app.errors import LostLease
from migrations_app.models import AuditEntry, Line, MigrationRequest, Run, Step
from migrations_app.models.states import RunState
from migrations_app.runs.engine import lease_heartbeat
from migrations_app.runs.engine.lease import RunLease, due_runs, lease_span
from tests.stage import Stage

pytestmark = pytest.mark.django_db
TABLES: list[Any] = [MigrationRequest, Run, Step, Line, AuditEntry]


def everything() -> list[list[dict[str, Any]]]:
    """Return all that was ever written about runs."""
    return [list(model.objects.order_by("pk").values()) for model in TABLES]


def test_only_one_of_two_gets_a_run(stage: Stage) -> None:
    run = stage.start("live")
    first, second = RunLease(run.pk, stage.clock), RunLease(run.pk, stage.clock)
    assert first.claim()
    assert not second.claim()
    with pytest.raises(LostLease):
        second.write(why="mine")
    run.refresh_from_db()
    assert (run.lease, run.why) == (first.token, "")
    assert run.looked_at == stage.time


def test_a_run_that_is_not_due_is_nobody_s(stage: Stage) -> None:
    run = stage.start("live")
    Run.objects.update(look_again_at=stage.time + timedelta(seconds=1))
    assert not RunLease(run.pk, stage.clock).claim()
    stage.later(seconds=1)
    assert RunLease(run.pk, stage.clock).claim()


@pytest.mark.parametrize("state", ["held", "completed", "rolled_back", "closed"])
def test_a_run_at_rest_is_nobody_s(stage: Stage, state: str) -> None:
    run = stage.start("live")
    Run.objects.update(state=state)
    assert not RunLease(run.pk, stage.clock).claim()
    assert not due_runs(stage.time).exists()


def test_a_run_is_taken_over_when_its_lease_has_lapsed(stage: Stage) -> None:
    run = stage.start("live")
    dead, living = RunLease(run.pk, stage.clock), RunLease(run.pk, stage.clock)
    assert dead.claim()
    stage.time += lease_span()
    assert not living.claim(), "it is believed to the last moment"
    stage.later(milliseconds=1)
    assert living.claim()
    with pytest.raises(LostLease):
        dead.write()


def test_every_write_renews_it(stage: Stage) -> None:
    run = stage.start("live")
    lease = RunLease(run.pk, stage.clock)
    lease.claim()
    stage.later(seconds=100)
    lease.write(why="busy")
    run.refresh_from_db()
    assert run.lease_until == stage.time + lease_span()


def test_it_is_given_back_until_later(stage: Stage) -> None:
    run = stage.start("live")
    lease = RunLease(run.pk, stage.clock)
    lease.claim()
    lease.release(look_again_at=stage.time + timedelta(seconds=3))
    run.refresh_from_db()
    assert (run.lease, run.lease_until) == ("", None)
    with pytest.raises(LostLease):
        lease.write(why="once more")
    assert not RunLease(run.pk, stage.clock).claim()


def test_those_that_wait_longest_come_first(stage: Stage) -> None:
    runs = []
    for number in range(3):
        stage.server = stage.cloud.create(f"web-{number}", host=stage.source)
        runs.append(stage.start("live"))
        waits = stage.time - timedelta(seconds=number)
        Run.objects.filter(pk=runs[-1].pk).update(look_again_at=waits)
    assert list(due_runs(stage.time)) == runs[::-1]


# -- a worker that is slower than its lease ------------------------------------------


def overtaken_at(stage: Stage, call: str, run: Run) -> list[Any]:
    """Have a worker sleep through its lease in that call, while others go on.

    Returns a list that will hold all rows as the others left them.
    """
    real: Callable[..., Any] = getattr(stage.cloud, call)
    left: list[Any] = []

    def sleepy(*args: Any, **kwargs: Any) -> Any:
        setattr(stage.cloud, call, real)
        stage.time += lease_span() + timedelta(seconds=1)
        stage.play(run)
        left.extend(everything())
        return real(*args, **kwargs)

    setattr(stage.cloud, call, sleepy)
    return left


@pytest.mark.parametrize(
    "procedure, call",
    [
        ("live", "server"),
        ("live", "services"),
        ("live", "actions"),
        ("live", "live_migrate"),
        ("live", "ports"),
        ("live", "allocations"),
        ("cold", "migrate"),
        ("cold", "confirm"),
    ],
)
def test_a_worker_that_lost_its_lease_writes_nothing(
    stage: Stage, procedure: str, call: str
) -> None:
    run = stage.start(procedure)
    left = overtaken_at(stage, call, run)
    for _ in range(200):
        stage.later(seconds=1)
        stage.walk(run)
        if left:
            break
    assert left, "it was never overtaken"
    assert everything() == left
    run.refresh_from_db()
    assert run.state == RunState.COMPLETED
    # what it still asked of Nova came to nothing there
    stage.later(minutes=1)
    assert stage.cloud.server(stage.server).status == "ACTIVE"
    assert stage.host == stage.target


# -- the heart -------------------------------------------------------------------------


def test_the_heart_renews_what_is_ours_and_only_that(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease_heartbeat, "close_old_connections", lambda: None)
    run = stage.start("live")
    lease, lost = RunLease(run.pk, stage.clock), RunLease(run.pk, stage.clock)
    lease.claim()
    stage.later(seconds=100)
    before = Run.objects.get().lease_until
    lease_heartbeat._renew([lost])
    assert Run.objects.get().lease_until == before
    lease_heartbeat._renew([lost, lease])
    assert Run.objects.get().lease_until == stage.time + lease_span()


def test_the_heart_beats_while_a_run_is_walked(
    stage: Stage, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.NOVAWEB_LEASE = 0.03
    lease = RunLease(1, stage.clock)
    beaten = threading.Event()

    def renew(held: list[RunLease]) -> None:
        if lease in held:
            beaten.set()

    monkeypatch.setattr(lease_heartbeat, "_renew", renew)
    # another test's heart may be amid a long beat: this one is made anew
    monkeypatch.setattr(lease_heartbeat, "_thread", None)
    with lease_heartbeat.kept_alive(lease):
        assert beaten.wait(10)
    assert lease.token not in lease_heartbeat._leases
