"""What surrounds an instance, asked of Nova, Cinder, Neutron, Glance and placement."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from migrations_app.errors import Refused, Unreachable
from migrations_app.integrations.adapters.openstack import OpenStackCloud, parsing
from migrations_app.integrations.interfaces import Agent, Server, Volume
from tests.integrations.adapters.sham import Sham, running, write_clouds

NOVA = "GET /compute/v2.1"


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


def server(**fields: Any) -> Server:
    """Return a server as Nova tells it, with these fields of its JSON."""
    flavor = {"vcpus": 1, "ram": 512, "disk": 1, **fields.pop("flavor", {})}
    return parsing.server({"id": "u", "flavor": flavor, **fields})


@pytest.mark.parametrize(
    "newest, release",
    [
        ("2.72", (19, 19)),
        ("2.95", (27, 28)),
        ("2.96", (29, 30)),
        ("2.100", (31, 32)),
        ("2.103", (33, 33)),
        ("2.104", (34, 99)),
    ],
)
def test_the_release_follows_from_the_newest_microversion(
    sham: Sham, cloud: OpenStackCloud, newest: str, release: tuple[int, int]
) -> None:
    sham.newest = newest
    assert cloud.release() == release


def test_it_lists_the_moves_that_are_not_over_page_by_page(
    sham: Sham, cloud: OpenStackCloud
) -> None:
    def page(url: str) -> tuple[int, Any]:
        query = parse_qs(urlsplit(url).query)
        assert "changes-since" in query
        first = "marker" not in query
        record = {
            "id": 2 if first else 1,
            "uuid": "u2" if first else "u1",
            "instance_uuid": "i",
            "migration_type": "live-migration",
            "status": "completed" if first else "running",
            "created_at": "2026-01-01T00:00:00",
        }
        links = [{"rel": "next", "href": "…"}] if first else []
        return 200, {"migrations": [record], "migrations_links": links}

    sham.answers[f"{NOVA}/os-migrations"] = page
    assert [record.id for record in cloud.under_way()] == [1]


def test_it_reads_volumes_from_cinder_and_minds_none_that_are_gone(
    sham: Sham, cloud: OpenStackCloud
) -> None:
    sham.offer("block-storage", "v3.0")
    volume = {
        "id": "v1",
        "status": "in-use",
        "availability_zone": "OS1",
        "encrypted": True,
        "multiattach": False,
    }
    sham.answers["GET /block-storage/v3/volumes/v1"] = 200, {"volume": volume}
    gone = {"itemNotFound": {"code": 404, "message": "gone"}}
    sham.answers["GET /block-storage/v3/volumes/v2"] = 404, gone
    attached = {"os-extended-volumes:volumes_attached": [{"id": "v1"}, {"id": "v2"}]}
    (found,) = cloud.volumes(server(**attached))
    assert found == Volume("v1", "in-use", "OS1", encrypted=True)


def test_a_cloud_without_cinder_has_no_volumes(
    sham: Sham, cloud: OpenStackCloud
) -> None:
    attached = {"os-extended-volumes:volumes_attached": [{"id": "v1"}]}
    assert cloud.volumes(server(**attached)) == []


def test_shares_are_asked_for_only_where_nova_has_them(
    sham: Sham, cloud: OpenStackCloud
) -> None:
    sham.answers[f"{NOVA}/servers/u/shares"] = 200, {"shares": [{"share_id": "s1"}]}
    assert cloud.shares("u") == ["s1"]
    sham.newest = "2.96"
    old = OpenStackCloud("sham", timeout=5)
    asked = len(sham.asked)
    assert old.shares("u") == []
    assert not any("shares" in request for request in sham.asked[asked:])


def test_it_reads_the_agents_of_a_host(sham: Sham, cloud: OpenStackCloud) -> None:
    agent = {"agent_type": "OVN Controller agent", "host": "h", "alive": False}
    sham.answers["GET /network/v2.0/agents"] = 200, {"agents": [agent]}
    assert cloud.network_agents("h") == [
        Agent("OVN Controller agent", "h", alive=False)
    ]


def test_a_neutron_without_agents_has_none(sham: Sham, cloud: OpenStackCloud) -> None:
    gone = {"NeutronError": {"message": "The resource could not be found."}}
    sham.answers["GET /network/v2.0/agents"] = 404, gone
    assert cloud.network_agents("h") == []


def test_it_tells_whether_glance_has_an_image(
    sham: Sham, cloud: OpenStackCloud
) -> None:
    sham.services.append("image")
    sham.answers["GET /image"] = (
        300,
        {
            "versions": [
                {
                    "id": "v2.16",
                    "status": "CURRENT",
                    "links": [{"rel": "self", "href": f"{sham.url}/image/v2/"}],
                }
            ]
        },
    )

    def images(url: str) -> tuple[int, Any]:
        query = parse_qs(urlsplit(url).query)
        found = {("in:i1", "false"), ("in:i2", "true")}
        listed: list[dict[str, str]] = (
            [{}] if (query["id"][0], query["os_hidden"][0]) in found else []
        )
        return 200, {"images": listed}

    sham.answers["GET /image/v2/images"] = images
    assert cloud.has_image("i1")
    assert cloud.has_image("i2")
    assert not cloud.has_image("i3")
    sham.answers["GET /image/v2/images"] = 403, {"message": "Not yours."}
    with pytest.raises(Refused, match="Glance"):
        cloud.has_image("i3")


def test_a_cloud_without_glance_does_not_say_that_an_image_is_gone(
    sham: Sham, cloud: OpenStackCloud
) -> None:
    with pytest.raises((Refused, Unreachable)):
        cloud.has_image("i1")


def test_nova_tells_hints_and_what_the_image_asks_of_the_hardware() -> None:
    told = server(
        image={"id": "i", "properties": {"hw_machine_type": "q35"}},
        scheduler_hints={"same_host": ["x"]},
    )
    assert told.image_properties == {"hw_machine_type": "q35"}
    assert told.hints == {"same_host": ["x"]}
    before = server(image={"id": "i"})
    assert (before.image_properties, before.hints) == (None, None)


def test_an_instance_is_pinned_to_a_zone_with_a_name_or_it_is_not_known() -> None:
    for zone, pinned in (("OS1", "OS1"), ("", None), (None, None)):
        told = server(pinned_availability_zone=zone)
        assert (told.pinned_zone, told.pin_told) == (pinned, True)
    before = server()
    assert (before.pinned_zone, before.pin_told) == (None, False)


def test_an_aggregate_tells_the_projects_that_it_is_for() -> None:
    metadata = {"filter_tenant_id": "a, b", "filter_tenant_id2": "c", "ssd": "true"}
    assert parsing.tenants({"metadata": metadata}) == {"a", "b", "c"}
    assert parsing.tenants({"metadata": {}}) == set()
