from __future__ import annotations

from dataclasses import asdict

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from migrations_app.drains import fleet as drain_fleet
from migrations_app.drains.fleet import fleet_of
from migrations_app.drains.planner.model import Group
from migrations_app.integrations.interfaces import MEMORY_MB, PCPU, VCPU, Stock
from migrations_app.models import Instance, ServerGroup
from tests import factories

pytestmark = pytest.mark.django_db


def group(uuid: str, **fields: object) -> ServerGroup:
    values = {
        "cloud": factories.cloud(),
        "uuid": uuid,
        "name": f"name of {uuid}",
        "policy": "anti-affinity",
        "max_per_host": 2,
        "seen_at": timezone.now(),
        **fields,
    }
    return ServerGroup.objects.create(**values)


def test_it_brings_all_hosts_the_guests_in_question_and_their_groups() -> None:
    factories.hypervisor("a", tenants=["p1"])
    factories.hypervisor("b")
    factories.hypervisor("c")
    factories.hypervisor("a", cloud=factories.cloud("other"))
    leaves = factories.instance("leaves", host="a", group="g1", pinned_zone="OS1")
    mate = factories.instance("mate", host="b", group="g1")
    picked = factories.instance("picked", host="c", group="g2")
    factories.instance("nobody asked about", host="c", group="g3")
    factories.instance("elsewhere", host="a", cloud=factories.cloud("other"))
    factories.instance("offloaded", host="", group="g1", status="SHELVED_OFFLOADED")
    group("g1")
    group("g2", policy="affinity", max_per_host=1)
    group("g3")

    fleet = fleet_of(factories.cloud(), ["a"], [picked.uuid])

    assert set(fleet.hosts) == {"a", "b", "c"}
    assert fleet.hosts["a"].projects == {"p1"}
    assert {guest.name for guest in fleet.guests.values()} == {
        "leaves",
        "mate",
        "picked",
    }
    assert fleet.guests[leaves.uuid].zone == "OS1"
    assert fleet.groups == {
        "g1": Group(
            "g1", "name of g1", "anti-affinity", 2, frozenset({leaves.uuid, mate.uuid})
        ),
        "g2": Group("g2", "name of g2", "affinity", 1, frozenset({picked.uuid})),
    }


def test_it_asks_the_database_as_often_for_many_as_for_few() -> None:
    cloud = factories.cloud()

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            fleet_of(cloud, ["a", "b"])
        return len(asked)

    factories.hypervisor("a")
    factories.instance("one", host="a", group="g0")
    group("g0")
    few = queries()
    for number in range(1, 9):
        factories.hypervisor(f"h{number}")
        factories.instance(f"i{number}", host="b", group=f"g{number}")
        group(f"g{number}")
    assert queries() == few == 5


def test_it_takes_what_placement_charges_and_has_where_that_is_known() -> None:
    of_pcpu = Stock(total=16, reserved=0, ratio=1.0, used=4, max_unit=8)
    factories.hypervisor("a", stock={PCPU: asdict(of_pcpu)})
    factories.hypervisor("b", disk_total=0)
    factories.instance("pinned", host="a", resources={PCPU: 4, MEMORY_MB: 1024})
    factories.instance("old", host="b", vcpus=2, memory=512, disk=0)

    fleet = fleet_of(factories.cloud(), ["a", "b"])

    assert fleet.hosts["a"].stock == {PCPU: of_pcpu}
    assert fleet.hosts["b"].stock == {
        VCPU: Stock(32, 0, 4.0, 40, 32),
        MEMORY_MB: Stock(262144, 4096, 1.0, 131072, 262144),
    }
    taken = {guest.name: guest.resources for guest in fleet.guests.values()}
    assert taken == {
        "pinned": {PCPU: 4, MEMORY_MB: 1024},
        "old": {VCPU: 2, MEMORY_MB: 512},
    }


