"""What is known about one instance and the hosts it could go to, gathered once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import NamedTuple, TypeVar

from migrations_app.errors import Unreachable, WorldError
from migrations_app.integrations.interfaces import (
    NOVA_DB,
    PLACE,
    Agent,
    Guest,
    HostFacts,
    Hypervisor,
    InsideFacts,
    InstanceRow,
    Migration,
    Move,
    MoveQuestion,
    Place,
    Port,
    Server,
    ServerGroup,
    Service,
    Survey,
    Volume,
    World,
)
from migrations_app.preflight.inside import inside
from migrations_app.preflight.questions import asking
from migrations_app.wording import whole_number

T = TypeVar("T")


class Pair(NamedTuple):
    """What both hosts of a move said of themselves; the guest, if there is one."""

    source: HostFacts
    target: HostFacts
    guest: Guest | None


@dataclass(frozen=True, slots=True)
class Facts:
    """The world as the rules see it: plain values, read at ``taken_at``.

    ``hypervisors`` and ``services`` are by host. ``fits`` holds placement's own
    answer for the hosts it was asked about; for all others there is only the stock.
    ``unread`` names what could not be read, with the neighbour's sentence: a rule
    that needs it says so instead of guessing. ``withheld`` does so for what waiting
    will not bring: our account may not read it. ``release`` is the lowest and the
    highest major version that Nova can be (33 for 2026.1), None when nobody told us;
    by the packages of both hosts, if they were read. ``control`` is so by Nova's API
    alone: what stands beside it is upgraded before the hosts.

    ``heading`` is where our own open runs take other members of the group, by id.
    ``image_there``, ``left_bindings``, ``agents``, ``survey``, ``row`` and ``place``
    are None when nobody was asked: they are about one named target, and the last three
    need a way to the hosts (``entered``) and to Nova's database (``database``).
    ``not_looked`` is why no worker went there, where workers have to.
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
    withheld: Mapping[str, str] = field(default_factory=dict)
    release: tuple[int, int] | None = None
    control: tuple[int, int] | None = None
    volumes: tuple[Volume, ...] = ()
    shares: tuple[str, ...] = ()
    under_way: tuple[Migration, ...] = ()
    heading: Mapping[str, str] = field(default_factory=dict)
    held: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    image_there: bool | None = None
    left_bindings: tuple[str, ...] | None = None
    agents: tuple[Agent, ...] | None = None
    entered: bool = False
    database: bool = False
    survey: Survey | None = None
    row: InstanceRow | None = None
    place: Place | None = None
    not_looked: str = ""

    def before(self, release: int) -> bool:
        """Tell whether Nova is certainly older than this major version."""
        return self.release is not None and self.release[1] < release

    def since(self, release: int) -> bool:
        """Tell whether Nova is certainly of this major version or newer."""
        return self.release is not None and self.release[0] >= release

    def missing(self, subject: str) -> str | None:
        """Return why a subject is not known; None when it is."""
        return self.unread.get(subject) or self.withheld.get(subject)

    def pair(self, move: Move) -> Pair | None:
        """Return what the hosts of the move say; None when one of them does not."""
        found = self.survey
        if found is None or found.unread or found.target is None:
            return None
        if (found.source.host, found.target.host) != (move.source, move.target):
            return None
        return Pair(found.source, found.target, found.guest)

    @property
    def inside(self) -> InsideFacts:
        """What hosts and Nova's database say."""
        about = (NOVA_DB, PLACE)
        return InsideFacts(
            entered=self.entered,
            database=self.database,
            survey=self.survey,
            row=self.row,
            place=self.place,
            unread={k: self.unread[k] for k in about if k in self.unread},
            withheld={k: self.withheld[k] for k in about if k in self.withheld},
            not_looked=self.not_looked,
        )

    @property
    def newest_migration(self) -> int | None:
        """The number of Nova's newest record of a move; 0: none, None: not read."""
        if "migrations" in self.unread:
            return None
        return max((record.id for record in self.migrations), default=0)

    def gaps(self, *, by_hand: bool) -> dict[str, str]:
        """Return what must be readable before a move begins, and is not."""
        found = dict(self.unread)
        if not by_hand:
            for subject in (NOVA_DB, PLACE, "held"):
                found.pop(subject, None)
        elif self.survey is not None:
            found |= self.survey.unread
        return found


