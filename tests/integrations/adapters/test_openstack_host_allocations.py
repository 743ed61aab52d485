"""What a real cloud holds of one host: of all its providers, by any binding."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from migrations_app.integrations.adapters.openstack import OpenStackCloud
from migrations_app.integrations.interfaces.host_allocations import Binding
from tests.integrations.adapters.sham import Sham, running, write_clouds

PROVIDERS = "GET /placement/resource_providers"
PORTS = "GET /network/v2.0/ports"
NODE = {"id": "rp-1", "hypervisor_hostname": "h", "service": {"host": "h"}}


@pytest.fixture
def sham(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sham]:
    path = tmp_path / "clouds.yaml"
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(path))
    with running() as sham:
        write_clouds(path, sham.base("identity"))
        nodes = {"hypervisors": [NODE]}
        sham.answers["GET /compute/v2.1/os-hypervisors/detail"] = 200, nodes
        yield sham


@pytest.fixture
def cloud() -> OpenStackCloud:
    return OpenStackCloud("sham", timeout=5)


def held(**consumers: dict[str, int]) -> tuple[int, Any]:
    allocations = {name: {"resources": it} for name, it in consumers.items()}
    return 200, {"allocations": allocations}


def test_what_is_held_below_a_host_is_held_of_the_host(
    sham: Sham, cloud: OpenStackCloud
) -> None:
    tree = {"resource_providers": [{"uuid": "rp-1"}, {"uuid": "gpu"}, {"uuid": "gone"}]}
    sham.answers[PROVIDERS] = 200, tree
    sham.answers[f"{PROVIDERS}/rp-1/allocations"] = held(
        web={"VCPU": 2}, db={"VCPU": 1}
    )
    sham.answers[f"{PROVIDERS}/gpu/allocations"] = held(
        web={"VGPU": 1}, lost={"VGPU": 1}
    )
    sham.answers[f"{PROVIDERS}/gone/allocations"] = 404, {"errors": [{"title": "Gone"}]}
    assert cloud.consumers("h") == {
        "web": {"VCPU": 2, "VGPU": 1},
        "db": {"VCPU": 1},
        "lost": {"VGPU": 1},
    }
    assert sham.count(f"{PROVIDERS}?in_tree=rp-1") == 1


def ports(url: str) -> tuple[int, Any]:
    """Answer as Neutron does: with each port that has any binding to the host."""
    query = parse_qs(urlsplit(url).query)
    assert query["binding:host_id"] == ["h"]
    found = [
        {"id": "p-1", "device_id": "web", "binding:host_id": "h"},
        {"id": "p-2", "device_id": "db", "binding:host_id": "other"},
        {"id": "p-3", "device_id": "", "binding:host_id": "h"},
    ]
    wanted = query.get("device_id")
    return 200, {
        "ports": [
            {**port, "device_owner": "compute:nova"}
            for port in found
            if wanted is None or port["device_id"] in wanted
        ]
    }


def test_a_binding_is_inactive_when_the_port_says_another_host(
    sham: Sham, cloud: OpenStackCloud
) -> None:
    sham.answers[PORTS] = ports
    assert cloud.bindings("h") == [
        Binding("p-1", "web"),
        Binding("p-2", "db", active=False),
    ]


def test_a_server_has_bindings_left_where_they_are_inactive(
    sham: Sham, cloud: OpenStackCloud
) -> None:
    sham.answers[PORTS] = ports
    assert cloud.left_bindings("db", "h") == ["p-2"]
    assert cloud.left_bindings("web", "h") == []


def test_a_server_that_holds_nothing_is_charged_as_a_new_consumer(
    sham: Sham, cloud: OpenStackCloud
) -> None:
    path = "/placement/allocations/web"
    # all that placement says of who holds nothing
    sham.answers[f"GET {path}"] = 200, {"allocations": {}}
    owner = {"id": "web", "tenant_id": "p-1", "user_id": "u-1"}
    sham.answers["GET /compute/v2.1/servers/web"] = 200, {"server": owner}
    sham.answers[f"PUT {path}"] = 204, ""
    cloud.charge("web", {"h": {"VCPU": 1}})
    assert sham.bodies[-1] == {
        "allocations": {"rp-1": {"resources": {"VCPU": 1}}},
        "project_id": "p-1",
        "user_id": "u-1",
        "consumer_generation": None,
    }


def test_a_server_that_holds_something_is_charged_as_whose_it_is(
    sham: Sham, cloud: OpenStackCloud
) -> None:
    path = "/placement/allocations/web"
    sham.answers[f"GET {path}"] = (
        200,
        {
            "allocations": {"rp-0": {"resources": {"VCPU": 1}, "generation": 2}},
            "project_id": "p-1",
            "user_id": "u-1",
            "consumer_generation": 3,
        },
    )
    sham.answers[f"PUT {path}"] = 204, ""
    cloud.charge("web", {"h": {"VCPU": 1}})
    assert sham.bodies[-1]["consumer_generation"] == 3
    assert sham.count("GET /compute/v2.1/servers") == 0
