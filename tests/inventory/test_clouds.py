"""The inventory of clouds that behave as clouds do: the pretend one, and a real one."""

from __future__ import annotations

import time
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import CommandError, call_command
from django.utils import timezone
from keystoneauth1.adapter import Adapter
from keystoneauth1.identity.v3 import Password
from keystoneauth1.session import Session

from migrations_app.integrations import connect
from migrations_app.integrations.adapters.openstack import OpenStackCloud
from migrations_app.inventory.sync import refresh_instance, sync
from migrations_app.models import Cloud, Hypervisor, Instance
from tests.lab_plugin import TO_BEGIN_WITH
from tests.stage import Stage

pytestmark = pytest.mark.django_db
PATIENCE = 30.0  # seconds
Figures = dict[str, dict[str, tuple[int, int]]]


@pytest.fixture
def stage(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Stage:
    settings.NOVAWEB_CLOUDS = ["pretend"]
    made = Stage()
    monkeypatch.setattr(connect, "_cloud", lambda name: made.cloud)
    return made


def test_the_pretend_cloud_is_read_as_it_says_of_itself(stage: Stage) -> None:
    report = sync("pretend", stage.cloud, now=timezone.now())

    assert (report.hypervisors, report.instances) == (2, 1)
    web = Instance.objects.get()
    assert (web.uuid, web.host) == (stage.server, stage.source)
    source = Hypervisor.objects.get(host=stage.source)
    assert source.vcpus_used == web.vcpus
    assert source.memory_used == web.memory


def test_the_command_says_what_it_read(stage: Stage) -> None:
    out = StringIO()

    call_command("sync", stdout=out)

    assert "2 hypervisors and 1 instances read" in out.getvalue()
    assert Cloud.objects.get().synced_at is not None


@pytest.mark.parametrize("trouble", ["down", "lock_out"])
def test_the_command_fails_with_the_sentence_of_the_cloud(
    stage: Stage, trouble: str
) -> None:
    getattr(stage.cloud, trouble)()

    with pytest.raises(CommandError, match=r"^pretend: .*\.$"):
        call_command("sync")
    assert Cloud.objects.get().trouble


def test_the_command_knows_only_configured_clouds(stage: Stage) -> None:
    with pytest.raises(CommandError, match="Configured: pretend"):
        call_command("sync", "atlantis")


def placement_says(clouds_yaml: str, provider: str) -> dict[str, tuple[int, int]]:
    """Return total and usage of each resource class, past our own adapter."""
    settings = yaml.safe_load(Path(clouds_yaml).read_text("utf-8"))["clouds"]["lab"]
    session = Session(Password(**settings["auth"]), timeout=120)
    placement = Adapter(session, service_type="placement")
    path = f"/resource_providers/{provider}"
    stock = placement.get(f"{path}/inventories").json()["inventories"]
    used = placement.get(f"{path}/usages").json()["usages"]
    return {name: (stock[name]["total"], used[name]) for name in stock}


def we_say(row: Hypervisor) -> dict[str, tuple[int, int]]:
    return {
        "VCPU": (row.vcpus_total, row.vcpus_used),
        "MEMORY_MB": (row.memory_total, row.memory_used),
        "DISK_GB": (row.disk_total, row.disk_used),
    }


@pytest.mark.lab
@pytest.mark.alone
def test_a_real_cloud_s_figures_are_placement_s(
    lab: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(lab["clouds_yaml"]))
    cloud = OpenStackCloud("lab", timeout=120.0)
    deadline = time.monotonic() + PATIENCE
    theirs: Figures | None = None
    ours: Figures = {}
    # servers that other tests left may be going away while we read
    while theirs != ours and time.monotonic() < deadline:
        report = sync("lab", cloud, now=timezone.now())
        assert report.trouble == ""
        assert report.hypervisors >= 5
        rows = Hypervisor.objects.all()
        ours = {row.host: we_say(row) for row in rows}
        theirs = {r.host: placement_says(lab["clouds_yaml"], r.uuid) for r in rows}

    assert ours == theirs
    assert Instance.objects.exists()


@pytest.mark.lab
@pytest.mark.alone
def test_one_instance_of_a_real_cloud_is_read_alone(
    lab: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(lab["clouds_yaml"]))
    cloud = OpenStackCloud("lab", timeout=120.0)
    # the newest may be on its way out: what tests make is removed beside the next one
    server = next(it for it in cloud.servers() if it.name == TO_BEGIN_WITH[0])

    row = refresh_instance("lab", cloud, server.id, timezone.now())

    assert row is not None
    assert (row.name, row.host) == (server.name, server.host)
    assert Instance.objects.count() == 1
