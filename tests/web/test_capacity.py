"""The capacity of all hosts on one page, and of one host on its own."""

from __future__ import annotations

import csv
from typing import Any

import pytest
from django.test import Client

from tests import factories, measurements

pytestmark = pytest.mark.django_db


def hosts(client: Client, wanted: str) -> list[str]:
    table = client.get(f"/hypervisors/?{wanted}").context["table"]
    return [row.record.host for row in table.paginated_rows]


@pytest.fixture
def three(db: None) -> None:
    """Hosts with 8, 64 and 200 GiB of memory free; only the last is up and enabled."""
    bare: dict[str, Any] = {"memory_total": 262144, "memory_reserved": 0}
    factories.hypervisor("small", memory_used=253952, up=False, **bare)
    factories.hypervisor(
        "middle", memory_used=196608, enabled=False, aggregates=["ssd"], **bare
    )
    factories.hypervisor("large", memory_used=57344, zone="OS2", **bare)
    factories.instance(host="large", project_name="bank", flavor_disk=30)
    factories.instance(
        "huge", host="middle", flavor_name="m1.huge", memory=65536, flavor_disk=20
    )


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("free_memory=8192", ["large", "middle", "small"]),
        ("free_memory=8193", ["large", "middle"]),
        ("free_memory=204801", []),
        ("aggregate=ssd", ["middle"]),
        ("aggregate=ss", []),
        ("project=bank", ["large"]),
        ("zone=OS2", ["large"]),
        ("free_vcpus=89", []),
        ("free_vcpus=88&state=up", ["large"]),
        ("sort=-fits", ["large", "middle", "small"]),
        ("sort=fits", ["small", "middle", "large"]),
    ],
)
def test_it_finds_hosts_by_what_they_have_and_could_take(
    operator: Client, three: None, wanted: str, found: list[str]
) -> None:
    assert hosts(operator, wanted) == found


def test_it_says_how_many_of_the_largest_flavor_fit(
    operator: Client, three: None
) -> None:
    response = operator.get("/hypervisors/")

    overview = response.context["overview"]
    assert overview.largest.name == "m1.huge"
    (cloud, *places) = overview.totals
    assert (cloud.kind, cloud.hosts, cloud.takes) == ("Cloud", 3, 1)
    # 200 GiB are free on the one host that may take any
    assert cloud.fits == 3
    assert [(each.kind, each.name, each.fits) for each in places] == [
        ("Zone", "OS1", 0),
        ("Zone", "OS2", 3),
        ("Aggregate", "ssd", 0),
    ]


def test_the_heat_map_says_in_figures_what_it_colours(
    operator: Client, three: None
) -> None:
    zones = dict(operator.get("/hypervisors/?by=memory").context["overview"].zones)

    assert [(cell.host, cell.percent, cell.level) for cell in zones["OS1"]] == [
        ("middle", 75, "3"),
        ("small", 97, "full"),
    ]
    assert [(cell.state, cell.percent) for cell in zones["OS2"]] == [("up", 22)]
    vcpus = operator.get("/hypervisors/?by=vcpus&zone=OS2").context["overview"]
    assert [cell.percent for _, cells in vcpus.zones for cell in cells] == [31]


def test_the_csv_has_the_hosts_that_the_page_shows(
    operator: Client, three: None
) -> None:
    factories.hypervisor("odd", disabled_reason="=cmd()", zone="OS3")

    text = operator.get("/hypervisors.csv?zone=OS3").content.decode()
    all_of_them = operator.get("/hypervisors.csv").content.decode()

    (row,) = csv.DictReader(text.splitlines())
    assert (row["host"], row["disabled_reason"]) == ("odd", "'=cmd()")
    rows = {each["host"]: each for each in csv.DictReader(all_of_them.splitlines())}
    assert set(rows) == {"small", "middle", "large", "odd"}
    assert (rows["large"]["instances"], rows["large"]["disk_used_max"]) == ("1", "30")


def test_a_host_has_the_table_of_host_describe(operator: Client) -> None:
    factories.hypervisor("compute-30", nova_vcpus_used=3)
    factories.instance(host="compute-30", memory=512, flavor_disk=20)
    factories.instance(host="compute-30", memory=1024, flavor_disk=5)
    factories.instance(host="compute-30", project_id="p2", project_name="bank")

    response = operator.get("/hypervisors/compute-30/")

    rows = {row.name: row for row in response.context["described"]}
    assert (rows["Total"].vcpus, rows["Capacity"].vcpus) == (32, 128)
    assert (rows["Used now"].memory, rows["Used now, by Nova"].vcpus) == (131072, 3)
    assert (rows["Sum of flavors"].instances, rows["Sum of flavors"].memory) == (
        3,
        3584,
    )
    assert (rows["shop"].memory, rows["shop"].disk) == (1536, 25)
    assert rows["bank"].instances == 1


