"""Between full scans only what changed is read; and when that would not do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from migrations_app import ports
from migrations_app.errors import Unreachable
from migrations_app.inventory import rows
from migrations_app.inventory.sync import sync
from migrations_app.inventory.turn import make_due
from migrations_app.models import (
    Cloud,
    Hypervisor,
    Instance,
    NovaMigration,
    ServerGroup,
)
from tests.inventory.cloud import Listing, hypervisor, server, service

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LATER = NOON + MINUTE
GROUP = ports.ServerGroup("g1", "web", "anti-affinity", 1, ("id-of-web", "id-of-db"))


@pytest.fixture
def cloud() -> Listing:
    return Listing(
        hosts=[hypervisor("compute-30"), hypervisor("compute-31")],
        computes=[service("compute-30"), service("compute-31")],
        listed=[server("web", "compute-30"), server("db", "compute-31")],
        tenants=[ports.Project("p1", "shop"), ports.Project("p2", "bank")],
    )


def at(cloud: Listing, moment: datetime) -> bool:
    """Read it at that moment; tell whether it was read whole."""
    report = sync("one", cloud.as_cloud(), now=moment)
    assert report.trouble == ""
    return report.whole


def hosts() -> dict[str, str]:
    return dict(Instance.objects.values_list("name", "host"))


def move(uuid: str, status: str, touched: datetime, **changes: Any) -> ports.Migration:
    made = ports.Migration(
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


def test_after_a_full_scan_only_what_changed_is_read(cloud: Listing) -> None:
    assert at(cloud, NOON)
    cloud.changed = [replace(cloud.listed[0], host="compute-31")]
    cloud.listed = []

    assert not at(cloud, LATER)

    assert hosts() == {"web": "compute-31", "db": "compute-31"}
    assert cloud.since == [NOON - 2 * MINUTE]
    assert Cloud.objects.get().synced_at == LATER


def test_only_what_nova_says_is_deleted_goes(cloud: Listing) -> None:
    at(cloud, NOON)
    cloud.changed = [replace(cloud.listed[0], status="DELETED", host=None)]

    assert sync("one", cloud.as_cloud(), now=LATER).removed == 1
    assert hosts() == {"db": "compute-31"}
    assert cloud.asked_for == []


def test_a_full_scan_takes_one_that_is_listed_as_deleted_for_gone(
    cloud: Listing,
) -> None:
    at(cloud, NOON)
    cloud.listed[0] = replace(cloud.listed[0], status="DELETED")
    make_due_for_all(cloud)

    assert at(cloud, LATER)
    assert hosts() == {"db": "compute-31"}


def test_one_that_was_made_and_deleted_meanwhile_never_shows(cloud: Listing) -> None:
    at(cloud, NOON)
    cloud.changed = [server("brief", None, status="DELETED")]

    at(cloud, LATER)

    assert sorted(hosts()) == ["db", "web"]


def test_a_new_one_has_its_projects_name_though_nobody_had_it(cloud: Listing) -> None:
    at(cloud, NOON)
    cloud.changed = [server("new", "compute-30", project_id="p2")]

    at(cloud, LATER)

    assert Instance.objects.get(name="new").project_name == "bank"


def test_an_increment_that_fails_in_the_middle_is_read_again_from_its_start(
    cloud: Listing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "BATCH", 1)
    at(cloud, NOON)
    moved = [replace(each, host="compute-30", name="m") for each in cloud.listed]
    cloud.changed = moved

    def fail(each: ports.Server) -> None:
        if each is moved[1]:
            raise Unreachable("Nova does not answer.")

    cloud.before_server = fail
    assert sync("one", cloud.as_cloud(), now=LATER).trouble == "Nova does not answer."
    row = Cloud.objects.get()
    assert (row.synced_at, row.changes_until) == (NOON, NOON)
    cloud.before_server = lambda each: None

    assert not at(cloud, LATER + MINUTE)

    assert cloud.since == [NOON - 2 * MINUTE] * 2
    assert Instance.objects.filter(name="m").count() == 2


def test_a_full_scan_that_fails_is_followed_by_a_full_scan(cloud: Listing) -> None:
    at(cloud, NOON)
    make_due_for_all(cloud)

    def fail(each: ports.Server) -> None:
        raise Unreachable("Nova does not answer.")

    cloud.before_server = fail
    assert sync("one", cloud.as_cloud(), now=LATER).trouble
    cloud.before_server = lambda each: None

    assert at(cloud, LATER + MINUTE)
    assert not at(cloud, LATER + 2 * MINUTE)


def make_due_for_all(cloud: Listing) -> None:
    Cloud.objects.filter(name=cloud.name).update(full_scan_asked=True)


def test_who_asks_for_a_reading_gets_a_full_scan(cloud: Listing, settings: Any) -> None:
    settings.NOVAWEB_CLOUDS = ["one"]
    at(cloud, NOON)
    make_due()

    assert at(cloud, LATER)
    assert not at(cloud, LATER + MINUTE)


def test_who_asks_during_a_full_scan_gets_another(
    cloud: Listing, settings: Any
) -> None:
    settings.NOVAWEB_CLOUDS = ["one"]

    def ask(each: ports.Server) -> None:
        make_due()

    cloud.before_server = ask
    assert at(cloud, NOON)
    cloud.before_server = lambda each: None

    assert at(cloud, LATER)


@pytest.mark.parametrize(
    ("moment", "whole"),
    [
        (NOON + 60 * MINUTE, False),
        (NOON + 61 * MINUTE, True),  # too long a gap
        (NOON - MINUTE, True),  # the clock was set back
    ],
)
def test_what_changed_is_not_trusted_after_a_gap(
    cloud: Listing, moment: datetime, whole: bool
) -> None:
    at(cloud, NOON)

    assert at(cloud, moment) is whole


def test_it_is_read_whole_once_every_night(cloud: Listing, settings: Any) -> None:
    settings.NOVAWEB_FULL_SCAN_HOUR = 3
    evening = NOON.replace(hour=0)
    at(cloud, evening)
    scans = [
        minutes
        for minutes in range(30, 10 * 60, 30)
        if at(cloud, evening + minutes * MINUTE)
    ]

    assert scans == [3 * 60]


def test_a_cell_that_was_down_is_read_whole_when_it_is_back(cloud: Listing) -> None:
    at(cloud, NOON)
    silent = cloud.hosts.pop(0)
    assert not at(cloud, LATER)
    assert Hypervisor.objects.get(host="compute-30").seen_at == NOON
    assert sorted(hosts()) == ["db", "web"]
    assert not at(cloud, LATER + MINUTE)
    # it moved while its cell told nobody, and nothing has changed since
    cloud.hosts.insert(0, silent)
    cloud.listed[0] = replace(cloud.listed[0], host="compute-31")

    assert at(cloud, LATER + 2 * MINUTE)
    assert hosts() == {"web": "compute-31", "db": "compute-31"}
    assert not at(cloud, LATER + 3 * MINUTE)


def test_a_refresh_since_then_is_not_undone_by_what_changed_before(
    cloud: Listing,
) -> None:
    at(cloud, NOON)
    Instance.objects.filter(name="web").update(
        host="compute-31", seen_at=LATER + MINUTE
    )
    cloud.changed = [cloud.listed[0], replace(cloud.listed[0], status="DELETED")]

    at(cloud, LATER)

    assert hosts()["web"] == "compute-31"


# -- groups and moves ----------------------------------------------------------------


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
    make_due_for_all(cloud)

    at(cloud, LATER)

    assert NovaMigration.objects.get().uuid == "m2"


def test_what_a_move_of_many_needs_is_in_the_rows(cloud: Listing) -> None:
    cloud.hosts[0] = replace(
        cloud.hosts[0], tenants=("p1",), counted={ports.MEMORY_MB: (16384, 1536)}
    )
    flavor = ports.Flavor("big", 2, 512, 5, ephemeral_gb=3, swap_mb=100)
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
