"""What novaweb asks of its neighbours, in its own words.

The procedures, the pre-flight and the inventory know a cloud only through ``Cloud``
and frozen values. adapters/openstack and adapters/pretend are the two clouds there
are; both pass the same contract tests.
"""

from __future__ import annotations

from migrations_app.ports.cloud import Cloud, World
from migrations_app.ports.values import (
    DISK_GB,
    MEMORY_MB,
    PCPU,
    VCPU,
    Action,
    ActionEvent,
    Flavor,
    Hypervisor,
    Migration,
    Move,
    Port,
    Progress,
    Project,
    Server,
    ServerGroup,
    Service,
    Stock,
)

__all__ = [
    "DISK_GB",
    "MEMORY_MB",
    "PCPU",
    "VCPU",
    "Action",
    "ActionEvent",
    "Cloud",
    "Flavor",
    "Hypervisor",
    "Migration",
    "Move",
    "Port",
    "Progress",
    "Project",
    "Server",
    "ServerGroup",
    "Service",
    "Stock",
    "World",
]
