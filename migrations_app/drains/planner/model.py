"""What is placed and moved, as values: hosts, guests, groups, and moves among them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from migrations_app.integrations.interfaces import Stock

AFFINITY, ANTI_AFFINITY = "affinity", "anti-affinity"
SOFT_AFFINITY, SOFT_ANTI_AFFINITY = "soft-affinity", "soft-anti-affinity"


@dataclass(frozen=True, slots=True)
class Host:
    """A compute host, by the name of its nova-compute.

    ``why_not`` is the sentence that says why no instance may come; empty: one may.
    ``projects`` are those that it is set aside for; empty: it is for all. A class that
    ``stock`` does not have is kept elsewhere (a shared disk pool), or not known.
    """

    name: str
    zone: str
    stock: Mapping[str, Stock]
    why_not: str = ""
    projects: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Guest:
    """An instance on its host. ``resources`` is its allocation in Placement.

    ``zone`` is the one that it must stay in; empty: it may leave. ``procedure`` is how
    it is moved: ``live``, ``cold``, or empty when neither does. ``why_not`` says why it
    cannot be moved, ``way_out`` what to do about that; both empty: it can. ``seconds``
    is how long its move may take; 0: nobody knows.
    """

    id: str
    name: str
    project: str
    host: str
    status: str
    resources: Mapping[str, int]
    zone: str = ""
    group: str = ""
    procedure: str = "live"
    why_not: str = ""
    way_out: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Group:
    """A server group; ``members`` are the ids of its instances, wherever they are."""

    id: str
    name: str
    policy: str
    max_per_host: int
    members: frozenset[str]


@dataclass(frozen=True, slots=True)
class Fleet:
    """Every host of a cloud, and the guests in question.

    ``guests`` has all that may be moved, and every member of their groups; nobody else
    is needed, since what the others take is in the stock of their hosts.
    """

    hosts: Mapping[str, Host]
    guests: Mapping[str, Guest]
    groups: Mapping[str, Group] = field(default_factory=dict)

    @property
    def zones(self) -> dict[str, str]:
        """The zone of each host, by its name."""
        return {host.name: host.zone for host in self.hosts.values()}

    def on(self, hosts: Collection[str]) -> Iterator[Guest]:
        """Yield the guests on these hosts, by host, name and id."""
        there = (guest for guest in self.guests.values() if guest.host in hosts)
        yield from sorted(there, key=lambda guest: (guest.host, guest.name, guest.id))

    def group_of(self, guest: str) -> Group | None:
        """Return the group of the guest with this id; None when it has none."""
        found = self.guests.get(guest)
        return self.groups.get(found.group) if found is not None else None


@dataclass(frozen=True, slots=True)
class Task:
    """One move: a guest's id, from where to where, and where to if that fails.

    ``fallbacks`` are hosts where it would fit too when all other moves are done.
    """

    guest: str
    source: str
    target: str
    procedure: str
    fallbacks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stuck:
    """A guest, by its id, that cannot be moved: why, and what to do about that."""

    guest: str
    sentence: str
    way_out: str


@dataclass(frozen=True, slots=True)
class Placement:
    """A target for each guest that can be moved, in the order of their start."""

    tasks: tuple[Task, ...]
    stuck: tuple[Stuck, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """How many moves may be under way at once; 0: as many as there are.

    A move counts at its source, at its target, and in the zone of either (once where
    both are in one zone). By default two from each host: Nova carries out one live
    migration from a host at a time (``max_concurrent_live_migrations`` is 1 in
    nova/conf/compute.py), so while the first is copied the second is checked, and no
    more than that lie in Nova's own queue, where calling them off takes longer. Two
    to each host, whose network would only be shared by more; ten in all, since the
    switches between the hosts and the shared storage are seldom seen from here.
    """

    per_source: int = 2
    per_target: int = 2
    per_zone: int = 0
    overall: int = 10
