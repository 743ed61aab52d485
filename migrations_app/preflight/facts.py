"""What is known about one instance and the hosts it could go to, gathered once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

from migrations_app.errors import WorldError
from migrations_app.ports import (
    Hypervisor,
    Migration,
    Port,
    Server,
    ServerGroup,
    Service,
    Survey,
    World,
)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Facts:
    """The world as the rules see it: plain values, read at ``taken_at``.

    ``hypervisors`` and ``services`` are by host. ``fits`` holds placement's own
    answer for the hosts it was asked about; for all others there is only the stock.
    ``unread`` names what could not be read, with the neighbour's sentence: a rule
    that needs it says so instead of guessing. ``release`` is Nova's major version
    (33 for 2026.1), None when nobody has told us.
    """

    server: Server
    hypervisors: Mapping[str, Hypervisor]
    services: Mapping[str, Service]
    group: ServerGroup | None
    migrations: tuple[Migration, ...]
    ports: tuple[Port, ...]
    fits: Mapping[str, bool | None]
    taken_at: datetime
    unread: Mapping[str, str] = field(default_factory=dict)
    release: int | None = None
    # What the hosts say of themselves; None where novaweb may not enter them, or when
    # no single target is named.
    survey: Survey | None = None


def gather(
    world: World,
    server_id: str,
    *,
    targets: Iterable[str] | None,
    release: int | None = None,
) -> Facts:
    """Read what the rules need, in one question each and none per host.

    Placement is asked only when exactly one target is named: for a list of candidates
    (or None, every host) the stock has to do. What goes wrong with the instance itself
    is raised (``Gone``, ``Unreachable``, ``Refused``); what else cannot be read is
    noted in ``unread``.
    """
    cloud = world.cloud
    server = cloud.server(server_id)
    unread: dict[str, str] = {}

    def read(what: str, question: Callable[[], T]) -> T | None:
        try:
            return question()
        except WorldError as error:
            unread[what] = error.sentence
            return None

    hypervisors = read("hypervisors", cloud.hypervisors) or []
    services = read("services", cloud.services) or []
    group = read("group", lambda: cloud.group_of(server_id))
    migrations = read("migrations", lambda: cloud.migrations(server_id)) or []
    ports = read("ports", lambda: cloud.ports(server_id)) or []
    known = {each.host for each in hypervisors} - {server.host}
    fits: dict[str, bool | None] = {}
    wanted = list(targets or ())
    if len(wanted) == 1 and wanted[0] in known:
        fits[wanted[0]] = read("fits", lambda: cloud.fits(server, wanted[0]))
    return Facts(
        server=server,
        hypervisors={each.host: each for each in hypervisors},
        services={each.host: each for each in services},
        group=group,
        migrations=tuple(migrations),
        ports=tuple(ports),
        fits=fits,
        taken_at=datetime.now(UTC),
        unread=unread,
        release=release,
    )
