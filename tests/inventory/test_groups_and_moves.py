"""The groups and the moves of Nova that a reading brings, and what a move needs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from migrations_app.integrations import interfaces
from migrations_app.models import (
    Cloud,
    Hypervisor,
    Instance,
    NovaMigration,
    ServerGroup,
)
from tests.inventory.cloud import Listing, at, server

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LATER = NOON + MINUTE
GROUP = interfaces.ServerGroup(
    "g1", "web", "anti-affinity", 1, ("id-of-web", "id-of-db")
)


def move(
    uuid: str, status: str, touched: datetime, **changes: Any
) -> interfaces.Migration:
    made = interfaces.Migration(
        id=7,
        uuid=uuid,
        server_id="id-of-web",
        type="live-migration",
        status=status,
        source="compute-30",
        target="compute-31",
        created_at=touched,
        updated_at=touched,
    )
    return replace(made, **changes)


def test_every_instance_names_its_group(cloud: Listing) -> None:
    cloud.all_groups = [GROUP]
    at(cloud, NOON)

    group = ServerGroup.objects.get()
    assert (group.uuid, group.policy, group.max_per_host) == ("g1", "anti-affinity", 1)
    assert set(Instance.objects.values_list("group", flat=True)) == {"g1"}


def test_a_group_that_is_gone_is_named_by_nobody(cloud: Listing) -> None:
    cloud.all_groups = [GROUP]
    at(cloud, NOON)
    cloud.all_groups = []
    at(cloud, NOON + 30 * MINUTE)
    assert ServerGroup.objects.exists()

    at(cloud, NOON + 61 * MINUTE)

    assert not ServerGroup.objects.exists()
    assert set(Instance.objects.values_list("group", flat=True)) == {""}


def test_what_changed_stays_in_its_group(cloud: Listing) -> None:
    cloud.all_groups = [GROUP]
    at(cloud, NOON)
    cloud.changed = [replace(cloud.listed[0], host="compute-31")]

    at(cloud, LATER)

    assert Instance.objects.get(name="web").group == "g1"
    assert cloud.groups_asked == 1


@pytest.mark.parametrize(("hints", "asked"), [(None, 2), ({"group": "g1"}, 1)])
def test_a_new_one_is_in_its_group_at_once(
    cloud: Listing, hints: dict[str, str] | None, asked: int
) -> None:
    cloud.all_groups = [GROUP]
    at(cloud, NOON)
    cloud.all_groups = [replace(GROUP, members=(*GROUP.members, "id-of-new"))]
    cloud.changed = [server("new", "compute-30", hints=hints)]

    at(cloud, LATER)

    assert Instance.objects.get(name="new").group == "g1"
    assert cloud.groups_asked == asked


def test_moves_are_known_while_they_last_and_for_a_day(cloud: Listing) -> None:
    cloud.all_moves = [move("m1", "running", NOON - timedelta(days=9))]
    at(cloud, NOON)
    assert NovaMigration.objects.get().status == "running"
    cloud.all_moves = [move("m1", "completed", LATER)]
    at(cloud, LATER)
    assert NovaMigration.objects.get().status == "completed"

    at(cloud, LATER + timedelta(hours=23))
    assert NovaMigration.objects.exists()
    at(cloud, LATER + timedelta(hours=25))
    assert not NovaMigration.objects.exists()


def test_a_move_that_is_not_listed_goes_only_if_a_host_of_it_was_seen(
    cloud: Listing,
) -> None:
    cloud.all_moves = [
        move("m1", "running", NOON),
        move("m2", "running", NOON, source="compute-40", target="compute-41"),
    ]
    at(cloud, NOON)
    cloud.all_moves = []
    Cloud.objects.filter(name=cloud.name).update(full_scan_asked=True)

    at(cloud, LATER)

    assert NovaMigration.objects.get().uuid == "m2"


def test_what_a_move_of_many_needs_is_in_the_rows(cloud: Listing) -> None:
    cloud.hosts[0] = replace(
        cloud.hosts[0], tenants=("p1",), counted={interfaces.MEMORY_MB: (16384, 1536)}
    )
    flavor = interfaces.Flavor("big", 2, 512, 5, ephemeral_gb=3, swap_mb=100)
    cloud.listed[0] = replace(
        cloud.listed[0], pinned_zone="OS1", flavor=flavor, image=None
    )

    at(cloud, NOON)

    web = Instance.objects.get(name="web")
    assert (web.pinned_zone, web.vm_state, web.flavor_disk) == ("OS1", "active", 8)
    assert web.resources == {"VCPU": 2, "MEMORY_MB": 512, "DISK_GB": 4}
    host = Hypervisor.objects.get(host="compute-30")
    assert (host.tenants, host.nova_memory, host.nova_memory_used) == (
        ["p1"],
        16384,
        1536,
    )
    assert (host.nova_vcpus, host.stock["VCPU"]["max_unit"]) == (None, 8)
