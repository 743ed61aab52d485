"""The main job on a real Nova, with workers that are killed around every call.

Nova's own instance actions are the witness that each call was made once.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from migrations_app.models import MigrationRequest
from migrations_app.runs.actions import abort, force_complete
from tests.integrations.adapters.clouds import LabPlace
from tests.processes.conftest import MakeSite
from tests.processes.site import (
    PATIENCE,
    Site,
    approved,
    over,
    person,
    run_of,
    until,
    work_and_expect_look,
)

pytestmark = [pytest.mark.lab, pytest.mark.django_db(transaction=True)]

ACTIONS = {"live-migration", "migrate", "confirmResize", "revertResize"}
SOURCE, TARGET = "compute-30", "compute-34"
LONG = 600  # seconds that a live migration lasts which is told to end


@pytest.fixture
def place(lab: dict[str, Any], tmp_path: Path, make_site: MakeSite) -> Iterator[Any]:
    place = LabPlace(Path(lab["clouds_yaml"]), tmp_path)
    try:
        yield place
    finally:
        place.close()


@pytest.fixture
def site(place: LabPlace, make_site: MakeSite) -> Site:
    return make_site(NOVAWEB_CLOUDS="lab", OS_CLIENT_CONFIG_FILE=str(place.clouds_yaml))


def asked(place: LabPlace, server: str) -> list[str]:
    actions = reversed(place.cloud.actions(server))
    return [action.name for action in actions if action.name in ACTIONS]


def expect_there(place: LabPlace, server: str, host: str) -> None:
    found = place.cloud.server(server)
    assert (found.status, found.host, found.task_state) == ("ACTIVE", host, None)
    assert set(place.cloud.allocations(server)) == {host}
    assert {port.host for port in place.cloud.ports(server)} == {host}


def expect_completed(request: MigrationRequest) -> None:
    assert (over(request).state, request.why) == ("completed", "")


CALLS = {"live": ["live-migration"], "cold": ["migrate", "confirmResize"]}


@pytest.mark.parametrize(
    "procedure, target",
    [
        pytest.param("live", TARGET, marks=pytest.mark.proves("live")),
        pytest.param("live", None, marks=pytest.mark.proves("live-scheduled")),
        pytest.param("cold", TARGET, marks=pytest.mark.proves("cold")),
        pytest.param("cold", None, marks=pytest.mark.proves("cold-scheduled")),
    ],
)
def test_it_moves_an_instance(
    site: Site, place: LabPlace, procedure: str, target: str | None
) -> None:
    server = place.boot(SOURCE)
    site.work()
    expect_completed(approved("lab", server, procedure, target))
    host = place.cloud.server(server).host
    assert host not in (None, SOURCE)
    expect_there(place, server, target or str(host))
    assert asked(place, server) == CALLS[procedure]


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize(
    "procedure, call, expected",
    [
        ("live", "live_migrate", ["live-migration"]),
        ("cold", "migrate", ["migrate", "confirmResize"]),
        # so it dies while the instance waits in VERIFY_RESIZE
        ("cold", "confirm", ["migrate", "confirmResize"]),
    ],
)
def test_it_goes_on_after_sigkill_around_a_call(
    site: Site,
    place: LabPlace,
    procedure: str,
    call: str,
    expected: list[str],
    moment: str,
) -> None:
    server = place.boot(SOURCE)
    worker = site.work("tests.processes.dying_worker", call, moment)
    request = approved("lab", server, procedure, TARGET)
    assert worker.wait(timeout=PATIENCE) == -signal.SIGKILL

    work_and_expect_look(site, request)
    expect_completed(request)
    expect_there(place, server, TARGET)
    assert asked(place, server) == expected


def migrating(place: LabPlace, server: str) -> bool:
    return any(m.status == "running" for m in place.cloud.migrations(server))


def test_it_goes_on_after_sigkill_while_nova_migrates(
    site: Site, place: LabPlace
) -> None:
    server = place.boot(SOURCE)
    worker = site.work()
    request = approved("lab", server, "live", TARGET)
    until(lambda: migrating(place, server), "the migration to run")
    worker.kill()
    worker.wait()
    work_and_expect_look(site, request)
    expect_completed(request)
    assert asked(place, server) == ["live-migration"]


def test_it_goes_on_when_redis_is_gone_in_mid_move(site: Site, place: LabPlace) -> None:
    server = place.boot(SOURCE)
    site.work()
    request = approved("lab", server, "live", TARGET)
    until(lambda: migrating(place, server), "the migration to run")
    site.lose_valkey()
    expect_completed(request)
    assert asked(place, server) == ["live-migration"]


@pytest.mark.proves("live")
def test_it_aborts_a_live_migration(site: Site, place: LabPlace) -> None:
    server = place.boot(SOURCE, live_seconds=LONG)
    site.work()
    request = approved("lab", server, "live", TARGET)
    until(lambda: migrating(place, server), "the migration to run")
    abort(run_of(request).pk, by=person("operator"), note="Changed our mind.")
    assert over(request).state == "rolled_back"
    assert "operator" in request.why
    expect_there(place, server, SOURCE)
    assert place.cloud.migrations(server)[0].status == "cancelled"


@pytest.mark.proves("live")
def test_it_forces_a_live_migration_to_complete(site: Site, place: LabPlace) -> None:
    server = place.boot(SOURCE, live_seconds=LONG)
    site.work()
    request = approved("lab", server, "live", TARGET)
    until(lambda: migrating(place, server), "the migration to run")
    force_complete(run_of(request).pk, by=person("operator"))
    expect_completed(request)
    expect_there(place, server, TARGET)
    names = [action.name for action in place.cloud.actions(server)]
    assert names.count("live_migration_force_complete") == 1
