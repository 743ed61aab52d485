"""Two clouds under one set of cases: the pretend one, and OpenStack in the lab.

What the cases need beyond ``ports.Cloud`` is to boot servers and to let time pass.
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import yaml
from keystoneauth1.adapter import Adapter
from keystoneauth1.identity.v3 import Password
from keystoneauth1.session import Session

from migrations_app.integrations.adapters.openstack import OpenStackCloud
from migrations_app.integrations.interfaces import Cloud
from pretend import PretendCloud, seed
from pretend.seed import TINY

IMAGE, FLAVOR, PROJECT = "fake-image", "m1.tiny", "web"
PATIENCE = 90.0  # seconds of real time; a move in the lab takes about 7


class Place(Protocol):
    """A cloud, and the hands that its own interface has not."""

    @property
    def cloud(self) -> Cloud: ...

    @property
    def stranger(self) -> Cloud:
        """The same, with a wrong password."""
        ...

    @property
    def closed(self) -> Cloud:
        """The same, at an address where nobody listens."""
        ...

    def boot(
        self,
        host: str = "compute-30",
        *,
        group: str | None = None,
        live_seconds: int | None = None,
    ) -> str:
        """Return the id of a new running server on that host.

        Its live migrations last that long, where clocks go on by themselves: who is to
        do something meanwhile may be slow.
        """
        ...

    def group(self, policy: str) -> str:
        """Return the id of a new server group."""
        ...

    def remove(self, server_id: str) -> None:
        """Delete the server; it may take a moment."""
        ...

    def until(self, what: Callable[[], Any]) -> Any:
        """Let time pass until ``what`` holds, and return it. Fails after a while."""
        ...

    def close(self) -> None:
        """Take away all that was made."""
        ...


class HandClock:
    """A clock that goes on only when told so."""

    def __init__(self) -> None:
        self.time = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def later(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


class PretendPlace:
    """The pretend cloud; a day in it passes in a moment."""

    def __init__(self, folder: Path) -> None:
        self.clock = HandClock()
        self.cloud = PretendCloud("lab", folder / "cloud.sqlite3", clock=self.clock)
        seed(self.cloud)
        self.stranger = PretendCloud("lab", clock=self.clock)
        self.stranger.lock_out()
        self.closed = PretendCloud("lab", clock=self.clock)
        self.closed.down()
        self.names = itertools.count()

    def boot(
        self,
        host: str = "compute-30",
        *,
        group: str | None = None,
        live_seconds: int | None = None,
    ) -> str:
        name = f"contract-{next(self.names)}"
        return self.cloud.create(
            name, host=host, project=PROJECT, flavor=TINY, group=group
        )

    def group(self, policy: str) -> str:
        return self.cloud.group(f"contract-{next(self.names)}", policy)

    def remove(self, server_id: str) -> None:
        self.cloud.delete(server_id)

    def until(self, what: Callable[[], Any]) -> Any:
        for _ in range(400):
            if found := what():
                return found
            self.clock.later(0.25)
        raise AssertionError("this did not come about")

    def close(self) -> None:
        for cloud in (self.cloud, self.stranger, self.closed):
            cloud.close()


class LabPlace:
    """OpenStack. Servers are made past the adapter under test."""

    def __init__(self, clouds_yaml: Path, folder: Path) -> None:
        text = clouds_yaml.read_text(encoding="utf-8")
        self.entry: dict[str, Any] = yaml.safe_load(text)["clouds"]["lab"]
        self.clouds_yaml = folder / "clouds.yaml"
        self.write_clouds()
        self.cloud = OpenStackCloud("lab")
        self.stranger = OpenStackCloud("stranger")
        self.closed = OpenStackCloud("closed", timeout=5)
        session = Session(auth=Password(**self.entry["auth"]), timeout=120)
        self.nova = Adapter(
            session, service_type="compute", default_microversion="2.96"
        )
        neutron = Adapter(session, service_type="network", version="2")
        self.glance = Adapter(session, service_type="image", version="2")
        self.network = neutron.get(f"/networks?name={PROJECT}-net").json()
        self.image = self.glance.get(f"/images?name={IMAGE}").json()
        self.flavors = self.nova.get("/flavors").json()["flavors"]
        self.made: list[str] = []
        self.names = itertools.count()

    def write_clouds(self, **more: dict[str, Any]) -> None:
        """Write a clouds.yaml with the lab, its two broken sisters, and more."""
        auth = self.entry["auth"]
        stranger = {**self.entry, "auth": {**auth, "password": "not the one"}}
        nobody = {**auth, "auth_url": "http://127.0.0.1:1/v3"}
        closed = {**self.entry, "auth": nobody}
        clouds = {"lab": self.entry, "stranger": stranger, "closed": closed, **more}
        text = yaml.safe_dump({"clouds": clouds})
        self.clouds_yaml.write_text(text, encoding="utf-8")

    def boot(
        self,
        host: str = "compute-30",
        *,
        group: str | None = None,
        live_seconds: int | None = None,
    ) -> str:
        flavor = next(it["id"] for it in self.flavors if it["name"] == FLAVOR)
        server = {
            "name": f"contract-{os.getpid()}-{next(self.names)}",
            "flavorRef": flavor,
            "imageRef": self.image["images"][0]["id"],
            "networks": [{"uuid": self.network["networks"][0]["id"]}],
            "host": host,
        }
        if live_seconds is not None:  # lab/inside/fake_driver.py reads it
            server["metadata"] = {"novaweb_lab_live_seconds": str(live_seconds)}
        body = {"server": server, "os:scheduler_hints": {"group": group}}
        if group is None:
            del body["os:scheduler_hints"]
        answer = self.nova.post("/servers", json=body)
        server_id = str(answer.json()["server"]["id"])
        self.made.append(f"/servers/{server_id}")
        self.until(lambda: self.cloud.server(server_id).status == "ACTIVE")
        return server_id

    def group(self, policy: str) -> str:
        name = f"contract-{os.getpid()}-{next(self.names)}"
        body = {"server_group": {"name": name, "policy": policy}}
        answer = self.nova.post("/os-server-groups", json=body)
        group_id = str(answer.json()["server_group"]["id"])
        self.made.insert(0, f"/os-server-groups/{group_id}")
        return group_id

    def remove(self, server_id: str) -> None:
        self.nova.delete(f"/servers/{server_id}")

    def until(self, what: Callable[[], Any]) -> Any:
        deadline, pause = time.monotonic() + PATIENCE, 0.2
        while time.monotonic() < deadline:
            if found := what():
                return found
            # Nova, asked without a break, would do nothing else
            time.sleep(pause)
            pause = min(0.5, 1.5 * pause)
        raise AssertionError("this did not come about")

    def close(self) -> None:
        while self.made:
            self.nova.delete(self.made.pop(), raise_exc=False)
