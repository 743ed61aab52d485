"""What novaweb asks of a cloud, in its own words.

Every method may raise ``Unreachable``, ``Refused``, ``Conflict``, ``Blocked`` or
``Gone`` (errors.py), and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from migrations_app.integrations.interfaces.account import Account
from migrations_app.integrations.interfaces.host_allocations import HostAllocations
from migrations_app.integrations.interfaces.hosts import Hosts
from migrations_app.integrations.interfaces.inside import Workers
from migrations_app.integrations.interfaces.nova_database import NovaDb
from migrations_app.integrations.interfaces.values import (
    Action,
    Agent,
    Attachment,
    Hypervisor,
    Migration,
    Port,
    Progress,
    Project,
    Server,
    ServerGroup,
    Service,
    Volume,
)


class Cloud(HostAllocations, Protocol):
    """One OpenStack cloud: what we read of it, and what we may ask of it."""

    name: str
    at_once: int  # so many questions it may be asked at a time

    # -- looking -----------------------------------------------------------
    def whoami(self) -> str:
        """Return our own user id there; the cheapest proof that we can sign in."""
        ...

    def account(self) -> Account:
        """Return as whom we are signed in."""
        ...

    def newest(self, service: str) -> tuple[int, int] | None:
        """Return the newest microversion that compute or placement names.

        None: it names none. Raises Gone where the catalogue lists no such service.
        """
        ...

    def server(self, server_id: str) -> Server:
        """Return the server. Raises Gone when Nova does not know it."""
        ...

    def servers(
        self, *, changes_since: datetime | None = None, host: str | None = None
    ) -> Iterable[Server]:
        """Yield all servers of all projects, page by page; or what changed since.

        Of what changed, those that are gone are told, too, with the status DELETED.
        With ``host`` only those that Nova has there. One that cannot be made out is
        ``unread``.
        """
        ...

    def services(self) -> list[Service]:
        """Return every nova-compute service."""
        ...

    def all_services(self) -> list[Service]:
        """Return all of Nova's services, by binary and host."""
        ...

    def service(self, host: str) -> Service:
        """Return the host's nova-compute. Raises Gone when there is none."""
        ...

    def hidden_hosts(self) -> frozenset[str]:
        """Return the hosts that placement hides from the scheduler.

        They have the trait COMPUTE_STATUS_DISABLED, which nova-compute sets and takes
        away a moment after its service is disabled or enabled; when it could not, up
        to a minute later (since 20.0.0; nova/compute/resource_tracker.py,
        _sync_compute_service_disabled_trait).
        """
        ...

    def hypervisors(self) -> list[Hypervisor]:
        """Return every compute host with its zone and its stock by placement."""
        ...

    def groups(self) -> list[ServerGroup]:
        """Return the server groups of all projects, without their members' hosts."""
        ...

    def moves(self, *, since: datetime | None = None) -> list[Migration]:
        """Return the records of moves that Nova touched since then, newest first.

        None: of all moves that are not over, however long Nova has not touched them.
        """
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

        Nova refreshes these every 5 s (nova/virt/libvirt/migration.py, save_stats),
        since 34.0.0 every [libvirt]live_migration_monitor_interval.
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

        With the traits that Nova requires, and those that hide disabled hosts. None
        when it cannot be known: a part of what Nova would ask for cannot be reckoned.
        """
        ...

    def ports(self, server_id: str) -> list[Port]:
        """Return the network ports of the server."""
        ...

    def attachments(self, server_id: str) -> list[Attachment]:
        """Return the volumes of the server, in the order of their devices."""
        ...

    def release(self) -> tuple[int, int] | None:
        """Return Nova's lowest and highest possible major version; None: unknown.

        Told by the newest microversion that its API speaks, so it is the API's:
        hosts may be older while an upgrade is under way.
        """
        ...

    def under_way(self) -> list[Migration]:
        """Return Nova's records of all moves that are not over, newest first.

        Those that Nova has not touched for a day are left out.
        """
        ...

    def volumes(self, server: Server) -> list[Volume]:
        """Return what Cinder says of the server's volumes, as far as it has them."""
        ...

    def shares(self, server_id: str) -> list[str]:
        """Return the ids of the Manila shares of the server (since 2.97: 2025.1)."""
        ...

    def network_agents(self, host: str) -> list[Agent]:
        """Return Neutron's agents on the host; empty where networks need none."""
        ...

    def has_image(self, image_id: str) -> bool:
        """Tell whether Glance still has the image."""
        ...

    def console_lines(self, server_id: str, count: int) -> str:
        """Return the last lines that the guest wrote to its console; may be empty."""
        ...

    def console_url(self, server_id: str) -> str:
        """Return an address that shows the guest's screen, good for some minutes."""
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

    def lock(self, server_id: str, reason: str) -> None:
        """Let only administrators change the server; the reason is shown to all."""
        ...

    def unlock(self, server_id: str) -> None:
        """Let the server's owner change it again."""
        ...

    def detach_volume(self, server_id: str, volume_id: str) -> None:
        """Ask to detach a volume."""
        ...

    def attach_volume(self, server_id: str, attachment: Attachment) -> None:
        """Ask to attach a volume as it was attached before."""
        ...

    def charge(self, server_id: str, shares: Mapping[str, Mapping[str, int]]) -> None:
        """Replace what the server holds in placement: host -> class -> amount.

        Done when it returns. Raises Blocked when a host has no room for its share,
        Conflict when somebody else changed the allocation meanwhile.
        """
        ...

    def bind_port(self, port_id: str, host: str, *, zone: str | None = None) -> None:
        """Bind a port to a host; with a zone, name it in the port's device owner."""
        ...

    def set_service(
        self, service_id: str, *, enabled: bool, reason: str | None = None
    ) -> None:
        """Enable a nova-compute, or disable it with a reason (1-255 characters)."""
        ...


@dataclass(frozen=True, slots=True)
class World:
    """All the neighbours that a procedure may talk to.

    ``hosts`` and ``nova_db`` are None where novaweb was not given a way to them. Where
    there are ``workers``, this process may not go there itself: they say what is there.
    """

    cloud: Cloud
    hosts: Hosts | None = None
    nova_db: NovaDb | None = None
    workers: Workers | None = None
