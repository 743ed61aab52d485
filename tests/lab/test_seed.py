"""What `seed` makes of what an earlier run left; Nova and Cinder are stand-ins here."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lab.api import boot, ready, seed
from lab.progress import LabError

NAMES = ("web-0", "web-stopped", "web-locked", "batch-data", "batch-volume")


def named(*names: str) -> Callable[[], list[Any]]:
    return lambda: [SimpleNamespace(name=name, id=name) for name in names]


class Standing:
    """Nova's and Cinder's answers, as far as `seed` asks; all happens at once."""

    def __init__(self, folder: Path) -> None:
        self.servers: dict[str, Any] = {}
        self.volumes: dict[str, Any] = {}
        self.attached: dict[str, str] = {}
        self.done: list[str] = []
        self.pools: list[list[str]] = []
        self.new_status = "ACTIVE"
        compute = SimpleNamespace(
            servers=lambda all_projects: list(self.servers.values()),
            get_server=lambda id: self.servers[id],
            delete_server=self.delete_server,
            wait_for_delete=lambda *_, **__: None,
            create_server=self.create_server,
            stop_server=lambda id: self.change(id, "stop", status="SHUTOFF"),
            lock_server=lambda id, locked_reason: self.change(
                id, "lock", is_locked=True
            ),
            volume_attachments=lambda id: [a for a in [self.attached.get(id)] if a],
            create_volume_attachment=self.attach,
            flavors=named("m1.tiny", "m1.small", "m1.medium"),
            server_groups=list,
        )
        storage = SimpleNamespace(
            volumes=lambda name: [v for v in self.volumes.values() if v.name == name],
            get_volume=lambda id: self.volumes[id],
            create_volume=self.create_volume,
            wait_for_status=lambda *_, **__: None,
            wait_for_delete=lambda *_, **__: None,
            reset_volume_status=lambda *_: None,
            delete_volume=lambda volume, force: self.volumes.pop(volume.id),
            set_volume_bootable_status=lambda *_: None,
            backend_pools=lambda: self.pools.pop(0),
        )
        self.admin = SimpleNamespace(
            compute=compute,
            block_storage=storage,
            image=SimpleNamespace(images=named(ready.FAKE_IMAGE)),
            network=SimpleNamespace(networks=named("web-net", "batch-net")),
        )
        self.facts = {
            "state_dir": str(folder),
            "run_dir": "/lab/run",
            "fake_zones": ["OS1", "OS2"],
            "zones": {"compute-30": "OS1", "compute-31": "OS2"},
            "cinder": True,
            "volume_types": ["fake"],
            "libvirt_hosts": [],
            "libvirt_zone": None,
        }

    def member(self, project: str) -> Any:
        return self.admin

    def change(self, id: str, what: str, **fields: object) -> None:
        self.done.append(f"{what} {id}")
        self.servers[id].__dict__.update(fields)

    def create_server(self, *, name: str, **request: Any) -> Any:
        self.done.append(f"create {name}")
        return self.there(name, status=self.new_status)

    def delete_server(self, id: str) -> None:
        self.done.append(f"delete {id}")
        self.servers.pop(id)
        self.attached.pop(id, None)

    def there(self, name: str, *, status: str = "ACTIVE", ran: bool = False) -> Any:
        self.servers[name] = SimpleNamespace(
            id=name,
            name=name,
            status=status,
            task_state=None,
            fault=None,
            is_locked=False,
            launched_at="2026-01-01T00:00:00" if ran or status == "ACTIVE" else None,
            hypervisor_hostname="compute-30",
        )
        return self.servers[name]

    def create_volume(self, *, name: str, **_: Any) -> Any:
        self.done.append(f"create volume {name}")
        volume = SimpleNamespace(id=f"{name}-new", name=name, status="available")
        self.volumes[volume.id] = volume
        return volume

    def attach(self, server: str, *, volume_id: str) -> None:
        self.attached[server] = volume_id


@pytest.fixture
def cloud(tmp_path: Path) -> Any:
    return Standing(tmp_path)


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time that is waited passes at once."""
    passed = [0.0]

    def sleep(seconds: float) -> None:
        passed[0] += seconds

    clock = SimpleNamespace(sleep=sleep, monotonic=lambda: passed[0])
    monkeypatch.setattr(boot, "time", clock)


