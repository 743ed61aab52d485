"""Usage of a host by project, like Nova's host-describe.

Three figures differ. *Used now* comes from Placement; it counts running moves on both
hosts, and moves that wait for confirmation. The *sum of flavors* (Nova's used_max) adds
up the flavors of the instances on the host, with the root disk of an instance that
boots from a volume (nova/api/openstack/compute/hosts.py, HostController.show). The
*capacity* is (total - reserved) x ratio, so that more VCPUs can be allocated than
exist.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypedDict

from django.db.models import Count, Sum

from migrations_app.models import Cloud, Hypervisor, Instance

# What flavors sum up, and what placement has of a host: dedicated CPUs apart.
RESOURCES = ("vcpus", "memory", "disk")
CLASSES = (*RESOURCES, "pcpus")


class Usage(TypedDict):
    """Usage of a host by the instances of one project: MiB of memory, GiB of disk."""

    project_id: str
    project_name: str
    instances: int
    vcpus: int
    memory: int
    disk: int


@dataclass(frozen=True, slots=True)
class Most:
    """Number of instances of a host, and the sum of their flavors: MiB and GiB."""

    instances: int = 0
    vcpus: int = 0
    memory: int = 0
    disk: int = 0


NOTHING = Most()


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a host's table; None if unknown or not applicable."""

    name: str
    vcpus: float | None
    memory: float | None
    disk: float | None
    pcpus: float | None = None
    instances: int | None = None
    project: bool = False
    link: str = ""
    hint: str = ""


def usage_by_project(cloud: Cloud, host: str) -> list[Usage]:
    """Return the usage of the host by project, most memory first."""
    there = Instance.objects.filter(cloud=cloud, host=host).order_by()
    sums = there.values("project_id", "project_name").annotate(
        instances=Count("pk"),
        sum_vcpus=Sum("vcpus"),
        sum_memory=Sum("memory"),
        sum_disk=Sum("flavor_disk"),
    )
    return [
        Usage(
            project_id=row["project_id"],
            project_name=row["project_name"],
            instances=row["instances"],
            vcpus=row["sum_vcpus"],
            memory=row["sum_memory"],
            disk=row["sum_disk"],
        )
        for row in sums.order_by("-sum_memory", "project_id")
    ]


def used_most(
    rows: Iterable[Hypervisor] | None = None,
) -> dict[tuple[int, str], Most]:
    """Return the sum of flavors of these hosts (of all, if None), by cloud and host.

    Hosts without instances are left out.
    """
    there = Instance.objects.order_by()
    if rows is None:
        there = there.exclude(host="")
    else:
        there = there.filter(
            cloud__in=Cloud.objects.values("pk"), host__in={row.host for row in rows}
        )
    sums = there.values("cloud_id", "host").annotate(
        instances=Count("pk"),
        sum_vcpus=Sum("vcpus"),
        sum_memory=Sum("memory"),
        sum_disk=Sum("flavor_disk"),
    )
    return {
        (row["cloud_id"], row["host"]): Most(
            row["instances"], row["sum_vcpus"], row["sum_memory"], row["sum_disk"]
        )
        for row in sums
    }


def described(of: Hypervisor, usages: Sequence[Usage]) -> list[Row]:
    """Return the table of one host: capacity, usage, and usage by project."""
    everybody = Most(
        instances=sum(usage["instances"] for usage in usages),
        vcpus=sum(usage["vcpus"] for usage in usages),
        memory=sum(usage["memory"] for usage in usages),
        disk=sum(usage["disk"] for usage in usages),
    )
    rows = [
        Row(
            "Total",
            *(of.vcpus_total, of.memory_total, of.disk_total, of.pcpus_total),
            hint="hardware of the machine",
        ),
        Row(
            "Reserved",
            *(of.vcpus_reserved, of.memory_reserved, of.disk_reserved),
            of.pcpus_reserved,
            hint="reserved for the host itself",
        ),
        Row("Ratio", of.vcpus_ratio, of.memory_ratio, of.disk_ratio, of.pcpus_ratio),
        Row(
            "Capacity",
            *(of.vcpus_capacity, of.memory_capacity, of.disk_capacity),
            of.pcpus_capacity,
            hint="(total - reserved) x ratio",
        ),
        Row(
            "Used now",
            *(of.vcpus_used, of.memory_used, of.disk_used, of.pcpus_used),
            hint="allocated in Placement",
        ),
        Row(
            "Used now, by Nova",
            *(of.nova_vcpus_used, of.nova_memory_used, of.nova_disk_used),
            hint="including reserved memory",
        ),
        Row(
            "Sum of flavors",
            *(everybody.vcpus, everybody.memory, everybody.disk),
            instances=everybody.instances,
            hint="flavors of its instances",
        ),
        Row(
            "Free",
            max(0, of.vcpus_capacity - of.vcpus_used),
            max(0, of.memory_capacity - of.memory_used),
            max(0, of.disk_capacity - of.disk_used),
            max(0, of.pcpus_capacity - of.pcpus_used),
            hint="capacity minus used now",
        ),
    ]
    rows += [
        Row(
            usage["project_name"] or usage["project_id"],
            *(usage["vcpus"], usage["memory"], usage["disk"]),
            instances=usage["instances"],
            project=True,
            link=usage["project_id"],
        )
        for usage in usages
    ]
    return rows