@pytest.mark.parametrize(
    ("fields", "why_not"),
    [
        ({"up": False}, "a is down."),
        ({"enabled": False, "disabled_reason": "fans"}, "a is disabled: fans."),
        ({"enabled": False}, "a is disabled."),
        (
            {"vcpus_total": 0, "memory_total": 0, "disk_total": 0},
            "Placement does not know a, so no instance can be placed there.",
        ),
        ({}, ""),
    ],
)
def test_it_says_why_no_instance_may_come_to_a_host(
    fields: dict[str, object], why_not: str
) -> None:
    factories.hypervisor("a", **fields)
    assert fleet_of(factories.cloud(), []).hosts["a"].why_not == why_not


@pytest.mark.parametrize(
    ("fields", "procedure", "why_not"),
    [
        ({"status": "ACTIVE"}, "live", ""),
        ({"status": "PAUSED"}, "live", ""),
        ({"status": "SHUTOFF"}, "cold", ""),
        ({"status": "ACTIVE", "locked": True}, "live", ""),
        ({"status": "VERIFY_RESIZE"}, "", "web is VERIFY_RESIZE: Nova moves it"),
        ({"status": "ERROR"}, "", "web is ERROR: Nova moves it neither"),
        (
            {"status": "ACTIVE", "task_state": "rebooting"},
            "live",
            "Nova is busy with web (rebooting).",
        ),
    ],
)
def test_it_says_how_an_instance_moves_or_why_not(
    fields: dict[str, object], procedure: str, why_not: str
) -> None:
    factories.hypervisor("a")
    row = factories.instance("web", host="a", **fields)
    guest = fleet_of(factories.cloud(), ["a"]).guests[row.uuid]
    assert guest.procedure == procedure
    assert guest.why_not.startswith(why_not)
    assert bool(guest.why_not) == bool(guest.way_out) == bool(why_not)
    assert bool(guest.seconds) == bool(procedure)


def test_it_moves_nothing_from_a_host_that_is_down() -> None:
    factories.hypervisor("a", up=False)
    row = factories.instance("web", host="a")
    guest = fleet_of(factories.cloud(), ["a"]).guests[row.uuid]
    assert guest.why_not == "a is down: Nova moves no instance from it, including web."
    assert "evacuate" in guest.way_out


def test_it_moves_nothing_that_a_request_wants_to_move_already() -> None:
    factories.hypervisor("a")
    row: Instance = factories.instance("web", host="a")
    asked = factories.request(of=row)
    ended = factories.instance("free", host="a")
    factories.request(of=ended, state="withdrawn")

    guests = fleet_of(factories.cloud(), ["a"]).guests
    assert guests[row.uuid].why_not == f"Request {asked.pk} already moves web."
    assert guests[ended.uuid].why_not == ""
    regardless = fleet_of(factories.cloud(), ["a"], asked=False).guests
    assert regardless[row.uuid].why_not == ""


def test_it_expects_a_larger_instance_to_take_longer() -> None:
    factories.hypervisor("a")
    small = factories.instance("small", host="a", memory=512, disk=1)
    large = factories.instance("large", host="a", memory=65536, disk=200)
    guests = fleet_of(factories.cloud(), ["a"]).guests
    assert 0 < guests[small.uuid].seconds < guests[large.uuid].seconds


def test_one_that_cannot_be_made_out_is_left_out_with_a_sentence_and_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    factories.hypervisor("a")
    factories.hypervisor("odd", stock={VCPU: {"total": 8, "of a later version": 1}})
    good, bad = (
        factories.instance("good", host="a"),
        factories.instance("bad", host="a"),
    )
    real = drain_fleet._seconds

    def seconds(row: Instance, procedure: str) -> float:
        if row.name == "bad":
            raise OverflowError("int too large to convert to float")
        return real(row, procedure)

    monkeypatch.setattr(drain_fleet, "_seconds", seconds)
    found = fleet_of(factories.cloud(), ["a"])
    assert found.hosts["a"].why_not == ""
    assert found.hosts["odd"].why_not.startswith("odd is left out: novaweb met an")
    assert found.guests[good.uuid].why_not == ""
    assert "internal error (OverflowError)" in found.guests[bad.uuid].why_not
    assert found.guests[bad.uuid].procedure == ""
