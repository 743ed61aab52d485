"""Hypervisors, instances and snapshots by the REST interface."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from migrations_app.models import AuditEntry, Cloud
from tests import factories, measurements
from tests.api.conftest import Person


def test_a_hypervisor_has_its_capacity_and_its_instances(requester: Person) -> None:
    row = factories.hypervisor("compute-30", memory_total=1000, memory_reserved=200)
    factories.instance(host="compute-30")
    factories.instance(host="compute-30")
    factories.hypervisor("compute-31")

    answer = requester.get("hypervisors/")

    assert answer.status == 200
    assert answer.json["count"] == 2
    first, second = answer.json["results"]
    assert (first["id"], first["host"], first["node"]) == (
        row.uuid,
        "compute-30",
        "compute-30.example.org",
    )
    assert (first["instances"], second["instances"]) == (2, 0)
    assert first["vcpus"]["capacity"] == 128
    assert first["memory"] == {
        "total": 1000,
        "reserved": 200,
        "ratio": 1.0,
        "capacity": 800,
        "used": 131072,
        "free": 0,
    }


def test_one_hypervisor_says_which_projects_use_it(requester: Person) -> None:
    factories.hypervisor("compute-30")
    factories.instance(host="compute-30", memory=512)
    factories.instance(host="compute-30", memory=1024)

    answer = requester.get("hypervisors/compute-30/")

    (usage,) = answer.json["projects"]
    assert (usage["project_name"], usage["instances"]) == ("shop", 2)
    assert usage["memory"] == 1536


def test_a_host_that_two_clouds_have_is_found_by_its_cloud(requester: Person) -> None:
    factories.hypervisor("compute-30", cloud=factories.cloud("east"))
    factories.hypervisor("compute-30", cloud=factories.cloud("west"))

    answer = requester.get("hypervisors/compute-30/", cloud="west")

    assert answer.json["cloud"] == "west"


@pytest.mark.parametrize("path", ["hypervisors/none/", "hypervisors/a%00b/"])
def test_an_unknown_hypervisor_is_a_404_with_a_sentence(
    requester: Person, path: str
) -> None:
    assert requester.get(path).status == 404
    assert "hypervisor" in requester.get(path).detail


def test_an_instance_has_nova_s_uuid_for_its_id(requester: Person) -> None:
    row = factories.instance("web-1", host="compute-30")

    answer = requester.get(f"instances/{row.uuid}/")

    assert answer.json["id"] == row.uuid
    assert (answer.json["name"], answer.json["host"]) == ("web-1", "compute-30")
    assert (answer.json["project"], answer.json["flavor"]) == ("shop", "m1.small")
    assert (answer.json["memory"], answer.json["disk"]) == (2048, 20)


def test_an_unknown_instance_is_a_404_that_says_where_it_may_be(
    requester: Person,
) -> None:
    answer = requester.get(f"instances/{uuid.uuid4()}/")

    assert answer.status == 404
    assert "inventory is read again" in answer.detail


@pytest.mark.parametrize(
    ("parameters", "names"),
    [
        ({"host": "compute-30"}, ["a"]),
        ({"project": "bank"}, ["b"]),
        ({"project": "p2"}, ["b"]),
        ({"q": "A"}, ["a"]),
        ({"zone": "OS2"}, ["b"]),
        ({"status": "SHUTOFF"}, ["b"]),
        ({"cloud": "pretend"}, ["a", "b"]),
        ({"cloud": "other"}, []),
        ({"host": "compute-30", "zone": "OS2"}, []),
    ],
)
def test_instances_are_narrowed_as_on_the_page(
    requester: Person, parameters: dict[str, str], names: list[str]
) -> None:
    factories.instance("a", host="compute-30")
    factories.instance(
        "b",
        host="compute-31",
        zone="OS2",
        status="SHUTOFF",
        project_id="p2",
        project_name="bank",
    )

    answer = requester.get("instances/", **parameters)

    assert [each["name"] for each in answer.json["results"]] == names


def test_a_long_list_comes_in_pages_that_name_the_next(requester: Person) -> None:
    for number in range(5):
        factories.instance(f"vm-{number}")
    names: list[str] = []
    path = "instances/?page_size=2"
    while path:
        answer = requester.get(path)
        names += [each["name"] for each in answer.json["results"]]
        path = (answer.json["next"] or "").partition("/api/")[2]

    assert answer.json["count"] == 5
    assert names == [f"vm-{number}" for number in range(5)]


@pytest.mark.parametrize("path", ["instances/", "hypervisors/", "snapshots/"])
def test_a_list_costs_as_many_queries_for_many_rows_as_for_one(
    requester: Person, path: str, django_assert_max_num_queries: Any
) -> None:
    for number in range(20):
        host = f"compute-{number}"
        factories.hypervisor(host)
        factories.instance(host=host)
        measurements.snapshots(host, of=factories.cloud(), hours=1)

    with django_assert_max_num_queries(8):
        assert requester.get(path).json["count"] == 20


def test_snapshots_are_of_a_host_and_a_time_newest_first(requester: Person) -> None:
    measurements.snapshots("compute-30", of=factories.cloud(), hours=24)
    measurements.snapshots("compute-31", of=factories.cloud(), hours=24)
    since = datetime.now(UTC) - timedelta(hours=2, minutes=30)

    answer = requester.get(
        "snapshots/", host="compute-30", since=since.strftime("%Y-%m-%dT%H:%M:%SZ")
    )

    times = [each["at"] for each in answer.json["results"]]
    assert len(times) == 2
    assert times == sorted(times, reverse=True)
    assert answer.json["results"][0]["vcpus_capacity"] == 128


def test_an_operator_can_have_the_inventory_read_anew(
    operator: Person, settings: Any
) -> None:
    settings.NOVAWEB_CLOUDS = ["east", "west"]
    factories.cloud("east", sync_due_at=datetime(2099, 1, 1, tzinfo=UTC))

    answer = operator.post("sync/", cloud="east")

    assert (answer.status, answer.json) == (202, {"clouds": ["east"]})
    assert Cloud.objects.get(name="east").sync_due_at is None
    assert AuditEntry.objects.get().verb == "inventory.asked"


def test_a_cloud_that_is_not_configured_is_not_read(operator: Person) -> None:
    answer = operator.post("sync/", cloud="atlantis")

    assert answer.status == 422
    assert "atlantis" in answer.detail


def test_a_requester_cannot_have_the_inventory_read_anew(requester: Person) -> None:
    answer = requester.post("sync/")

    assert answer.status == 403
    assert "operator" in answer.detail
