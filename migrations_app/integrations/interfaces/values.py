"""What a cloud holds, as frozen values: never a client's own objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from migrations_app.integrations.interfaces import names
from migrations_app.integrations.interfaces.resource_request import (
    Asked,
    ResourceRequest,
    resource_request,
)
from migrations_app.integrations.interfaces.stock import Stock

# The last status of a migration record, one of these.
MIGRATION_OVER = frozenset(
    ("completed", "confirmed", "reverted", "failed", "error", "cancelled", "done")
)


@dataclass(frozen=True, slots=True)
class Flavor:
    """What an instance was given. Memory and swap in MiB, disks in GiB."""

    name: str
    vcpus: int
    ram_mb: int
    disk_gb: int
    ephemeral_gb: int = 0
    swap_mb: int = 0
    extra_specs: Mapping[str, str] = field(default_factory=dict)

    def asked(self, *, by_image: bool, image: Mapping[str, str]) -> Asked:
        """Return what it asks for, with an image's properties.

        ``by_image``: its root disk is made of the image; else that is a volume.
        """
        disk = self.ephemeral_gb + -(-self.swap_mb // 1024)
        return Asked(
            vcpus=self.vcpus,
            memory_mb=self.ram_mb,
            disk_gb=disk + (self.disk_gb if by_image else 0),
            specs=self.extra_specs,
            image=image,
        )


@dataclass(frozen=True, slots=True)
class Server:
    """A Nova server as it is now. ``host`` is the nova-compute's host name."""

    id: str
    name: str
    project_id: str
    status: str  # ACTIVE, SHUTOFF, VERIFY_RESIZE, MIGRATING, ERROR, …
    vm_state: str  # active, stopped, resized, …
    task_state: str | None
    power_state: int  # 1 running, 3 paused, 4 shut down
    host: str | None
    node: str | None
    zone: str | None  # the zone it is in
    pinned_zone: str | None  # the zone it was asked to stay in; None: may leave
    flavor: Flavor
    image: str | None  # None: booted from a volume
    config_drive: bool = False
    locked: bool = False
    locked_reason: str | None = None
    volumes: tuple[str, ...] = ()
    fault: str | None = None
    fault_at: datetime | None = None  # Nova keeps the last one, however old it is
    user_id: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    addresses: tuple[str, ...] = ()  # its own, fixed and floating
    # False: Nova does not tell whether it is pinned (before 2.96)
    pin_told: bool = True
    # what the user asked of the scheduler; None: Nova does not tell (before 2.100)
    hints: Mapping[str, Any] | None = None
    # the image's, as they were at its creation; None: does not tell (before 2.98)
    image_properties: Mapping[str, str] | None = None
    unread: str = ""  # why a list told no more than its id, and maybe its host
    # what placement is asked for; made here, because many hosts are compared with it
    request: ResourceRequest = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "request", resource_request(self.asked))

    @property
    def idle(self) -> bool:
        """Nova is doing nothing with it."""
        return self.task_state is None

    @property
    def asked(self) -> Asked:
        """What its flavor and its image ask for."""
        return self.flavor.asked(
            by_image=self.image is not None, image=self.image_properties or {}
        )

    @property
    def resources(self) -> dict[str, int]:
        """Its allocation in Placement on one host, as far as it can be reckoned."""
        return dict(self.request.amounts)


@dataclass(frozen=True, slots=True)
class Service:
    """One of Nova's services, as ``os-services`` lists it."""

    id: str
    binary: str
    host: str
    zone: str
    enabled: bool
    up: bool
    disabled_reason: str | None = None
    updated_at: datetime | None = None
    forced_down: bool = False


