"""The overview's figures beside those of the openstack client, on a real Nova.

The client's commands are read as the calls that they make: ``openstack host show``
(/os-hosts/{host}, at 2.1), ``openstack hypervisor show`` (/os-hypervisors, at 2.87)
and ``openstack resource provider usage show`` and ``inventory list``. While a move is
under way they change by themselves, so both are read before and after our reading,
and a pair that differs is no witness.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from keystoneauth1.adapter import Adapter

from migrations_app.inventory import capacity
from migrations_app.inventory.sync import sync
from migrations_app.models import Cloud, Hypervisor
from tests.integrations.adapters.clouds import LabPlace

pytestmark = [
    pytest.mark.lab,
    pytest.mark.alone,
    pytest.mark.django_db(transaction=True),
]

SOURCE, TARGET = "compute-30", "compute-34"
CLASSES = {"vcpus": "VCPU", "memory": "MEMORY_MB", "disk": "DISK_GB"}
Figures = dict[str, dict[str, Any]]


@pytest.fixture
def place(
    lab: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[LabPlace]:
    place = LabPlace(Path(lab["clouds_yaml"]), tmp_path)
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(place.clouds_yaml))
    try:
        yield place
    finally:
        place.close()


@dataclass
class Witness:
    """What OpenStack says of every host, by the calls of its own client."""

    place: LabPlace

    def __post_init__(self) -> None:
        session = self.place.nova.session
        self.placement = Adapter(
            session, service_type="placement", default_microversion="1.31"
        )

    def figures(self) -> Figures:
        """Return the figures of each host, in the form of ``ours``."""
        told: Figures = {}
        place = "/os-hypervisors/detail"
        for it in self.nova(place, "2.87")["hypervisors"]:
            host = it["service"]["host"]
            provider = f"/resource_providers/{it['id']}"
            told[host] = {
                "nova": {
                    "vcpus": (it["vcpus"], it["vcpus_used"]),
                    "memory": (it["memory_mb"], it["memory_mb_used"]),
                    "disk": (it["local_gb"], it["local_gb_used"]),
                },
                "placement": self.of_placement(provider),
                "host": self.of_host(host),
            }
        return told

    def of_placement(self, provider: str) -> dict[str, Any]:
        used = self.placement.get(f"{provider}/usages").json()["usages"]
        has = self.placement.get(f"{provider}/inventories").json()["inventories"]
        return {
            name: (
                *(has[each]["total"], has[each]["reserved"]),
                *(has[each]["allocation_ratio"], used[each]),
            )
            for name, each in CLASSES.items()
        }

    def of_host(self, host: str) -> dict[str, Any]:
        rows = {
            it["resource"]["project"]: (
                *(it["resource"]["cpu"], it["resource"]["memory_mb"]),
                it["resource"]["disk_gb"],
            )
            for it in self.nova(f"/os-hosts/{host}", "2.1")["host"]
        }
        return {name: row for name, row in rows.items() if any(row)}

    def nova(self, path: str, version: str) -> Any:
        answer = self.place.nova.get(path, microversion=version)
        assert answer.status_code == 200, answer.text
        return answer.json()


def ours() -> Figures:
    """Return what the overview and the hosts' pages show."""
    cloud = Cloud.objects.get(name="lab")
    most = capacity.used_most()
    told: Figures = {}
    for row in Hypervisor.objects.filter(cloud=cloud):
        there = most.get((cloud.pk, row.host), capacity.NOTHING)
        nova = {
            name: (getattr(row, f"nova_{name}"), getattr(row, f"nova_{name}_used"))
            for name in CLASSES
        }
        described = {
            "(total)": tuple(each[0] for each in nova.values()),
            "(used_now)": tuple(each[1] for each in nova.values()),
            "(used_max)": (there.vcpus, there.memory, there.disk),
            **{
                each["project_id"]: (each["vcpus"], each["memory"], each["disk"])
                for each in capacity.usage_by_project(cloud, row.host)
            },
        }
        told[row.host] = {
            "nova": nova,
            "placement": {
                name: tuple(
                    getattr(row, f"{name}_{part}")
                    for part in ("total", "reserved", "ratio", "used")
                )
                for name in CLASSES
            },
            "host": {name: row for name, row in described.items() if any(row)},
        }
    return told


def compared(place: LabPlace, witness: Witness) -> Figures:
    """Return the figures that both had at a moment when nothing changed."""

    def agreed() -> Figures | None:
        before = witness.figures()
        report = sync("lab", place.cloud, now=timezone.now())
        assert report.trouble == ""
        if witness.figures() != before:
            return None
        assert ours() == before
        return before

    found: Figures = place.until(agreed)
    return found


def test_every_figure_equals_the_client_s_before_during_and_after_a_move(
    place: LabPlace,
) -> None:
    witness = Witness(place)
    server = place.boot(SOURCE)
    before = compared(place, witness)
    held = before[SOURCE]["placement"]["memory"][3]

    place.cloud.migrate(server, host=TARGET)
    place.until(lambda: place.cloud.server(server).status == "VERIFY_RESIZE")
    # it has moved, and both hosts are charged until somebody confirms it
    waits = compared(place, witness)
    assert waits[SOURCE]["placement"]["memory"][3] == held
    assert waits[TARGET]["placement"]["memory"] > before[TARGET]["placement"]["memory"]
    place.cloud.confirm(server)
    place.until(lambda: place.cloud.server(server).status == "ACTIVE")
    place.until(lambda: set(place.cloud.allocations(server)) == {TARGET})

    place.cloud.live_migrate(server, host=SOURCE)
    place.until(lambda: place.cloud.server(server).status == "MIGRATING")
    # nothing changes between two of Nova's steps: it copies for seconds
    compared(place, witness)
    place.until(lambda: place.cloud.server(server).host == SOURCE)
    place.until(lambda: place.cloud.server(server).status == "ACTIVE")
    place.until(lambda: set(place.cloud.allocations(server)) == {SOURCE})
    after = compared(place, witness)

    most = "(used_max)"
    assert after[SOURCE]["host"][most] == before[SOURCE]["host"][most]