def sow(cloud: Any) -> None:
    seed.seed(cloud, *NAMES)


def test_it_makes_all_and_a_second_run_changes_nothing(cloud: Any) -> None:
    sow(cloud)
    assert cloud.servers["web-stopped"].status == "SHUTOFF"
    assert cloud.servers["web-locked"].is_locked
    assert cloud.attached["batch-data"] == "batch-data-volume-new"
    cloud.done.clear()
    sow(cloud)
    assert cloud.done == []


def test_it_finishes_what_an_interrupted_run_has_only_begun(cloud: Any) -> None:
    for name in NAMES:
        cloud.there(name)
    sow(cloud)
    assert cloud.servers["web-stopped"].status == "SHUTOFF"
    assert cloud.servers["web-locked"].is_locked
    assert "batch-data" in cloud.attached
    assert not [done for done in cloud.done if done.startswith("delete")]


@pytest.mark.parametrize("status", ["ERROR", "BUILD"])
def test_it_makes_anew_what_is_broken_or_half_made(
    cloud: Any, status: str, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.there("web-0", status=status)
    sow(cloud)
    assert cloud.done[:2] == ["delete web-0", "create web-0"]
    assert cloud.servers["web-0"].status == "ACTIVE"
    assert f"web-0 is in {status}: it is made anew" in capsys.readouterr().out


def test_it_leaves_alone_what_ran_and_has_failed_since(
    cloud: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    cloud.there("web-0", status="ERROR", ran=True)
    sow(cloud)
    assert cloud.servers["web-0"].status == "ERROR"
    assert "create web-0" not in cloud.done
    assert "web-0 is in ERROR and is left so" in capsys.readouterr().out


def test_it_goes_on_when_one_fails_meanwhile(
    cloud: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """As in the demo, which begins its moves beside the seed."""
    cloud.there("web-0", ran=True)
    failed = SimpleNamespace(**{**vars(cloud.servers["web-0"]), "status": "ERROR"})
    cloud.admin.compute.get_server = lambda id: (
        failed if id == "web-0" else cloud.servers[id]
    )
    sow(cloud)
    assert "web-0 is in ERROR and is left so" in capsys.readouterr().out
    assert cloud.servers.keys() >= set(NAMES)


@pytest.mark.parametrize("status", ["error", "attaching", "in-use"])
def test_it_makes_anew_a_volume_that_cannot_be_attached(
    cloud: Any, status: str, now: None
) -> None:
    for name in ("batch-data-volume", "batch-volume-root"):
        cloud.volumes[name] = SimpleNamespace(id=name, name=name, status=status)
    sow(cloud)
    assert sorted(cloud.volumes) == ["batch-data-volume-new", "batch-volume-root-new"]


def test_of_an_instance_in_error_it_says_the_way_out(cloud: Any) -> None:
    cloud.new_status = "ERROR"
    with pytest.raises(LabError) as refused:
        sow(cloud)
    said = str(refused.value)
    assert said.startswith("web-0 is in ERROR: Nova gives no reason. ")
    assert "`python3 -m lab seed` makes it anew" in said
    assert "`python3 -m lab reset`" in said


def test_the_lab_is_up_only_when_a_volume_can_be_made(
    cloud: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.pools = [[], [], ["volume-1@fake#fake"]]
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    ready._backend(cloud)
    assert cloud.pools == []


def test_a_backend_that_is_never_heard_of_is_told_with_its_log(
    cloud: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.pools = [[]]
    monkeypatch.setattr(ready, "BACKEND_SECONDS", -1)
    with pytest.raises(LabError, match=r"see /lab/run/cinder-volume\.log"):
        ready._backend(cloud)


def test_all_backends_must_be_heard_of(
    cloud: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.facts["volume_types"] = ["fake", "loop"]
    cloud.pools = [["volume-1@fake#fake"], ["volume-1@fake#fake", "volume-1@loop#loop"]]
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    ready._backend(cloud)
    assert cloud.pools == []
