"""Typical situations, and what is advised in each: docs/advice.md.

``python -m migrations_app.preflight advice > docs/advice.md`` writes it; a test holds
it true, and another what is to be advised.
"""

from __future__ import annotations

from dataclasses import replace

from migrations_app.integrations.interfaces import (
    MEMORY_MB,
    Migration,
    ServerGroup,
    Stock,
    Volume,
)
from migrations_app.preflight.example_disks import DISKS
from migrations_app.preflight.example_hardware import HARDWARE
from migrations_app.preflight.situation import (
    FLAVOR,
    ID,
    NOW,
    OFF,
    SOURCE,
    TARGET,
    Situation,
)

_SCHEDULER = "nova/scheduler/filters"


def group(policy: str, host: str) -> ServerGroup:
    """Return a group of the instance and another member, which is on that host."""
    return ServerGroup("g-1", "web", policy, 1, (ID, "web-02"), {"web-02": host})


def _record(status: str) -> Migration:
    """Return the record of a cold migration that the instance has just made."""
    return Migration(7, "u-7", ID, "migration", status, TARGET, SOURCE, NOW, NOW)


_STATES: tuple[Situation, ...] = (
    Situation(
        "Stopped",
        OFF,
        authority="nova/compute/api.py 33.0, check_instance_state of live_migrate",
    ),
    Situation(
        "Stopped, the scheduler is to choose",
        OFF,
        target=None,
        authority="nova/compute/api.py 33.0, check_instance_state of live_migrate",
    ),
    Situation(
        "Stopped, with a data volume",
        {**OFF, "volumes": ("vdb",)},
        authority="nova/compute/api.py 33.0, check_instance_state of live_migrate",
    ),
    Situation(
        "Paused",
        {"vm_state": "paused", "status": "PAUSED", "power_state": 3},
        authority="nova/compute/api.py 33.0: live_migrate takes active and paused, "
        "resize active and stopped",
    ),
    Situation(
        "Suspended",
        {"vm_state": "suspended", "status": "SUSPENDED", "power_state": 4},
        authority="nova/compute/api.py 33.0: neither live_migrate nor resize takes it",
    ),
    Situation(
        "Waiting for the confirmation of an earlier cold migration",
        {"vm_state": "resized", "status": "VERIFY_RESIZE"},
        facts={"migrations": (_record("finished"),)},
        authority="nova/compute/api.py 33.0: resize takes active and stopped",
    ),
    Situation(
        "Locked by its project",
        {"locked": True, "locked_reason": "month end"},
        authority="nova/compute/api.py 33.0, check_instance_lock lets administrators",
    ),
    Situation(
        "In an affinity group",
        facts={"group": group("affinity", SOURCE)},
        authority=f"{_SCHEDULER}/affinity_filter.py 33.0",
    ),
    Situation(
        "In an anti-affinity group that has a member on the target",
        facts={"group": group("anti-affinity", TARGET)},
        authority=f"{_SCHEDULER}/affinity_filter.py 33.0",
    ),
    Situation(
        "With a share of Manila",
        facts={"shares": ("s-1",)},
        authority="nova/compute/api.py 33.0, block_shares_not_supported",
    ),
    Situation(
        "With an encrypted volume",
        {"volumes": ("vdb",)},
        facts={"volumes": (Volume("vdb", "in-use", "nova", encrypted=True),)},
        authority="nova/compute/manager.py 33.0: _finish_resize_helper ends in ERROR, "
        "a failed pre_live_migration leaves the guest running",
    ),
    Situation(
        "Very big and busy",
        {"flavor": replace(FLAVOR, name="x1.huge", vcpus=32, ram_mb=262_144)},
        authority="doc/source/admin/live-migration-usage.rst 33.0",
    ),
)

_HOSTS: tuple[Situation, ...] = (
    Situation(
        "The target has no room",
        room_mb=1024,
        authority="placement, allocation candidates",
    ),
    Situation(
        "The source holds more than its capacity, Nova 2025.1",
        stock={SOURCE: {MEMORY_MB: Stock(400_000, 0, 1.0, 500_000, 400_000)}},
        release=31,
        authority="placement/objects/allocation.py before 14.0, "
        "_check_capacity_exceeded (bug 2104040)",
    ),
    Situation(
        "The source holds more than its capacity",
        stock={SOURCE: {MEMORY_MB: Stock(400_000, 0, 1.0, 500_000, 400_000)}},
        authority="placement/objects/allocation.py 14.0, _check_capacity_exceeded",
    ),
    Situation(
        "The target is disabled",
        service_of={TARGET: {"enabled": False, "disabled_reason": "Migrations Only"}},
        authority="nova/scheduler/request_filter.py 33.0, compute_status_filter",
    ),
    Situation(
        "Pinned to a zone, and the target is in another",
        {"pinned_zone": "OS2"},
        authority="nova/scheduler/request_filter.py 33.0, "
        "map_az_to_placement_aggregate",
    ),
    Situation(
        "The source's nova-compute is down",
        service_of={SOURCE: {"up": False}},
        authority="nova/conductor/tasks/live_migrate.py 33.0, _check_host_is_up",
    ),
    Situation(
        "Stopped, and the source's nova-compute is down",
        OFF,
        service_of={SOURCE: {"up": False}},
        authority="nova/compute/api.py 33.0: resize answers 409 for a host that is "
        "down",
    ),
    Situation(
        "Neither libvirt nor Nova's SSH reaches the target",
        at_target={"libvirt_reaches": False, "nova_reaches": False},
        authority="nova/virt/libvirt/driver.py 33.0, migrate_disk_and_power_off: not "
        "able to execute ssh command",
    ),
    Situation(
        "nova-compute runs in containers, so no way could be tried",
        at_target={"libvirt_reaches": None, "nova_reaches": None},
        authority="nova/virt/libvirt/driver.py 33.0: both fail with the guest running "
        "(_live_migration_operation, InstanceFaultRollback)",
    ),
    Situation(
        "Whether libvirt reaches the target could not be tried",
        at_target={"libvirt_reaches": None},
        authority="nova/virt/libvirt/driver.py 33.0, _live_migration_operation: a "
        "connection that fails leaves the guest running",
    ),
    Situation(
        "novaweb has no access to hosts",
        seen=False,
        authority="doc/source/admin/live-migration-usage.rst 33.0; a path that differs "
        "is seldom, and costs most in a cold migration",
    ),
    Situation(
        "With a config drive, and novaweb has no access to hosts",
        {"config_drive": True},
        seen=False,
        authority="commit 5827c01246 (30.1): the drive is no longer copied by ssh",
    ),
    Situation(
        "A folder of the instance was left on the target",
        at_target={"folder_there": True},
        authority="nova/virt/libvirt/driver.py 33.0, pre_live_migration: "
        "DestinationDiskExists",
    ),
    Situation(
        "The hosts keep instances at different paths",
        at_target={"instances": "/srv/nova/instances"},
        authority="nova/virt/libvirt/driver.py 33.0, migrate_disk_and_power_off; seen "
        "with 34.0",
    ),
    Situation(
        "The target runs an older release of Nova",
        at_target={"nova": "32.1.0"},
        authority="doc/source/admin/upgrades.rst 33.0: neighbouring releases work",
    ),
)

SITUATIONS: tuple[Situation, ...] = (*DISKS, *_STATES, *HARDWARE, *_HOSTS)
