"""What novaweb asks of its neighbours, in its own words.

The procedures, the pre-flight and the inventory know a cloud only through ``Cloud``
and these frozen values. ``adapters/openstack.py`` and ``adapters/pretend.py`` are the
two clouds there are; both pass the same contract tests. Every method may raise
``Unreachable``, ``Refused``, ``Conflict``, ``Blocked`` or ``Gone`` (errors.py), and
nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

VCPU, PCPU, MEMORY_MB, DISK_GB = "VCPU", "PCPU", "MEMORY_MB", "DISK_GB"


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
    user_id: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def idle(self) -> bool:
        """Nova is doing nothing with it."""
        return self.task_state is None

    @property
    def resources(self) -> dict[str, int]:
        """What placement charges for it on one host."""
        disk = self.flavor.ephemeral_gb + -(-self.flavor.swap_mb // 1024)
        if self.image is not None:
            disk += self.flavor.disk_gb
        wanted = {VCPU: self.flavor.vcpus, MEMORY_MB: self.flavor.ram_mb, DISK_GB: disk}
        if self.flavor.extra_specs.get("hw:cpu_policy") == "dedicated":
            wanted[PCPU] = wanted.pop(VCPU)  # nova/scheduler/utils.py, ResourceRequest
        return {name: amount for name, amount in wanted.items() if amount}


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
class Stock:
    """What a host has of one resource class; ``used`` includes running moves."""

    total: int
    reserved: int
    ratio: float
    used: int
    max_unit: int

    @property
    def capacity(self) -> int:
        """How much may be allocated in all: (total - reserved) x ratio."""
        return int((self.total - self.reserved) * self.ratio)

    @property
    def free(self) -> int:
        """How much may still be allocated; never below nought."""
        return max(0, self.capacity - self.used)


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
        return self.status in {
            "completed",
            "confirmed",
            "reverted",
            "failed",
            "error",
            "cancelled",
            "done",
        }


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


@dataclass(frozen=True, slots=True)
class Project:
    """A project's name for its id, for people to read."""

    id: str
    name: str


class Cloud(Protocol):
    """One OpenStack cloud: what we read of it, and what we may ask of it."""

    name: str

    # -- looking -----------------------------------------------------------
    def whoami(self) -> str:
        """Return our own user id there; the cheapest proof that we can sign in."""
        ...

    def server(self, server_id: str) -> Server:
        """Return the server. Raises Gone when Nova does not know it."""
        ...

    def servers(self) -> Iterable[Server]:
        """Yield all servers of all projects, page by page."""
        ...

    def services(self) -> list[Service]:
        """Return every nova-compute service."""
        ...

    def hypervisors(self) -> list[Hypervisor]:
        """Return every compute host with its zone and its stock by placement."""
        ...

    def projects(self) -> list[Project]:
        """Return the names of all projects; empty when we may not read them."""
        ...

    def group_of(self, server_id: str) -> ServerGroup | None:
        """Return the group the server belongs to, with its members' hosts."""
        ...

    def migrations(self, server_id: str) -> list[Migration]:
        """Return Nova's records of the server's moves, newest first."""
        ...

    def progress(self, server_id: str, migration_id: int) -> Progress | None:
        """Return what is left to copy; None when Nova does not say (yet, any more).

        Nova refreshes these every 5 s (nova/virt/libvirt/migration.py, save_stats).
        """
        ...

    def actions(self, server_id: str) -> list[Action]:
        """Return the server's actions, newest first, without their events."""
        ...

    def action(self, server_id: str, request_id: str) -> Action:
        """Return one action with its events, oldest first."""
        ...

    def allocations(self, consumer_id: str) -> dict[str, dict[str, int]]:
        """Return what a consumer holds: host -> resource class -> amount.

        A consumer is a server's id, or the UUID of a migration record (which holds
        the source's share while a move lasts).
        """
        ...

    def fits(self, server: Server, host: str) -> bool | None:
        """Ask placement whether the server's resources fit on the host now.

        Includes traits that hide disabled hosts. None when it cannot be known.
        """
        ...

    def ports(self, server_id: str) -> list[Port]:
        """Return the network ports of the server."""
        ...

    # -- asking: each returns when Nova has taken it, never when it is done ------
    def live_migrate(
        self, server_id: str, *, host: str | None, block: bool | str = "auto"
    ) -> None:
        """Ask for a live migration (os-migrateLive at microversion >= 2.68)."""
        ...

    def abort(self, server_id: str, migration_id: int) -> None:
        """Ask to abort a live migration; Conflict when it is too late for that."""
        ...

    def force_complete(self, server_id: str, migration_id: int) -> None:
        """Ask to finish a live migration now: post-copy, or a pause of the guest."""
        ...

    def migrate(self, server_id: str, *, host: str | None) -> None:
        """Ask for a cold migration (``migrate`` at microversion >= 2.56)."""
        ...

    def confirm(self, server_id: str) -> None:
        """Ask to confirm a cold migration that waits in VERIFY_RESIZE."""
        ...

    def revert(self, server_id: str) -> None:
        """Ask to revert a cold migration that waits in VERIFY_RESIZE."""
        ...

    def stop(self, server_id: str) -> None:
        """Ask to shut the guest down."""
        ...

    def start(self, server_id: str) -> None:
        """Ask to start the guest."""
        ...

    def set_service(
        self, service_id: str, *, enabled: bool, reason: str | None = None
    ) -> None:
        """Enable a nova-compute, or disable it with a reason (1-255 characters)."""
        ...


@dataclass(frozen=True, slots=True)
class World:
    """All the neighbours that a procedure may talk to."""

    cloud: Cloud


@dataclass(frozen=True, slots=True)
class Move:
    """What is to be moved where: the frozen inputs of a run."""

    server_id: str
    server_name: str
    source: str
    target: str | None  # None: the scheduler chooses
    options: Mapping[str, Any] = field(default_factory=dict)
