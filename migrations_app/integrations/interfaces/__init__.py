"""What novaweb asks of its neighbours, in its own words.

The procedures, the pre-flight and the inventory know a cloud only through ``Cloud`` and
frozen values; its compute hosts through ``Hosts``, Nova's database through ``NovaDb``.
The real and the pretend adapters pass the same contract tests.
"""

from __future__ import annotations

from migrations_app.integrations.interfaces.account import Account
from migrations_app.integrations.interfaces.cloud import Cloud, World
from migrations_app.integrations.interfaces.hosts import (
    Base,
    Command,
    Disk,
    File,
    Guest,
    HostFacts,
    Hosts,
    Survey,
)
from migrations_app.integrations.interfaces.inside import (
    NOVA_DB,
    PLACE,
    InsideFacts,
    MoveQuestion,
    Workers,
    not_told,
)
from migrations_app.integrations.interfaces.nova_database import (
    InstanceRow,
    NovaDb,
    Place,
    RowMove,
    Statement,
)
from migrations_app.integrations.interfaces.resource_request import (
    DISK_GB,
    MEMORY_MB,
    PCPU,
    VCPU,
    Asked,
    ResourceRequest,
)
from migrations_app.integrations.interfaces.stock import Stock
from migrations_app.integrations.interfaces.values import (
    MIGRATION_OVER,
    Action,
    ActionEvent,
    Agent,
    Attachment,
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
    Volume,
)

__all__ = [
    "DISK_GB",
    "MEMORY_MB",
    "MIGRATION_OVER",
    "NOVA_DB",
    "PCPU",
    "PLACE",
    "VCPU",
    "Account",
    "Action",
    "ActionEvent",
    "Agent",
    "Asked",
    "Attachment",
    "Base",
    "Cloud",
    "Command",
    "Disk",
    "File",
    "Flavor",
    "Guest",
    "HostFacts",
    "Hosts",
    "Hypervisor",
    "InsideFacts",
    "InstanceRow",
    "Migration",
    "Move",
    "MoveQuestion",
    "NovaDb",
    "Place",
    "Port",
    "Progress",
    "Project",
    "ResourceRequest",
    "RowMove",
    "Server",
    "ServerGroup",
    "Service",
    "Statement",
    "Stock",
    "Survey",
    "Volume",
    "Workers",
    "World",
    "not_told",
]
