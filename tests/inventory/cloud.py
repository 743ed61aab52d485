"""A cloud made of values: what the inventory may ask of one, and nothing more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import cast

from migrations_app.errors import Gone, WorldError
from migrations_app.integrations import interfaces
from migrations_app.inventory.read_cloud import Report
from migrations_app.inventory.sync import sync
from migrations_app.models import Instance


def stock(
    total: int, used: int = 0, *, reserved: int = 0, ratio: float = 1.0
) -> interfaces.Stock:
    return interfaces.Stock(
        total=total, reserved=reserved, ratio=ratio, used=used, max_unit=total
    )


def hypervisor(host: str, **changes: object) -> interfaces.Hypervisor:
    seen = interfaces.Hypervisor(
        id=f"node-{host}",
        host=host,
        node=f"{host}.example.org",
        type="QEMU",
        version=7002000,
        zone="OS1",
        aggregates=("OS1",),
        enabled=True,
        up=True,
        disabled_reason=None,
        stock={
            interfaces.VCPU: stock(8, 2, ratio=4.0),
            interfaces.MEMORY_MB: stock(16384, 1024, reserved=512),
            interfaces.DISK_GB: stock(100, 10),
        },
    )
    return replace(seen, **changes)  # type: ignore[arg-type]


def service(host: str) -> interfaces.Service:
    return interfaces.Service(
        id=f"service-{host}",
        binary="nova-compute",
        host=host,
        zone="OS1",
        enabled=True,
        up=True,
    )


def server(name: str, host: str | None, **changes: object) -> interfaces.Server:
    seen = interfaces.Server(
        id=f"id-of-{name}",
        name=name,
        project_id="p1",
        status="ACTIVE",
        vm_state="active",
        task_state=None,
        power_state=1,
        host=host,
        node=host and f"{host}.example.org",
        zone="OS1",
        pinned_zone=None,
        flavor=interfaces.Flavor("m1.small", vcpus=1, ram_mb=512, disk_gb=5),
        image="cirros",
    )
    return replace(seen, **changes)  # type: ignore[arg-type]


@dataclass
class Listing:
    """What Nova would list, and what it would answer for a server by its id.

    ``before_server`` is called with each server before it is yielded: the place for
    what happens while a page is read, or for an error in the middle.
    """

    name: str = "one"
    hosts: list[interfaces.Hypervisor] = field(default_factory=list)
    computes: list[interfaces.Service] = field(default_factory=list)
    listed: list[interfaces.Server] = field(default_factory=list)
    unlisted: list[interfaces.Server] = field(default_factory=list)
    tenants: list[interfaces.Project] = field(default_factory=list)
    trouble: WorldError | None = None
    # what it tells to whom asks for changes: which, and since when that was asked
    changed: list[interfaces.Server] = field(default_factory=list)
    since: list[datetime] = field(default_factory=list)
    all_groups: list[interfaces.ServerGroup] = field(default_factory=list)
    all_moves: list[interfaces.Migration] = field(default_factory=list)
    groups_asked: int = 0
    before_server: Callable[[interfaces.Server], None] = lambda server: None
    asked_for: list[str] = field(default_factory=list)

    def as_cloud(self) -> interfaces.Cloud:
        return cast(interfaces.Cloud, self)

    def hypervisors(self) -> list[interfaces.Hypervisor]:
        if self.trouble is not None:
            raise self.trouble
        return self.hosts

    def services(self) -> list[interfaces.Service]:
        return self.computes

    def projects(self) -> list[interfaces.Project]:
        return self.tenants

    def groups(self) -> list[interfaces.ServerGroup]:
        self.groups_asked += 1
        return self.all_groups

    def moves(self, *, since: datetime | None = None) -> list[interfaces.Migration]:
        return [
            each
            for each in self.all_moves
            if (since is None and not each.over)
            or (since and (each.updated_at or each.created_at) >= since)
        ]

    def servers(
        self, *, changes_since: datetime | None = None, host: str | None = None
    ) -> Iterator[interfaces.Server]:
        if changes_since is not None:
            self.since.append(changes_since)
        for each in self.listed if changes_since is None else self.changed:
            self.before_server(each)
            yield each

    def server(self, server_id: str) -> interfaces.Server:
        self.asked_for.append(server_id)
        for each in [*self.listed, *self.unlisted]:
            if each.id == server_id:
                return each
        raise Gone(f"Nova knows no instance {server_id}.")


def scan(name: str, cloud: interfaces.Cloud, *, now: datetime) -> Report:
    """Read the cloud whole, whether that is due or not."""
    return sync(name, cloud, now=now, whole=True)


def at(cloud: Listing, moment: datetime) -> bool:
    """Read it at that moment; tell whether it was read whole."""
    report = sync("one", cloud.as_cloud(), now=moment)
    assert report.trouble == ""
    return report.whole


def cloud_of_two_hosts() -> Listing:
    """Return a cloud of web on compute-30 and db on compute-31, both of shop."""
    return Listing(
        hosts=[hypervisor("compute-30"), hypervisor("compute-31")],
        computes=[service("compute-30"), service("compute-31")],
        listed=[server("web", "compute-30"), server("db", "compute-31")],
        tenants=[interfaces.Project("p1", "shop")],
    )


def hosts_of_instances() -> dict[str, str]:
    """Return where our copy says that each instance is, by name."""
    return dict(Instance.objects.values_list("name", "host"))


def failing(error: Exception, *, at: str = "") -> Callable[[interfaces.Server], None]:
    """Return what raises the error before that server is read; without one, any."""

    def fail(each: interfaces.Server) -> None:
        if at in ("", each.name):
            raise error

    return fail
