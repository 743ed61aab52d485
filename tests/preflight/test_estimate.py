from __future__ import annotations

from dataclasses import replace

import pytest

from migrations_app.integrations.interfaces import Server
from migrations_app.preflight.estimate import estimate
from migrations_app.preflight.rule import COLD, LIVE
from tests.preflight.build import FLAVOR, server

BIG = server(flavor=replace(FLAVOR, ram_mb=65536, disk_gb=100))
FROM_VOLUME = replace(BIG, image=None)


def test_it_takes_longer_over_a_slower_network() -> None:
    fast, slow = (estimate(BIG, LIVE, speed=speed) for speed in (10_000, 1_000))
    assert slow.duration[0] > fast.duration[0]
    assert slow.duration[1] > fast.duration[1]


def test_it_counts_the_disk_only_where_it_is_local() -> None:
    with_disk, without = estimate(BIG, LIVE), estimate(FROM_VOLUME, LIVE)
    assert with_disk.duration[0] == without.duration[0]
    # 100 GiB at 1,000 Mbit/s
    assert with_disk.duration[1] - without.duration[1] == 859


@pytest.mark.parametrize("instance", [BIG, FROM_VOLUME, server()])
@pytest.mark.parametrize("procedure", [LIVE, COLD])
def test_its_least_is_not_more_than_its_most(instance: Server, procedure: str) -> None:
    found = estimate(instance, procedure)
    assert 0 < found.duration[0] <= found.duration[1]
    assert 0 <= found.downtime[0] <= found.downtime[1] <= found.duration[1]


def test_a_live_move_costs_seconds_and_a_cold_one_the_copying() -> None:
    live, cold = estimate(BIG, LIVE), estimate(BIG, COLD)
    assert live.downtime[1] <= 2
    assert cold.downtime[1] > 859
    assert "up to 2 s" in live.words
    assert "min" in cold.words


def test_a_stopped_guest_is_off_already() -> None:
    found = estimate(replace(BIG, vm_state="stopped"), COLD)
    assert found.downtime == (0, 0)
    assert "off already" in found.words


def test_it_speaks_of_hours_where_it_takes_hours() -> None:
    huge = server(flavor=replace(FLAVOR, ram_mb=1024 * 1024, disk_gb=4000))
    assert " h" in estimate(huge, LIVE).words