def gather(world: World, server_id: str, *, targets: Iterable[str] | None) -> Facts:
    """Read what the rules need, in one question each and none per host, side by side.

    Placement, Neutron's agents, the hosts and Nova's database are asked only when
    exactly one target is named: for a list of candidates (or None, every host) the
    stock has to do. What goes wrong with the instance itself is raised (``Gone``,
    ``Unreachable``, ``Refused``); what else cannot be read is noted.
    """
    cloud = world.cloud
    unread: dict[str, str] = {}
    withheld: dict[str, str] = {}

    def read(what: str, answer: Callable[[], T]) -> T | None:
        try:
            return answer()
        except WorldError as error:
            unread[what] = error.sentence
            return None

    def try_to_read(what: str, answer: Callable[[], T]) -> T | None:
        """Read what a move can begin without, where we may not read it."""
        try:
            return answer()
        except Unreachable as error:
            unread[what] = error.sentence
        except WorldError as error:
            withheld[what] = error.sentence
        return None

    with asking(cloud.at_once) as ask:
        told = ask(lambda: cloud.server(server_id))
        hypervisors_of = ask(cloud.hypervisors)
        services_of = ask(cloud.services)
        group_of = ask(lambda: cloud.group_of(server_id))
        migrations_of = ask(lambda: cloud.migrations(server_id))
        ports_of = ask(lambda: cloud.ports(server_id))
        shares_of = ask(lambda: cloud.shares(server_id))
        moves = ask(cloud.under_way)
        version = ask(cloud.release)
        server = told()
        volumes_of = ask(lambda: cloud.volumes(server))
        hypervisors = read("hypervisors", hypervisors_of) or []
        services = read("services", services_of) or []
        group = read("group", group_of)
        migrations = read("migrations", migrations_of) or []
        ports = read("ports", ports_of) or []
        volumes = try_to_read("volumes", volumes_of)
        shares = try_to_read("shares", shares_of)
        under_way = try_to_read("under_way", moves)
        release = try_to_read("release", version)
    known = {each.host for each in hypervisors} - {server.host}
    wanted = list(targets or ())
    facts = Facts(
        server=server,
        hypervisors={each.host: each for each in hypervisors},
        services={each.host: each for each in services},
        group=group,
        migrations=tuple(migrations),
        ports=tuple(ports),
        fits={},
        taken_at=datetime.now(UTC),
        unread=unread,
        withheld=withheld,
        release=release,
        control=release,
        volumes=tuple(volumes or ()),
        shares=tuple(shares or ()),
        under_way=tuple(under_way or ()),
    )
    one = len(wanted) == 1 and wanted[0] in known
    question = MoveQuestion(
        server_id,
        server.host,
        wanted[0] if one else None,
        (server.image_properties or {}).get("hw_machine_type", ""),
    )
    if not one:
        return _with(facts, inside(world, question))
    target = wanted[0]
    image = server.image
    with asking(cloud.at_once) as ask:
        agents_of = ask(lambda: cloud.network_agents(target))
        bindings_of = ask(lambda: cloud.left_bindings(server_id, target))
        fits_of = ask(lambda: cloud.fits(server, target))
        held_of = ask(lambda: cloud.allocations(server_id))
        image_of = ask(lambda: cloud.has_image(image)) if image is not None else None
        found = ask(lambda: inside(world, question))
        agents = try_to_read("agents", agents_of)
        left = try_to_read("bindings", bindings_of)
        facts = replace(
            facts,
            fits={target: read("fits", fits_of)},
            held=try_to_read("held", held_of) or {},
            agents=None if agents is None else tuple(agents),
            left_bindings=None if left is None else tuple(left),
            image_there=None if image_of is None else try_to_read("image", image_of),
        )
        return _with(facts, found())


def _with(facts: Facts, found: InsideFacts) -> Facts:
    """Return the facts together with what was found inside."""
    return replace(
        facts,
        entered=found.entered,
        database=found.database,
        survey=found.survey,
        row=found.row,
        place=found.place,
        not_looked=found.not_looked,
        unread={**facts.unread, **found.unread},
        withheld={**facts.withheld, **found.withheld},
        release=(_release(found.survey) if found.survey else None) or facts.release,
    )


def _release(found: Survey) -> tuple[int, int] | None:
    """Return the versions of both hosts' Nova, as their packages say."""
    if found.target is None:
        return None
    both = (found.source, found.target)
    majors = [whole_number(each.nova.partition(".")[0]) for each in both]
    known = [major for major in majors if major is not None]
    return (min(known), max(known)) if len(known) == len(majors) else None
