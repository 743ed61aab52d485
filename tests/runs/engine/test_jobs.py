"""What a worker does when the bell rings."""

from __future__ import annotations

from typing import Any

import pytest

from migrations_app import jobs
from migrations_app.errors import Unfit, Unreachable
from migrations_app.integrations import connect
from migrations_app.integrations.interfaces import World
from migrations_app.inventory import sync as inventory_sync
from migrations_app.models import Cloud, MigrationRequest, Run
from migrations_app.models.states import RunState
from tests.cast import Cast, expect_rest
from tests.stage import Stage

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def one_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test has not committed would be gone with its connection."""
    monkeypatch.setattr(jobs, "close_old_connections", lambda: None)


def ring_until_rest(stage: Stage, run: Run) -> Run:
    for _ in range(200):
        run.refresh_from_db()
        if run.state not in (RunState.RUNNING, RunState.GOING_BACK):
            return run
        stage.later(seconds=1)
        jobs.walk_due()
    raise AssertionError(f"no rest: {run.state} {run.why}")


def test_one_ring_after_the_other_does_the_move(stage: Stage, cast: Cast) -> None:
    request = cast.approved(stage)
    jobs.walk_due()
    request.refresh_from_db()
    assert request.state == "running"
    run = ring_until_rest(stage, request.run)
    expect_rest(run, RunState.COMPLETED)
    assert stage.host == stage.target


def test_it_starts_many_and_walks_them_all(
    stage: Stage, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "SPELL", 600.0)
    for number in range(12):
        server = stage.cloud.create(f"web-{number}", host=stage.source)
        cast.approved(stage, instance=server)
    jobs.walk_due()
    assert Run.objects.count() == 12
    assert not Run.objects.filter(looked_at=None).exists()


def test_a_run_whose_cloud_cannot_be_had_is_held_and_harms_no_other(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = stage.start("live")
    stage.server = stage.cloud.create("other", host=stage.source)
    other = stage.start("live")
    lost = Cloud.objects.create(name="lost")
    MigrationRequest.objects.filter(pk=broken.request_id).update(cloud=lost)

    def world_of(name: str) -> World:
        if name == "lost":
            raise ValueError("no such cloud in clouds.yaml")
        return stage.world

    monkeypatch.setattr(connect, "world_of", world_of)
    jobs.walk_due()
    expect_rest(broken, RunState.HELD, "an internal error (ValueError)")
    other.refresh_from_db()
    assert other.looked_at is not None


@pytest.mark.parametrize("trouble", [Unreachable("Nova rests."), Unfit("What?")])
def test_a_run_is_over_also_when_its_instance_cannot_be_read_anew(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    run = stage.start("live")

    def refresh(*args: Any, **kwargs: Any) -> None:
        raise trouble

    monkeypatch.setattr(inventory_sync, "refresh_instance", refresh)
    expect_rest(ring_until_rest(stage, run), RunState.COMPLETED)
