"""The history of the capacity, and who uses what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from migrations_app.integrations import interfaces
from migrations_app.inventory.capacity import usage_by_project
from migrations_app.inventory.sync import sync
from migrations_app.models import Cloud, Snapshot
from tests.inventory.cloud import Listing, hypervisor, server, service, stock

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def cloud() -> Listing:
    return Listing(
        hosts=[hypervisor("compute-30"), hypervisor("compute-31")],
        computes=[service("compute-30"), service("compute-31")],
        listed=[
            server("a", "compute-30"),
            server("b", "compute-30"),
            server("c", "compute-30", project_id="p2"),
        ],
        tenants=[interfaces.Project("p1", "shop"), interfaces.Project("p2", "bank")],
    )


def test_a_reading_leaves_a_snapshot_of_every_host(cloud: Listing) -> None:
    assert sync("one", cloud.as_cloud(), now=NOON).snapshots == 2

    busy, idle = Snapshot.objects.order_by("host")
    assert (busy.host, busy.instances, idle.instances) == ("compute-30", 3, 0)
    assert (busy.vcpus_capacity, busy.vcpus_used) == (32, 2)
    assert (busy.memory_capacity, busy.memory_used) == (15872, 1024)
    assert (busy.disk_capacity, busy.disk_used, busy.at) == (100, 10, NOON)


def test_a_host_has_one_snapshot_in_five_minutes(cloud: Listing) -> None:
    for minutes in range(11):
        sync("one", cloud.as_cloud(), now=NOON + minutes * MINUTE)

    times = Snapshot.objects.filter(host="compute-30").values_list("at", flat=True)
    assert list(times) == [NOON, NOON + 5 * MINUTE, NOON + 10 * MINUTE]


def test_a_host_that_is_new_has_its_snapshot_at_once(cloud: Listing) -> None:
    sync("one", cloud.as_cloud(), now=NOON)
    cloud.hosts.append(hypervisor("compute-32"))

    assert sync("one", cloud.as_cloud(), now=NOON + MINUTE).snapshots == 1


def test_a_host_that_is_not_seen_has_no_snapshot(cloud: Listing) -> None:
    sync("one", cloud.as_cloud(), now=NOON)
    del cloud.hosts[0]

    sync("one", cloud.as_cloud(), now=NOON + 10 * MINUTE)

    late = Snapshot.objects.filter(at__gt=NOON)
    assert list(late.values_list("host", flat=True)) == ["compute-31"]


def test_a_host_of_several_nodes_has_one_snapshot_of_their_sums(
    cloud: Listing,
) -> None:
    more = {interfaces.MEMORY_MB: stock(1000, 7)}
    cloud.hosts = [
        hypervisor("compute-30"),
        hypervisor("compute-30", id="second-node", stock=more),
    ]
    sync("one", cloud.as_cloud(), now=NOON)

    row = Snapshot.objects.get()
    assert (row.memory_capacity, row.memory_used) == (16872, 1031)


def test_a_snapshot_counts_dedicated_cpus(cloud: Listing) -> None:
    cloud.hosts = [hypervisor("compute-30", stock={interfaces.PCPU: stock(32, 8)})]
    sync("one", cloud.as_cloud(), now=NOON)

    row = Snapshot.objects.get()
    assert (row.pcpus_capacity, row.pcpus_used) == (32, 8)
    assert (row.vcpus_capacity, row.vcpus_used) == (0, 0)


def test_it_says_which_project_uses_what_of_a_host(cloud: Listing) -> None:
    sync("one", cloud.as_cloud(), now=NOON)

    usage = usage_by_project(Cloud.objects.get(), "compute-30")

    assert [
        (row["project_name"], row["instances"], row["vcpus"], row["memory"])
        for row in usage
    ] == [("shop", 2, 2, 1024), ("bank", 1, 1, 512)]
