"""Nova's record of a move is over and the instance hangs, staged in Nova's database.

The worker dies when it has asked, Nova ends the move, and its database is given the
state that a nova-compute leaves which dies at the wrong moment.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymysql
import pytest

from tests.integrations.adapters.clouds import LabPlace
from tests.processes.conftest import MakeSite
from tests.processes.site import PATIENCE, Site, approved, over, until

pytestmark = [pytest.mark.lab, pytest.mark.django_db(transaction=True)]
SOURCE, TARGET = "compute-30", "compute-34"
SOON = 150.0  # seconds: a minute is waited, and the machine may be busy


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


def write(lab: dict[str, Any], server: str, *, record: str, **columns: Any) -> None:
    """Give the instance's row these columns, and its newest record this status."""
    access = {name: lab["mysql"][name] for name in ("host", "port", "user", "password")}
    sets = ", ".join(f"{name} = %s" for name in columns)
    ours = pymysql.connect(**access, database="nova", autocommit=True)
    with ours as connection, connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE instances SET {sets} WHERE uuid = %s",  # noqa: S608 - columns' names
            (*columns.values(), server),
        )
        cursor.execute(
            "UPDATE migrations SET status = %s WHERE instance_uuid = %s"
            " ORDER BY id DESC LIMIT 1",
            (record, server),
        )


def begun(
    site: Site, place: LabPlace, procedure: str, *, ends: str
) -> tuple[str, Any, dict[str, Any]]:
    """Have Nova end a move that a dead worker asked for.

    Return the instance, the request, and what the row said before.
    """
    server = place.boot(SOURCE)
    before = place.cloud.server(server)
    call = {"live": "live_migrate", "cold": "migrate"}[procedure]
    worker = site.work("tests.processes.dying_worker", call, "after")
    request = approved("lab", server, procedure, TARGET)
    assert worker.wait(timeout=PATIENCE) == -signal.SIGKILL

    def ended() -> bool:
        records = place.cloud.migrations(server)
        idle = place.cloud.server(server).idle
        return idle and bool(records) and records[0].status == ends

    until(ended, "Nova to end the move")
    return server, request, {"host": before.host, "node": before.node}


def test_a_live_migration_that_hangs_is_held(
    lab: dict[str, Any], site: Site, place: LabPlace
) -> None:
    server, request, row = begun(site, place, "live", ends="completed")
    write(lab, server, record="completed", task_state="migrating", **row)
    began = time.monotonic()
    site.work()
    request = over(request)
    assert time.monotonic() - began < SOON
    assert request.state == "held"
    assert "says “completed”" in request.why
    assert f"still MIGRATING on {SOURCE}" in request.why
    assert f"virsh list --all” on {SOURCE} and {TARGET}" in request.why
    asked = [action.name for action in place.cloud.actions(server)]
    assert asked[0] == "live-migration", "nothing was asked of Nova any more"


def test_a_cold_migration_that_hangs_is_held(
    lab: dict[str, Any], site: Site, place: LabPlace
) -> None:
    server, request, row = begun(site, place, "cold", ends="finished")
    hangs = {"vm_state": "active", "task_state": "resize_migrating", **row}
    write(lab, server, record="finished", **hangs)
    began = time.monotonic()
    site.work()
    request = over(request)
    assert time.monotonic() - began < SOON
    assert request.state == "held"
    assert "says “finished”" in request.why
    assert f"still RESIZE on {SOURCE}" in request.why
    asked = [action.name for action in place.cloud.actions(server)]
    assert asked[0] == "migrate", "nothing was asked of Nova any more"


def test_a_migration_that_failed_is_not_confirmed(
    lab: dict[str, Any], site: Site, place: LabPlace
) -> None:
    server, request, _ = begun(site, place, "cold", ends="finished")
    write(lab, server, record="error", task_state=None)
    site.work()
    request = over(request)
    assert request.state == "held"
    assert "says “error”" in request.why
    assert f"still VERIFY_RESIZE on {TARGET}" in request.why
    asked = [action.name for action in place.cloud.actions(server)]
    assert asked[0] == "migrate", "it was neither confirmed nor reverted"
