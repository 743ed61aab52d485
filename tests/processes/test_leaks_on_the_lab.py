"""What leaks on a real cloud is found, and is forgotten when it has been mended."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from keystoneauth1.adapter import Adapter

from migrations_app.integrations.adapters.ssh import SshHosts
from migrations_app.integrations.interfaces import Hosts, World
from migrations_app.inventory.leaks import scan as leak_scan
from migrations_app.inventory.sync import sync
from migrations_app.models import Cloud, Leak
from tests.integrations.adapters.clouds import LabPlace
from tests.processes.hypervisors import Hypervisors
from tests.processes.site import until

pytestmark = [pytest.mark.lab, pytest.mark.django_db(transaction=True)]

HERE, THERE = "compute-30", "compute-34"


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


@pytest.fixture
def hypervisors(lab: dict[str, Any], place: LabPlace) -> Hypervisors:
    if not lab["libvirt_hosts"]:
        pytest.skip("no hypervisors: this machine does not let us make namespaces")
    return Hypervisors(place, lab)


def found(place: LabPlace, host: str, *, hosts: Hosts | None = None) -> set[str]:
    """Look at the host, and return what leaked there: kind and subject."""
    until(
        lambda: sync("lab", place.cloud, now=timezone.now()).trouble == "",
        "the cloud to be read: a busy Keystone may answer late",
    )
    cloud = Cloud.objects.get(name="lab")
    leak_scan.look_at(cloud, host, World(place.cloud, hosts=hosts), now=timezone.now())
    rows = Leak.objects.filter(cloud=cloud, host=host)
    return {
        f"{kind} {subject}" for kind, subject in rows.values_list("kind", "subject")
    }


def test_an_allocation_that_nobody_has_is_found_until_it_is_gone(
    place: LabPlace,
) -> None:
    placement = Adapter(
        place.nova.session, service_type="placement", default_microversion="1.28"
    )
    hosts = place.nova.get("/os-hypervisors").json()["hypervisors"]
    provider = next(it["id"] for it in hosts if it["hypervisor_hostname"] == HERE)
    nobody = str(uuid4())
    placement.put(
        f"/allocations/{nobody}",
        json={
            "allocations": {provider: {"resources": {"VCPU": 1, "MEMORY_MB": 64}}},
            "project_id": uuid4().hex,
            "user_id": uuid4().hex,
            "consumer_generation": None,
        },
    )
    try:
        assert f"allocation {nobody}" in found(place, HERE)
    finally:
        placement.delete(f"/allocations/{nobody}")

    assert f"allocation {nobody}" not in found(place, HERE)


def test_a_port_that_stayed_behind_is_found_until_it_is_bound_anew(
    place: LabPlace,
) -> None:
    neutron = Adapter(place.nova.session, service_type="network", version="2")
    server = place.boot(HERE)
    port = place.cloud.ports(server)[0].id

    def bind(host: str) -> None:
        neutron.put(f"/ports/{port}", json={"port": {"binding:host_id": host}})

    bind(THERE)
    try:
        assert f"port {port}" in found(place, THERE)
    finally:
        bind(HERE)

    assert f"port {port}" not in found(place, THERE)


def test_a_domain_of_an_instance_that_nova_does_not_know_is_found_over_ssh(
    hypervisors: Hypervisors,
) -> None:
    host, nobody = hypervisors.names[0], str(uuid4())
    ssh = SshHosts(Path(hypervisors.facts["ssh_config"]))
    domain = (
        f"<domain type='qemu'><name>left-behind</name><uuid>{nobody}</uuid>"
        "<memory unit='MiB'>16</memory><os><type>hvm</type></os></domain>"
    )
    hypervisors.run(
        host, f'printf %s "{domain}" > /tmp/left.xml && virsh define /tmp/left.xml'
    )
    try:
        assert f"domain {nobody}" in found(hypervisors.place, host, hosts=ssh)
    finally:
        hypervisors.run(host, f"virsh undefine {nobody}; rm /tmp/left.xml")

    assert f"domain {nobody}" not in found(hypervisors.place, host, hosts=ssh)
