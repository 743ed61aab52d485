"""Effect of moves, calculated from novaweb's copy of a cloud; changes nothing.

The moves are those of selected instances, to given or calculated targets, and of every
instance of hosts to empty (drains/planner/place.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from migrations_app.drains.fleet import fleet_of
from migrations_app.drains.planner.effect import Effect, effect
from migrations_app.drains.planner.model import Fleet, Guest, Host, Limits, Stuck, Task
from migrations_app.drains.planner.move_order import finish
from migrations_app.drains.planner.place import place
from migrations_app.errors import Gone, Unfit
from migrations_app.models import Cloud, Hypervisor, Instance
from migrations_app.preflight.capacity import charged

MOST = 500  # instances that can be picked at once
# instances times hosts that are looked at before anybody waits for a page
FEW = 20_000


@dataclass(frozen=True, slots=True)
class Question:
    """Hosts to empty, instances (by UUID) to move, and possible targets.

    ``picks`` has the target of each instance; empty: calculated. ``targets`` are the
    possible hosts; empty: all. ``cloud`` may be empty if hosts and instances identify
    it.
    """

    cloud: str = ""
    hosts: tuple[str, ...] = ()
    picks: Mapping[str, str] = field(default_factory=dict)
    targets: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing to move."""
        return not self.hosts and not self.picks


