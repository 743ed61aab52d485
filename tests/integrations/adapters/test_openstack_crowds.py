"""Large clouds: everything is read in pages, and hosts without a request for each."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from migrations_app.errors import Conflict
from migrations_app.integrations.adapters.openstack import OpenStackCloud
from migrations_app.integrations.interfaces import MEMORY_MB, Stock
from tests.integrations.adapters.sham import Sham, running, write_clouds

PER_HOST = "GET /placement/resource_providers/"


def inventory(total: int) -> dict[str, Any]:
    return {
        "total": total,
        "reserved": 512,
        "allocation_ratio": 1.5,
        "max_unit": total,
    }


class Crowd:
    """Three pages of hosts, of which the first is full."""

    def __init__(self, sham: Sham, count: int) -> None:
        self.sham = sham
        self.ids = [f"id-{number:04}" for number in range(count)]
        self.total = 4096
        sham.answers["GET /compute/v2.1/os-services"] = 200, {"services": []}
        sham.answers["GET /compute/v2.1/os-aggregates"] = 200, {"aggregates": []}
        sham.answers["GET /compute/v2.1/os-hypervisors/detail"] = self.hypervisors
        sham.answers["GET /placement/allocation_candidates"] = self.candidates
        for provider in self.ids:
            path = f"/placement/resource_providers/{provider}"
            sham.answers[f"GET {path}/inventories"] = self.inventories
            usages = {"usages": {MEMORY_MB: 5376}}
            sham.answers[f"GET {path}/usages"] = 200, usages

    def hypervisors(self, url: str) -> tuple[int, Any]:
        marker = parse_qs(urlsplit(url).query).get("marker")
        start = self.ids.index(marker[0]) + 1 if marker else 0
        page = self.ids[start : start + 10]
        links = [{"rel": "next", "href": "…"}] if page[-1] != self.ids[-1] else []
        nodes = [
            {
                "id": it,
                "hypervisor_hostname": f"{it}.example",
                "hypervisor_type": "QEMU",
                "hypervisor_version": 1,
                "state": "up",
                "status": "enabled",
                "service": {"host": it, "disabled_reason": None},
            }
            for it in page
        ]
        return 200, {"hypervisors": nodes, "hypervisors_links": links}

    def candidates(self, _: str) -> tuple[int, Any]:
        capacity = int((self.total - 512) * 1.5)
        summaries = {
            it: {"resources": {MEMORY_MB: {"capacity": capacity, "used": 100}}}
            for it in self.ids[1:]
        }
        return 200, {"provider_summaries": summaries, "allocation_requests": []}

    def inventories(self, _: str) -> tuple[int, Any]:
        return 200, {"inventories": {MEMORY_MB: inventory(self.total)}}


@pytest.fixture
def sham(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sham]:
    path = tmp_path / "clouds.yaml"
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(path))
    with running() as sham:
        write_clouds(path, sham.base("identity"))
        yield sham


@pytest.fixture
def cloud() -> OpenStackCloud:
    return OpenStackCloud("sham", timeout=5)


def test_hosts_are_read_in_pages_and_full_ones_too(
    sham: Sham, cloud: OpenStackCloud
) -> None:
    crowd = Crowd(sham, 25)
    hosts = {host.id: host for host in cloud.hypervisors()}
    assert list(hosts) == crowd.ids
    stock = Stock(total=4096, reserved=512, ratio=1.5, used=100, max_unit=4096)
    assert hosts["id-0024"].stock == {MEMORY_MB: stock}
    assert hosts["id-0000"].stock[MEMORY_MB].free == 0


def test_hosts_whose_inventory_is_known_are_not_asked_for_it_again(
    sham: Sham, cloud: OpenStackCloud
) -> None:
    crowd = Crowd(sham, 25)
    cloud.hypervisors()
    first = sham.count(PER_HOST)
    cloud.hypervisors()
    full_one = 2  # its usage and its inventory
    assert (first, sham.count(PER_HOST) - first) == (26, full_one)
    crowd.total = 8192
    found = cloud.hypervisors()
    assert {host.stock[MEMORY_MB].total for host in found} == {8192}


def test_threads_that_are_first_at_the_same_moment_sign_in_once(
    sham: Sham, cloud: OpenStackCloud
) -> None:
    Crowd(sham, 1)
    at_once = threading.Barrier(8, timeout=60)

    def first() -> None:
        at_once.wait()
        cloud.services()

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(first) for _ in range(8)]:
            done.result()
    assert sham.count("POST /identity/v3/auth/tokens") == 1


def server(number: int) -> dict[str, Any]:
    return {"id": f"server-{number}", "status": "UNKNOWN"}


def test_servers_are_read_in_pages(sham: Sham, cloud: OpenStackCloud) -> None:
    def page(url: str) -> tuple[int, Any]:
        query = parse_qs(urlsplit(url).query)
        assert query["all_tenants"] == ["1"]
        after = query.get("marker", ["server--1"])[0]
        start = int(after.removeprefix("server-")) + 1
        links = [{"rel": "next", "href": "…"}] if start < 4 else []
        found = [server(start), server(start + 1)]
        return 200, {"servers": found, "servers_links": links}

    sham.answers["GET /compute/v2.1/servers/detail"] = page
    servers = list(cloud.servers())
    assert [it.id for it in servers] == [f"server-{number}" for number in range(6)]
    assert servers[0].vm_state == "unknown"


def test_a_page_that_lost_its_beginning_is_to_be_read_again(
    sham: Sham, cloud: OpenStackCloud
) -> None:
    def page(url: str) -> tuple[int, Any]:
        if "marker" in url:
            return 400, {"badRequest": {"message": "marker [server-0] not found"}}
        links = [{"rel": "next", "href": "…"}]
        return 200, {"servers": [server(0)], "servers_links": links}

    sham.answers["GET /compute/v2.1/servers/detail"] = page
    with pytest.raises(Conflict, match="look again"):
        list(cloud.servers())


def test_an_allocation_below_a_host_is_the_host_s(
    sham: Sham, cloud: OpenStackCloud
) -> None:
    Crowd(sham, 2)
    held = {
        "id-0000": {"resources": {MEMORY_MB: 1}},
        "numa": {"resources": {"PCPU": 2}},
    }
    sham.answers["GET /placement/allocations/u"] = 200, {"allocations": held}
    node = {"root_provider_uuid": "id-0000", "name": "numa0"}
    sham.answers["GET /placement/resource_providers/numa"] = 200, node
    assert cloud.allocations("u") == {"id-0000": {MEMORY_MB: 1, "PCPU": 2}}


def test_a_child_process_makes_a_connection_of_its_own(
    sham: Sham, cloud: OpenStackCloud
) -> None:
    cloud.whoami()
    child = os.fork()
    if child == 0:
        os._exit(0 if cloud.whoami() == "me" else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert sham.count("POST /identity/v3/auth/tokens") == 2
