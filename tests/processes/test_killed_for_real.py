"""Workers that are really killed, on a cloud that takes real time."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Literal

import pytest

from migrations_app.models import MigrationRequest
from pretend import PretendCloud
from tests.processes.conftest import MakeSite
from tests.processes.site import (
    PATIENCE,
    Site,
    approved,
    over,
    until,
    work_and_expect_look,
)

pytestmark = pytest.mark.django_db(transaction=True)

ACTIONS = {"live-migration", "migrate", "confirmResize", "revertResize"}


@pytest.fixture
def cloud(tmp_path: Path) -> PretendCloud:
    cloud = PretendCloud("pretend", tmp_path / "pretend.sqlite3")
    cloud.set(live_seconds=4, cold_seconds=2, pause=0.1)
    cloud.add_host("compute-30", zone="OS1")
    cloud.add_host("compute-34", zone="OS1")
    return cloud


@pytest.fixture
def site(make_site: MakeSite, cloud: PretendCloud, tmp_path: Path) -> Site:
    return make_site(
        NOVAWEB_CLOUDS="pretend",
        NOVAWEB_PRETEND_FILE=str(tmp_path / "pretend.sqlite3"),
    )


def asked(cloud: PretendCloud, server: str) -> list[str]:
    return [a.name for a in reversed(cloud.actions(server)) if a.name in ACTIONS]


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize(
    "procedure, call, expected",
    [
        ("live", "live_migrate", ["live-migration"]),
        ("cold", "migrate", ["migrate", "confirmResize"]),
        ("cold", "confirm", ["migrate", "confirmResize"]),
    ],
)
def test_it_goes_on_after_sigkill_around_a_request(
    site: Site,
    cloud: PretendCloud,
    procedure: str,
    call: str,
    expected: list[str],
    moment: Literal["before", "after"],
) -> None:
    server = cloud.create("web", host="compute-30")
    cloud.die(call, moment, hard=True)
    worker = site.work()
    request = approved("pretend", server, procedure, "compute-34")
    assert worker.wait(timeout=PATIENCE) == -signal.SIGKILL

    work_and_expect_look(site, request)
    assert over(request).state == "completed"
    assert asked(cloud, server) == expected
    assert cloud.server(server).host == "compute-34"


def test_it_goes_on_when_redis_and_all_it_knew_is_gone(
    site: Site, cloud: PretendCloud
) -> None:
    server = cloud.create("web", host="compute-30")
    site.work()
    request = approved("pretend", server, "live", "compute-34")
    until(lambda: asked(cloud, server), "the migration to be asked for")
    site.lose_valkey()
    assert over(request).state == "completed"
    assert asked(cloud, server) == ["live-migration"]

    site.valkey.start()
    again = cloud.create("web-2", host="compute-30")
    request = approved("pretend", again, "cold", "compute-34")
    assert over(request).state == "completed"
    assert site.workers[0].poll() is None, "the worker lived through it"


def test_it_stops_within_seconds_when_told_so(site: Site) -> None:
    worker = site.work()
    worker.terminate()
    assert worker.wait(timeout=PATIENCE) == 0


def test_two_workers_share_the_work_without_doing_anything_twice(
    site: Site, cloud: PretendCloud
) -> None:
    cloud.set(max_concurrent_live_migrations=20)
    servers = [cloud.create(f"web-{n}", host="compute-30") for n in range(12)]
    site.work()
    site.work()
    moves = [approved("pretend", s, "live", "compute-34") for s in servers]
    assert {over(move).state for move in moves} == {"completed"}
    for server in servers:
        assert asked(cloud, server) == ["live-migration"]
    assert MigrationRequest.objects.filter(open_instance__isnull=False).count() == 0