@dataclass(frozen=True, slots=True)
class Move:
    """One move; ``guest`` is the instance's UUID."""

    number: int
    guest: str
    name: str
    source: str
    target: str
    procedure: str
    fallbacks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Stays:
    """Instance that cannot be moved, with the reason and a remedy."""

    guest: str
    name: str
    host: str
    sentence: str
    way_out: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The moves in order, the remaining instances, and the effect on the hosts.

    ``seconds`` is the estimated duration under ``limits`` without delays; None if
    unknown.
    """

    cloud: Cloud
    fleet: Fleet
    tasks: tuple[Task, ...]
    stuck: tuple[Stuck, ...]
    effect: Effect
    limits: Limits
    seconds: float | None

    @property
    def moves(self) -> list[Move]:
        """The moves in order, with the names of the instances."""
        return [
            Move(
                number=number,
                guest=task.guest,
                name=self.fleet.guests[task.guest].name,
                source=task.source,
                target=task.target,
                procedure=task.procedure,
                fallbacks=task.fallbacks,
            )
            for number, task in enumerate(self.tasks, 1)
        ]

    @property
    def stays(self) -> list[Stays]:
        """The remaining instances, with their names."""
        return [
            Stays(guest.id, guest.name, guest.host, each.sentence, each.way_out)
            for each in self.stuck
            for guest in (self.fleet.guests[each.guest],)
        ]


def foresee(of: Question, *, limits: Limits | None = None) -> Answer:
    """Return the answer to the question. Raises Gone for unknown objects, and Unfit."""
    if of.empty:
        raise Unfit("Name hosts to empty or instances to move.")
    if len(of.picks) > MOST:
        raise Unfit(
            f"{len(of.picks)} instances are selected; at most {MOST} are possible."
            " Empty their hosts instead, or select fewer."
        )
    limits = limits or Limits()
    cloud = cloud_of(of)
    fleet = fleet_of(cloud, of.hosts, tuple(of.picks))
    for host in (*of.hosts, *of.targets):
        _known(fleet, host)
    fixed, held = _fixed(of, fleet)
    # what has its target leaves room behind, and takes it there, for all the others
    meanwhile = _moved(fleet, fixed, held)
    chosen = [
        uuid
        for uuid, target in of.picks.items()
        if not target and meanwhile.guests[uuid].host not in of.hosts
    ]
    found = place(meanwhile, of.hosts, targets=of.targets or None, guests=tuple(chosen))
    tasks = (*fixed, *found.tasks)
    held_ids = {each.guest for each in held}
    stuck = (*held, *(each for each in found.stuck if each.guest not in held_ids))
    return Answer(
        cloud=cloud,
        fleet=fleet,
        tasks=tasks,
        stuck=stuck,
        effect=effect(fleet, tasks, limits=limits),
        limits=limits,
        seconds=_seconds(fleet, tasks, limits),
    )


def takes_time(of: Question) -> int:
    """Return the number of instances to place if that takes long; otherwise 0."""
    hosts, there = Hypervisor.objects.all(), Instance.objects.filter(host__in=of.hosts)
    if of.cloud:
        hosts = hosts.filter(cloud__name=of.cloud)
        there = there.filter(cloud__name=of.cloud)
    placed = sum(not target for target in of.picks.values())
    placed += there.count() if of.hosts else 0
    return placed if placed * hosts.count() > FEW else 0


def cloud_of(of: Question) -> Cloud:
    """Return the cloud of the question. Raises Gone; Unfit if it is ambiguous."""
    clouds = Cloud.objects.all()
    if of.cloud:
        cloud = clouds.filter(name=of.cloud).first()
        if cloud is None:
            raise Gone(f"There is no cloud {of.cloud} here.")
        return cloud
    # two questions: a database looks through all for both at once
    of_hosts = Hypervisor.objects.filter(host__in=of.hosts)
    of_picks = Instance.objects.filter(uuid__in=list(of.picks))
    in_question = {
        *of_hosts.order_by().values_list("cloud", flat=True).distinct(),
        *of_picks.order_by().values_list("cloud", flat=True).distinct(),
    }
    found = list(clouds.filter(pk__in=in_question)[:2])
    if len(found) > 1:
        raise Unfit(
            "More than one cloud has hosts or instances of these names. Choose a cloud."
        )
    if not found:
        named = ", ".join((*of.hosts, *of.picks))
        raise Gone(f"No host or instance of that name is known here: {named}.")
    return found[0]


def _known(fleet: Fleet, host: str) -> Host:
    if host not in fleet.hosts:
        raise Gone(
            f"No hypervisor {host} is known here. Choose one from the list of"
            " hypervisors."
        )
    return fleet.hosts[host]


def _fixed(of: Question, fleet: Fleet) -> tuple[list[Task], list[Stuck]]:
    """Return the moves with a given target, and the ones that are not possible."""
    tasks, stuck = [], []
    for uuid, target in of.picks.items():
        guest = _guest(fleet, uuid)
        if not target:
            continue
        _known(fleet, target)
        if target in of.hosts:
            raise Unfit(
                f"{target}, the target of {guest.name}, is a host to empty. Choose"
                " another target, or none."
            )
        if guest.why_not or not guest.procedure:
            stuck.append(Stuck(uuid, guest.why_not, guest.way_out))
        elif target == guest.host:
            stuck.append(
                Stuck(uuid, f"It is on {target} already.", "Choose another target.")
            )
        else:
            tasks.append(Task(uuid, guest.host, target, guest.procedure))
    return tasks, stuck


def _guest(fleet: Fleet, uuid: str) -> Guest:
    guest = fleet.guests.get(uuid)
    if guest is None:
        raise Gone(f"No instance {uuid} is known in this cloud.")
    return guest


def _moved(fleet: Fleet, tasks: Sequence[Task], stuck: Sequence[Stuck]) -> Fleet:
    """Return the fleet after the moves, with failed ones excluded from placing."""
    hosts, guests = dict(fleet.hosts), dict(fleet.guests)
    for task in tasks:
        guest = guests[task.guest]
        for name, sign in ((task.source, -1), (task.target, 1)):
            if host := hosts.get(name):
                stock = charged(host.stock, guest.resources, sign=sign)
                hosts[name] = replace(host, stock=stock)
        guests[task.guest] = replace(guest, host=task.target)
    for each in stuck:
        guests[each.guest] = replace(
            guests[each.guest], why_not=each.sentence, way_out=each.way_out
        )
    return replace(fleet, hosts=hosts, guests=guests)


def _seconds(fleet: Fleet, tasks: Sequence[Task], limits: Limits) -> float | None:
    known = {task.guest: fleet.guests[task.guest].seconds for task in tasks}
    if not known or not all(known.values()):
        return None
    try:
        return finish(
            tasks,
            limits,
            lambda task: known[task.guest],
            zone_of=fleet.zones,
            fleet=fleet,
        )
    except Unfit:
        # some move never has room: what is broken says which
        return None
