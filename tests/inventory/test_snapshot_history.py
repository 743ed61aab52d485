"""The history of the capacity: five minutes for a day, hours, days."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from migrations_app.inventory.snapshot_history import DAILY, FINE, HOURLY, roll_up
from migrations_app.models import Cloud, Snapshot

pytestmark = pytest.mark.django_db

# the night in which the clocks of Europe go on by an hour
NIGHT = datetime(2026, 3, 29, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def cloud() -> Cloud:
    return Cloud.objects.create(name="one")


def take(cloud: Cloud, at: datetime, used: int, *, host: str = "compute-30") -> None:
    Snapshot.objects.create(
        cloud=cloud,
        host=host,
        at=at,
        instances=used,
        vcpus_capacity=100,
        vcpus_used=used,
        memory_capacity=1000,
        memory_used=10 * used,
        disk_capacity=100,
        disk_used=0,
    )


def used(grain: int) -> dict[datetime, int]:
    rows = Snapshot.objects.filter(grain=grain, host="compute-30")
    return dict(rows.values_list("at", "vcpus_used"))


def test_an_hour_that_is_over_has_the_highest_of_each_figure(cloud: Cloud) -> None:
    for minute, figure in ((0, 3), (20, 9), (55, 4), (65, 70)):
        take(cloud, NIGHT + timedelta(minutes=minute), figure)
    take(cloud, NIGHT, 5, host="compute-31")

    roll_up(cloud, now=NIGHT + timedelta(minutes=70))

    assert used(HOURLY) == {NIGHT: 9}
    other = Snapshot.objects.get(grain=HOURLY, host="compute-31")
    assert (other.at, other.vcpus_used, other.memory_used) == (NIGHT, 5, 50)


def test_it_may_be_said_again_at_any_time(cloud: Cloud) -> None:
    take(cloud, NIGHT, 3)
    for minutes in (60, 61, 125):
        roll_up(cloud, now=NIGHT + timedelta(minutes=minutes))

    assert used(HOURLY) == {NIGHT: 3}


def test_a_day_has_all_of_its_hours_whatever_the_clocks_on_the_wall_do(
    cloud: Cloud,
) -> None:
    for hour in range(50):
        take(cloud, NIGHT + hour * HOUR, hour)
        roll_up(cloud, now=NIGHT + hour * HOUR)

    assert used(DAILY) == {NIGHT: 23, NIGHT + DAY: 47}
    assert len(used(HOURLY)) == 49


def test_each_grain_is_kept_for_its_own_time(cloud: Cloud, settings: Any) -> None:
    settings.NOVAWEB_SNAPSHOT_FINE_DAYS = 1
    settings.NOVAWEB_SNAPSHOT_HOURLY_DAYS = 2
    settings.NOVAWEB_SNAPSHOT_DAYS = 4
    for hour in range(6 * 24):
        take(cloud, NIGHT + hour * HOUR, hour)
        roll_up(cloud, now=NIGHT + hour * HOUR)
    now = NIGHT + (6 * 24 - 1) * HOUR

    assert min(used(FINE)) == now - DAY
    assert min(used(HOURLY)) == now - 2 * DAY
    assert min(used(DAILY)) == NIGHT + 2 * DAY


def test_hours_that_no_worker_saw_are_summed_up_later_and_lost_never(
    cloud: Cloud, settings: Any
) -> None:
    settings.NOVAWEB_SNAPSHOT_FINE_DAYS = 1
    for hour in range(100):
        take(cloud, NIGHT + hour * HOUR, hour)

    readings = 0
    while len(used(HOURLY)) < 100 and readings < 5:
        roll_up(cloud, now=NIGHT + 10 * DAY)
        readings += 1

    assert used(HOURLY) == {NIGHT + hour * HOUR: hour for hour in range(100)}
    assert used(DAILY) == {
        NIGHT: 23,
        NIGHT + DAY: 47,
        NIGHT + 2 * DAY: 71,
        NIGHT + 3 * DAY: 95,
        NIGHT + 4 * DAY: 99,
    }
    assert used(FINE) == {}


def test_clouds_are_summed_up_apart(cloud: Cloud) -> None:
    other = Cloud.objects.create(name="two")
    take(cloud, NIGHT, 3)
    take(other, NIGHT, 8)

    roll_up(cloud, now=NIGHT + HOUR)

    assert used(HOURLY) == {NIGHT: 3}
