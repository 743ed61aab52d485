"""Why a real Nova gave a live migration to a chosen host up, out of its own events."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from migrations_app.errors import Blocked
from migrations_app.integrations.interfaces import Migration, Move, World
from migrations_app.procedures.base import StepContext
from migrations_app.procedures.live import ACTION
from migrations_app.procedures.steps import request_trace
from tests.integrations.adapters.clouds import LabPlace

pytestmark = [pytest.mark.lab, pytest.mark.proves("calls")]

SOURCE, TARGET = "compute-30", "compute-34"
NOVA = "nova-compute"


@pytest.fixture
def place(
    lab: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[LabPlace]:
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(tmp_path / "clouds.yaml"))
    made = LabPlace(Path(lab["clouds_yaml"]), tmp_path)
    try:
        yield made
    finally:
        made.close()


def looking(place: LabPlace, server: str, mark: str) -> StepContext:
    """What a step of a run that began at the mark is given."""
    move = Move(server, "contract", SOURCE, TARGET)
    world, now = World(place.cloud), datetime.now(UTC)
    return StepContext(move, world, mark, now, lambda _: None, lambda _: None, {}, mark)


# a host that others move theirs to is disabled meanwhile
@pytest.mark.alone
def test_it_gives_novas_own_reason_for_a_target_that_became_unfit(
    place: LabPlace,
) -> None:
    server = place.boot(SOURCE)
    mark = request_trace.request_marker(looking(place, server, ""))
    service = next(
        each.id
        for each in place.cloud.services()
        if (each.host, each.binary) == (TARGET, NOVA)
    )
    # as when somebody disables it between our last look and Nova's
    place.cloud.set_service(service, enabled=False, reason="for one test")
    try:
        place.cloud.live_migrate(server, host=TARGET)

        def failed() -> list[Migration]:
            records = place.cloud.migrations(server)
            done = [each for each in records if each.status in request_trace.FAILED]
            return done if place.cloud.server(server).idle else []

        place.until(failed)
    finally:
        place.cloud.set_service(service, enabled=True)
    with pytest.raises(
        Blocked, match=r"Nova aborted the move: No valid host was found"
    ):
        request_trace.request_seen(looking(place, server, mark), ACTION)
    assert place.cloud.server(server).host == SOURCE


def test_it_knows_its_own_live_migration_from_a_strangers(place: LabPlace) -> None:
    server = place.boot(SOURCE)
    before = request_trace.request_marker(looking(place, server, ""))
    place.cloud.live_migrate(server, host=TARGET)

    def record() -> Migration | None:
        return request_trace.running_migration(
            looking(place, server, before), ACTION, ACTION
        )[0]

    place.until(record)
    assert request_trace.running_migration(
        looking(place, server, before), ACTION, ACTION
    )[1]
    after = request_trace.request_marker(looking(place, server, ""))
    found, ours = request_trace.running_migration(
        looking(place, server, after), ACTION, ACTION
    )
    assert found is None or not ours, "it began before the mark"
    place.until(lambda: place.cloud.server(server).idle)