@dataclass(frozen=True, slots=True)
class Hypervisor:
    """A compute host. ``id`` is its UUID, which is its resource provider's too."""

    id: str
    host: str  # name of its nova-compute service
    node: str  # hypervisor hostname; often differs from host
    type: str
    version: int
    zone: str
    aggregates: tuple[str, ...]
    enabled: bool
    up: bool
    disabled_reason: str | None
    stock: Mapping[str, Stock]  # by resource class; empty: placement does not know it
    tenants: tuple[str, ...] = ()  # projects it is set aside for; empty: for all
    # what Nova itself counts: class -> total and used; empty: it does not tell
    counted: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    unread: str = ""  # why the list told no more than its id and its host


@dataclass(frozen=True, slots=True)
class ServerGroup:
    """A server group. ``hosts`` says where its other members are, by server id."""

    id: str
    name: str
    policy: str  # affinity, anti-affinity, soft-affinity, soft-anti-affinity
    max_per_host: int
    members: tuple[str, ...]
    hosts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Migration:
    """Nova's own record of one move.

    ``status`` is Nova's word; terminal ones are completed, confirmed, reverted,
    failed, error, cancelled (and done, for evacuations). ``id`` is the number that
    abort and force-complete take.
    """

    id: int
    uuid: str
    server_id: str
    type: str  # live-migration, migration, resize, evacuation
    status: str
    source: str | None
    target: str | None
    created_at: datetime
    updated_at: datetime | None = None

    @property
    def over(self) -> bool:
        """Nova will do nothing more about it."""
        return self.status in MIGRATION_OVER


@dataclass(frozen=True, slots=True)
class Progress:
    """What a running live migration still has to copy, in bytes (0: not known)."""

    memory_total: int = 0
    memory_processed: int = 0
    memory_remaining: int = 0
    disk_total: int = 0
    disk_processed: int = 0
    disk_remaining: int = 0


@dataclass(frozen=True, slots=True)
class ActionEvent:
    """One event of an instance action: who did what, with which result."""

    name: str  # compute_check_can_live_migrate_destination, …
    result: str | None  # Success, Error, None while it lasts
    host: str | None
    details: str | None
    started_at: datetime | None = None
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """An instance action: one request that reached Nova."""

    request_id: str
    name: str  # live-migration, migrate, confirmResize, revertResize, …
    user_id: str | None
    started_at: datetime
    message: str | None
    events: tuple[ActionEvent, ...] = ()  # oldest first


@dataclass(frozen=True, slots=True)
class Port:
    """A network port of an instance and the host it is bound to."""

    id: str
    host: str | None
    status: str
    vnic_type: str = "normal"
    vif_type: str = ""
    requests: bool = False  # it asks for resources of its own: bandwidth, packets


@dataclass(frozen=True, slots=True)
class Attachment:
    """A volume of an instance: its device, and whether it is deleted with it."""

    volume_id: str
    device: str
    delete_on_termination: bool = False
    tag: str | None = None
    root: bool = False


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume as Cinder knows it; ``zone`` is its availability zone."""

    id: str
    status: str
    zone: str
    encrypted: bool = False
    multiattach: bool = False


@dataclass(frozen=True, slots=True)
class Agent:
    """One of Neutron's agents on a host, as ``openstack network agent list`` says."""

    kind: str  # Open vSwitch agent, OVN Controller agent, …
    host: str
    alive: bool
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Project:
    """A project's name for its id, for people to read."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Move:
    """What is to be moved where: the frozen inputs of a run.

    ``token`` (8 hexadecimal digits) marks all that this move leaves in the world:
    folders, locks, the reasons of disabled services. ``facts`` is what the world was
    when the plan was made, as far as the plan needs it; both are part of what is
    approved. ``number`` is the request's, for people. Hosts and ids are names that may
    stand in commands (``names``); Blocked is raised for others. Empty: not known yet.
    """

    server_id: str
    server_name: str
    source: str
    target: str | None  # None: the scheduler chooses
    options: Mapping[str, Any] = field(default_factory=dict)
    token: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)
    number: int = 0

    def __post_init__(self) -> None:
        if self.server_id:
            names.check_name(self.server_id, "instance")
        for host in (self.source, self.target):
            if host:
                names.check_name(host, "host")
        names.check_token(self.token)