def test_the_page_of_a_host_is_sent_anew_only_when_something_changed(
    operator: Client,
) -> None:
    row = factories.hypervisor("compute-30")
    mark = operator.get("/hypervisors/compute-30/").context["mark"]
    place = f"/hypervisors/compute-30/now/?mark={mark}"

    assert operator.get(place).status_code == 204

    row.memory_used += 512
    row.save()
    assert b"128.5 GiB of 252 GiB" in operator.get(place).content

    mark = operator.get(place).context["mark"]
    moved = factories.request(of=factories.instance("mover", host="compute-31"))
    moved.target = "compute-30"
    moved.save()
    again = operator.get(f"/hypervisors/compute-30/now/?mark={mark}")
    assert b"mover" in again.content


@pytest.mark.parametrize("span", ["day", "month", "year", "nonsense"])
def test_the_history_reaches_as_far_back_as_asked(operator: Client, span: str) -> None:
    row = factories.hypervisor("compute-30")
    measurements.snapshots("compute-30", of=row.cloud)

    charts = operator.get(f"/hypervisors/compute-30/?span={span}").context["charts"]

    # there are but snapshots of five minutes
    assert [chart.label for chart in charts] == (
        ["VCPUs", "Memory", "Disk"] if span in ("day", "nonsense") else []
    )


@pytest.mark.parametrize(
    ("shared", "labels"),
    [(0, ["Dedicated CPUs"]), (128, ["VCPUs", "Dedicated CPUs"])],
)
def test_dedicated_cpus_have_a_history_of_their_own(
    operator: Client, shared: int, labels: list[str]
) -> None:
    row = factories.hypervisor("compute-30")
    measurements.snapshots(
        "compute-30",
        of=row.cloud,
        vcpus_capacity=shared,
        vcpus_used=0,
        pcpus_capacity=32,
        pcpus_used=8,
    )

    charts = operator.get("/hypervisors/compute-30/").context["charts"]

    assert [chart.label for chart in charts] == [*labels, "Memory", "Disk"]
    assert charts[len(labels) - 1].last == "8 of 32"


@pytest.fixture
def dedicated(db: None) -> None:
    """A host of 32 dedicated CPUs alone, 8 of them used by its pinned instance."""
    factories.hypervisor("shared")
    factories.hypervisor(
        "pinned", vcpus_total=0, vcpus_used=0, pcpus_total=32, pcpus_used=8
    )
    factories.instance(
        host="pinned",
        vcpus=8,
        memory=4096,
        disk=20,
        resources={"PCPU": 8, "MEMORY_MB": 4096, "DISK_GB": 20},
    )


def test_dedicated_cpus_count_as_what_a_host_has(
    operator: Client, dedicated: None
) -> None:
    response = operator.get("/hypervisors/?by=vcpus&sort=-vcpus")

    overview = response.context["overview"]
    # an instance of eight fits into the 24 that are free, and into no shared CPUs
    assert overview.totals[0].fits == 3
    assert overview.totals[0].capacity["pcpus"] == 32
    shown = {cell.host: cell.percent for _, cells in overview.zones for cell in cells}
    assert shown == {"pinned": 25, "shared": 31}
    assert "8 of 32 dedicated" in response.content.decode()
    assert ("pcpus", "Dedicated CPUs") in response.context["resources"]
    assert hosts(operator, "sort=-vcpus") == ["shared", "pinned"]
    assert hosts(operator, "sort=-fits") == ["pinned", "shared"]


def test_the_heat_map_of_dedicated_cpus_has_the_hosts_with_any(
    operator: Client, dedicated: None
) -> None:
    zones = operator.get("/hypervisors/?by=pcpus").context["overview"].zones
    shown = {cell.host: cell.percent for _, cells in zones for cell in cells}
    assert shown == {"pinned": 25, "shared": None}


def test_the_table_of_a_host_tells_its_dedicated_cpus(
    operator: Client, dedicated: None
) -> None:
    response = operator.get("/hypervisors/pinned/")
    rows = {row.name: row for row in response.context["described"]}
    assert (rows["Total"].pcpus, rows["Used now"].pcpus, rows["Free"].pcpus) == (
        *(32, 8, 24),
    )
    assert response.context["fits"] == 3
    assert "Dedicated CPUs" in response.content.decode()
    shared = operator.get("/hypervisors/shared/").content.decode()
    assert "Dedicated CPUs" not in shared


def test_the_csv_has_dedicated_cpus(operator: Client, dedicated: None) -> None:
    text = operator.get("/hypervisors.csv").content.decode()
    rows = {each["host"]: each for each in csv.DictReader(text.splitlines())}
    assert (rows["pinned"]["pcpus_capacity"], rows["pinned"]["pcpus_used"]) == (
        *("32", "8"),
    )
