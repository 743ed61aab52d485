"""What is used on a host, and by whom: the article's ``nova host-describe``.

Three figures that never agree, and why: *used* is placement's and counts running
moves and what waits for its confirmation; the sum over the *instances* counts only
who is there; the *capacity* is (total - reserved) x ratio, so that more VCPUs may be
given away than there are.
"""

from __future__ import annotations

from typing import TypedDict

from django.db.models import Count, Sum

from migrations_app.models import Cloud, Instance


class Usage(TypedDict):
    """What the instances of one project take on a host: MiB of memory, GiB of disk."""

    project_id: str
    project_name: str
    instances: int
    vcpus: int
    memory: int
    disk: int


def usage_by_project(cloud: Cloud, host: str) -> list[Usage]:
    """Return what each project's instances take on the host, most memory first."""
    there = Instance.objects.filter(cloud=cloud, host=host).order_by()
    sums = there.values("project_id", "project_name").annotate(
        instances=Count("pk"),
        sum_vcpus=Sum("vcpus"),
        sum_memory=Sum("memory"),
        sum_disk=Sum("disk"),
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
