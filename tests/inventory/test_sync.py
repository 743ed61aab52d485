"""Our copy of a cloud: it agrees with the cloud, or says that it does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from migrations_app.errors import Unreachable
from migrations_app.integrations import interfaces
from migrations_app.inventory import rows
from migrations_app.inventory.read_cloud import DOUBTS
from migrations_app.inventory.sync import refresh_instance
from migrations_app.models import Cloud, Hypervisor, Instance
from tests.inventory.cloud import (
    Listing,
    cloud_of_two_hosts,
    failing,
    hosts_of_instances,
    scan,
    server,
)

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=1)


def test_it_copies_hypervisors_and_instances_with_their_projects_names() -> None:
    report = scan("one", cloud_of_two_hosts().as_cloud(), now=NOON)

    assert (report.hypervisors, report.instances, report.trouble) == (2, 2, "")
    assert Cloud.objects.get().synced_at == NOON
    host = Hypervisor.objects.get(host="compute-30")
    assert (host.uuid, host.node) == ("node-compute-30", "compute-30.example.org")
    assert (host.zone, host.aggregates, host.up) == ("OS1", ["OS1"], True)
    assert (host.vcpus_capacity, host.vcpus_used) == (32, 2)
    assert (host.memory_capacity, host.memory_used) == (16384 - 512, 1024)
    assert (host.disk_capacity, host.disk_used) == (100, 10)
    web = Instance.objects.get(name="web")
    assert (web.host, web.project_name, web.flavor_name) == (
        "compute-30",
        "shop",
        "m1.small",
    )
    assert (web.vcpus, web.memory, web.disk, web.volume_backed) == (1, 512, 5, False)


def test_a_volume_backed_instance_takes_no_disk_of_its_host() -> None:
    cloud = cloud_of_two_hosts()
    cloud.listed = [server("vol", "compute-30", image=None)]

    scan("one", cloud.as_cloud(), now=NOON)

    vol = Instance.objects.get()
    assert (vol.volume_backed, vol.disk) == (True, 0)


def test_what_changed_in_the_cloud_changes_in_the_same_rows() -> None:
    cloud = cloud_of_two_hosts()
    scan("one", cloud.as_cloud(), now=NOON)
    keys = set(Instance.objects.values_list("pk", flat=True))
    cloud.listed[0] = replace(cloud.listed[0], host="compute-31", status="SHUTOFF")
    cloud.hosts[0] = replace(
        cloud.hosts[0], enabled=False, disabled_reason="new disks", up=False
    )

    scan("one", cloud.as_cloud(), now=LATER)

    assert set(Instance.objects.values_list("pk", flat=True)) == keys
    web = Instance.objects.get(name="web")
    assert (web.host, web.status, web.seen_at) == ("compute-31", "SHUTOFF", LATER)
    host = Hypervisor.objects.get(host="compute-30")
    assert (host.enabled, host.up, host.disabled_reason) == (False, False, "new disks")


def test_what_is_gone_from_a_host_that_answers_is_removed() -> None:
    cloud = cloud_of_two_hosts()
    scan("one", cloud.as_cloud(), now=NOON)
    del cloud.listed[0]

    report = scan("one", cloud.as_cloud(), now=LATER)

    assert (report.removed, hosts_of_instances()) == (1, {"db": "compute-31"})
    assert cloud.asked_for == []


def test_a_hypervisor_that_was_deleted_goes_with_its_instances() -> None:
    cloud = cloud_of_two_hosts()
    scan("one", cloud.as_cloud(), now=NOON)
    del cloud.hosts[0], cloud.computes[0], cloud.listed[0]

    scan("one", cloud.as_cloud(), now=LATER)

    assert list(Hypervisor.objects.values_list("host", flat=True)) == ["compute-31"]
    assert hosts_of_instances() == {"db": "compute-31"}


def test_a_host_that_came_back_under_another_uuid_is_there_once() -> None:
    cloud = cloud_of_two_hosts()
    scan("one", cloud.as_cloud(), now=NOON)
    cloud.hosts[0] = replace(cloud.hosts[0], id="node-reinstalled")

    scan("one", cloud.as_cloud(), now=LATER)

    assert Hypervisor.objects.get(host="compute-30").uuid == "node-reinstalled"


def test_what_a_silent_cell_does_not_list_stays_and_shows_its_age() -> None:
    cloud = cloud_of_two_hosts()
    scan("one", cloud.as_cloud(), now=NOON)
    del cloud.hosts[0]  # its nova-compute is still listed
    cloud.unlisted = [cloud.listed.pop(0)]

    report = scan("one", cloud.as_cloud(), now=LATER)

    assert report.trouble == ""
    assert Hypervisor.objects.get(host="compute-30").seen_at == NOON
    assert Instance.objects.get(name="web").seen_at == NOON
    assert Instance.objects.get(name="db").seen_at == LATER


def test_an_instance_without_a_host_is_removed_only_when_nova_denies_it() -> None:
    cloud = cloud_of_two_hosts()
    cloud.listed += [server("shelved", None), server("deleted", None)]
    scan("one", cloud.as_cloud(), now=NOON)
    del cloud.listed[-1]
    cloud.unlisted = [cloud.listed.pop()]

    scan("one", cloud.as_cloud(), now=LATER)

    assert sorted(cloud.asked_for) == ["id-of-deleted", "id-of-shelved"]
    assert sorted(hosts_of_instances()) == ["db", "shelved", "web"]


def test_a_whole_cell_in_doubt_costs_a_bounded_number_of_questions() -> None:
    cloud = cloud_of_two_hosts()
    cloud.listed = [server(f"vm-{n}", None) for n in range(DOUBTS + 50)]
    scan("one", cloud.as_cloud(), now=NOON)
    cloud.listed = []

    scan("one", cloud.as_cloud(), now=LATER)

    assert len(cloud.asked_for) == DOUBTS
    assert Instance.objects.count() == 50


@pytest.mark.parametrize("moment", ["at once", "in the middle"])
def test_a_cloud_that_does_not_answer_leaves_everything_and_a_sentence(
    moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "BATCH", 1)
    cloud = cloud_of_two_hosts()
    scan("one", cloud.as_cloud(), now=NOON)
    error = Unreachable("Nova at http://10.0.0.1 does not answer.")
    if moment == "at once":
        cloud.trouble = error
    else:
        cloud.before_server = failing(error, at="db")

    report = scan("one", cloud.as_cloud(), now=LATER)

    assert report.trouble == "Nova at http://10.0.0.1 does not answer."
    row = Cloud.objects.get()
    assert (row.trouble, row.synced_at) == (report.trouble, NOON)
    assert sorted(hosts_of_instances()) == ["db", "web"]
    assert Hypervisor.objects.count() == 2
    assert Instance.objects.get(name="db").seen_at == NOON


def test_a_cloud_that_lists_no_hypervisor_any_more_is_not_believed() -> None:
    cloud = cloud_of_two_hosts()
    scan("one", cloud.as_cloud(), now=NOON)
    cloud.hosts, cloud.computes, cloud.listed = [], [], []

    report = scan("one", cloud.as_cloud(), now=LATER)

    assert "lists no hypervisor" in report.trouble
    assert (Hypervisor.objects.count(), Instance.objects.count()) == (2, 2)
    assert Cloud.objects.get().synced_at == NOON


def test_after_trouble_the_next_good_reading_clears_the_sentence() -> None:
    cloud = cloud_of_two_hosts()
    cloud.trouble = Unreachable("Nova does not answer.")
    scan("one", cloud.as_cloud(), now=NOON)
    cloud.trouble = None

    scan("one", cloud.as_cloud(), now=LATER)

    row = Cloud.objects.get()
    assert (row.trouble, row.synced_at) == ("", LATER)


def test_a_mistake_of_our_own_is_raised_and_gives_the_turn_back() -> None:
    cloud = cloud_of_two_hosts()
    cloud.before_server = failing(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        scan("one", cloud.as_cloud(), now=NOON)
    assert "an error in novaweb" in Cloud.objects.get().trouble
    cloud.before_server = lambda each: None

    assert scan("one", cloud.as_cloud(), now=LATER).trouble == ""


def test_names_of_projects_that_may_not_be_read_any_more_stay_known() -> None:
    cloud = cloud_of_two_hosts()
    scan("one", cloud.as_cloud(), now=NOON)
    cloud.tenants = []

    scan("one", cloud.as_cloud(), now=LATER)

    assert Instance.objects.get(name="web").project_name == "shop"


def test_two_clouds_do_not_touch_each_other() -> None:
    cloud = cloud_of_two_hosts()
    scan("one", cloud.as_cloud(), now=NOON)
    scan("two", cloud.as_cloud(), now=NOON)
    cloud.listed = []

    scan("two", cloud.as_cloud(), now=LATER)

    assert Instance.objects.filter(cloud__name="one").count() == 2
    assert Instance.objects.filter(cloud__name="two").count() == 0


def test_text_that_a_database_would_refuse_does_not_end_the_reading() -> None:
    cloud = cloud_of_two_hosts()
    cloud.listed = [server("ab", "compute-30", status="S" * 300)]
    cloud.listed[0] = replace(cloud.listed[0], name="a\x00b")

    assert scan("one", cloud.as_cloud(), now=NOON).trouble == ""
    assert Instance.objects.get().name == "ab"


# -- one instance, at the end of its move ------------------------------------------


def test_one_instance_is_refreshed_without_touching_the_rest() -> None:
    cloud = cloud_of_two_hosts()
    scan("one", cloud.as_cloud(), now=NOON)
    cloud.listed[0] = replace(cloud.listed[0], host="compute-31")
    cloud.listed[1] = replace(cloud.listed[1], host="compute-30")

    refresh_instance("one", cloud.as_cloud(), "id-of-web", LATER)

    assert hosts_of_instances() == {"web": "compute-31", "db": "compute-31"}
    assert Instance.objects.get(name="web").project_name == "shop"
    assert cloud.asked_for == ["id-of-web"]


def test_an_instance_that_nova_denies_goes_when_it_is_refreshed() -> None:
    cloud = cloud_of_two_hosts()
    scan("one", cloud.as_cloud(), now=NOON)
    del cloud.listed[0]

    assert refresh_instance("one", cloud.as_cloud(), "id-of-web", LATER) is None
    assert hosts_of_instances() == {"db": "compute-31"}


def test_an_instance_not_known_yet_is_added_with_its_projects_name() -> None:
    cloud = cloud_of_two_hosts()
    scan("one", cloud.as_cloud(), now=NOON)
    cloud.listed.append(server("new", "compute-30"))

    refresh_instance("one", cloud.as_cloud(), "id-of-new", LATER)

    assert Instance.objects.get(name="new").project_name == "shop"


def test_a_page_read_before_a_move_ended_does_not_undo_its_end() -> None:
    cloud = cloud_of_two_hosts()
    scan("one", cloud.as_cloud(), now=NOON)
    moved = Listing(listed=[replace(cloud.listed[0], host="compute-31")])

    def move_ends(each: interfaces.Server) -> None:
        if each.name == "db":
            end = LATER + timedelta(seconds=1)
            refresh_instance("one", moved.as_cloud(), "id-of-web", end)

    cloud.before_server = move_ends
    scan("one", cloud.as_cloud(), now=LATER)

    assert hosts_of_instances() == {"web": "compute-31", "db": "compute-31"}


def test_a_refresh_by_a_slow_clock_does_not_make_an_instance_look_gone() -> None:
    cloud = cloud_of_two_hosts()
    scan("one", cloud.as_cloud(), now=LATER)

    refresh_instance("one", cloud.as_cloud(), "id-of-web", NOON)

    assert Instance.objects.get(name="web").seen_at == LATER
