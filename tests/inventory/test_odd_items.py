"""One host, instance or record that is odd, or cannot be stored, hides no other one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from migrations_app.errors import Unreachable
from migrations_app.integrations import interfaces
from migrations_app.inventory.leaks.scan import _asked
from migrations_app.models import (
    Cloud,
    FailedItem,
    Hypervisor,
    Instance,
    NovaMigration,
    Snapshot,
)
from tests.inventory.cloud import Listing, cloud_of_two_hosts, scan, server

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=10)
HUGE = 2**70  # more than any integer column of any database holds
UNREAD = "What Nova lists of it has a form that novaweb does not understand."


def failed() -> list[tuple[str, str]]:
    return list(FailedItem.objects.values_list("lane", "item"))


def read(cloud: Listing, at: datetime) -> None:
    assert scan("one", cloud.as_cloud(), now=at).trouble == ""
    assert Cloud.objects.get().synced_at == at


Odd = Callable[[interfaces.Server], interfaces.Server]


@pytest.mark.parametrize(
    "odd",
    [
        lambda it: replace(it, unread=UNREAD, host=None, status="UNKNOWN"),
        lambda it: replace(it, power_state=HUGE),
        lambda it: replace(it, name=7),
        lambda it: replace(it, hints={"group": "g"}, created_at="yesterday"),
    ],
    ids=["unread", "too large to be stored", "of another kind", "no time"],
)
def test_an_odd_instance_keeps_its_last_row_and_the_others_are_read(odd: Odd) -> None:
    cloud = cloud_of_two_hosts()
    read(cloud, NOON)
    web, db = cloud.listed
    cloud.listed = [odd(web), replace(db, host="compute-30")]
    read(cloud, LATER)
    assert failed() == [("instances", f"{web.id} of one")]
    kept, moved = Instance.objects.order_by("-name")
    assert (kept.name, kept.host, kept.status) == ("web", "compute-30", "ACTIVE")
    assert moved.host == "compute-30"

    cloud.listed = [web, db]
    read(cloud, LATER + timedelta(minutes=1))
    assert failed() == []


@pytest.mark.parametrize(
    "fields", [{"unread": UNREAD}, {"version": HUGE}, {"aggregates": 5}]
)
def test_an_odd_host_keeps_its_last_row_and_the_others_are_read(
    fields: dict[str, Any],
) -> None:
    cloud = cloud_of_two_hosts()
    read(cloud, NOON)
    cloud.hosts[0] = replace(cloud.hosts[0], **fields)
    cloud.hosts[1] = replace(cloud.hosts[1], up=False)
    read(cloud, LATER)
    assert failed() == [("hypervisors", "compute-30 of one")]
    kept, other = Hypervisor.objects.order_by("host")
    assert (kept.seen_at, other.seen_at) == (NOON, LATER)
    assert (kept.up, other.up) == (True, False)
    assert Instance.objects.count() == 2


def test_a_record_that_cannot_be_stored_hides_no_other_one() -> None:
    cloud = cloud_of_two_hosts()
    record = interfaces.Migration(
        id=1,
        uuid="m-1",
        server_id="id-of-web",
        type="live-migration",
        status="running",
        source="compute-30",
        target="compute-31",
        created_at=NOON,
    )
    cloud.all_moves = [replace(record, id=HUGE), replace(record, id=2, uuid="m-2")]
    read(cloud, NOON)
    assert failed() == [("migrations", "m-1 of one")]
    assert NovaMigration.objects.get().uuid == "m-2"


def test_a_host_whose_figures_are_too_large_has_no_history_and_the_others_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    huge = property(lambda it: HUGE if it.host == "compute-30" else 1)
    monkeypatch.setattr(Hypervisor, "disk_capacity", huge)
    read(cloud_of_two_hosts(), NOON)
    assert failed() == [("hypervisors", "history of compute-30 of one")]
    assert Snapshot.objects.get().host == "compute-31"


def test_what_no_database_stores_of_a_name_is_replaced() -> None:
    cloud = cloud_of_two_hosts()
    named = replace(server("half", "compute-30"), name="half \ud83d of a sign")
    cloud.listed = [named]
    read(cloud, NOON)
    assert Instance.objects.get().name == "half ? of a sign"
    assert failed() == []


class Failing(Listing):
    """A cloud that answers 500 about one instance."""

    def server(self, server_id: str) -> interfaces.Server:
        if server_id == "id-of-broken":
            raise Unreachable("Nova of cloud one failed (500).")
        return super().server(server_id)


def test_one_that_nova_fails_at_stays_and_the_others_that_are_gone_go() -> None:
    cloud = Failing(**vars(cloud_of_two_hosts()))
    cloud.listed += [server("broken", None), server("gone", None)]
    read(cloud, NOON)
    del cloud.listed[2:]
    read(cloud, LATER)
    assert sorted(Instance.objects.values_list("name", flat=True)) == [
        *("broken", "db", "web")
    ]


def test_a_scan_for_stale_resources_goes_on_past_one_that_nova_fails_at() -> None:
    cloud = Failing(**vars(cloud_of_two_hosts()))
    world: Any = interfaces.World(cloud.as_cloud())
    names = ["id-of-broken", "id-of-web", "id-of-nobody"]
    found, trouble = _asked(world, names)
    assert found == {"id-of-web": cloud.listed[0], "id-of-nobody": None}
    assert trouble.startswith("Instance id-of-broken was not looked at. Nova of cloud")


def test_it_keeps_addresses_image_and_volumes_however_odd_they_are() -> None:
    cloud = cloud_of_two_hosts()
    odd = ("10.0.0.5", "x" * 99, "\x00")
    cloud.listed = [server("web", "compute-30", addresses=odd, volumes=("root",))]

    scan("one", cloud.as_cloud(), now=NOON)

    web = Instance.objects.get()
    assert web.addresses == ["10.0.0.5", "x" * 64, ""]
    assert (web.image, web.volumes) == ("cirros", ["root"])
