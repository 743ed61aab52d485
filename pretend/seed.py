"""What a fresh pretend cloud holds: the hosts and zones of the article, and guests."""

from __future__ import annotations

from migrations_app.integrations.interfaces import Flavor
from pretend.cloud import PretendCloud

ZONES = {
    "compute-30": "OS1",
    "compute-31": "OS2",
    "compute-32": "OS2",
    "compute-33": "OS2",
    "compute-34": "OS1",
}
TINY = Flavor(name="m1.tiny", vcpus=1, ram_mb=512, disk_gb=1)
SMALL = Flavor(name="m1.small", vcpus=1, ram_mb=2048, disk_gb=20)
MEDIUM = Flavor(name="m1.medium", vcpus=2, ram_mb=4096, disk_gb=40)
LARGE = Flavor(name="m1.large", vcpus=4, ram_mb=8192, disk_gb=80)
SWAPPY = Flavor(
    name="m1.swap", vcpus=2, ram_mb=4096, disk_gb=20, ephemeral_gb=10, swap_mb=1024
)
HUGE = Flavor(name="x1.huge", vcpus=32, ram_mb=262144, disk_gb=2000)


def seed(cloud: PretendCloud) -> None:
    """Fill an empty cloud with the article's hosts; leave any other as it is.

    Among the guests there is one of each kind that a move has to mind.
    """
    with cloud.many():
        if not cloud.empty:
            return
        for host, zone in ZONES.items():
            cloud.add_host(host, zone=zone)
        _web(cloud)
        _batch(cloud)
        _odd(cloud)


def _web(cloud: PretendCloud) -> None:
    apart = cloud.group("web-apart", "anti-affinity")
    together = cloud.group("cache-together", "affinity")
    cloud.create("web-01", host="compute-30", flavor=SMALL, group=apart)
    cloud.create("web-02", host="compute-34", flavor=SMALL, group=apart)
    cloud.create("web-03", host="compute-31", flavor=MEDIUM, config_drive=True)
    cloud.create("web-04", host="compute-30", flavor=TINY)
    cloud.create("web-05", host="compute-30", flavor=MEDIUM)
    cloud.create(
        "web-db-01", host="compute-30", flavor=LARGE, image=None, volumes=("root",)
    )
    cloud.create("web-db-02", host="compute-32", flavor=LARGE, volumes=("log", "data"))
    cloud.create("web-cache-01", host="compute-32", flavor=SMALL, group=together)
    cloud.create("web-cache-02", host="compute-32", flavor=SMALL, group=together)
    cloud.create("web-zoned", host="compute-30", flavor=SMALL, pinned_zone="OS1")


def _batch(cloud: PretendCloud) -> None:
    for number, host in enumerate(ZONES, 1):
        cloud.create(f"batch-{number:02}", host=host, project="batch", flavor=SWAPPY)
    cloud.create(
        "batch-drive",
        host="compute-33",
        project="batch",
        flavor=TINY,
        config_drive=True,
    )
    cloud.create("batch-huge", host="compute-33", project="batch", flavor=HUGE)


def _odd(cloud: PretendCloud) -> None:
    cloud.create("web-stopped", host="compute-30", flavor=SMALL, vm_state="stopped")
    cloud.create(
        "web-locked",
        host="compute-31",
        flavor=SMALL,
        locked=True,
        locked_reason="Month end: ask the owners first.",
    )
    cloud.create("web-paused", host="compute-34", vm_state="paused", power_state=3)
    cloud.create(
        "batch-broken",
        host="compute-32",
        project="batch",
        vm_state="error",
        power_state=4,
        fault="No valid host was found. There are not enough hosts available.",
    )
    left_over = cloud.create("batch-resized", host="compute-33", project="batch")
    cloud.leave_resized(left_over, "compute-32")


def grow(cloud: PretendCloud, *, hypervisors: int, instances: int) -> None:
    """Add hosts and running instances, spread evenly, for load tests."""
    with cloud.many():
        hosts = [f"load-{number:04}" for number in range(hypervisors)]
        for number, host in enumerate(hosts):
            cloud.add_host(host, zone=f"OS{number % 2 + 1}")
        hosts = hosts or [service.host for service in cloud.services()]
        for number in range(instances):
            cloud.create(
                f"load-{number:05}",
                host=hosts[number % len(hosts)],
                project=("web", "batch")[number % 2],
                flavor=TINY,
            )
