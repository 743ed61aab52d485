"""Find a target for every guest that has to leave its host."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from heapq import nsmallest

from migrations_app.drains.planner.capacity import FreeCapacity, SpeaksAgainst
from migrations_app.drains.planner.model import (
    AFFINITY,
    Fleet,
    Guest,
    Placement,
    Stuck,
    Task,
)
from migrations_app.drains.planner.search import search
from migrations_app.drains.planner.violations import unit
from migrations_app.errors import Unfit

__all__ = ["SpeaksAgainst", "place"]

FALLBACKS = 3


def place(
    fleet: Fleet,
    leave: Collection[str],
    *,
    targets: Collection[str] | None = None,
    guests: Collection[str] = (),
    speaks_against: SpeaksAgainst | None = None,
) -> Placement:
    """Return a target for every guest of the hosts ``leave``, and for ``guests``.

    Among ``targets`` only, if given; never a host of ``leave``. ``guests`` are ids of
    guests that move though their host is not emptied. ``speaks_against`` returns a
    sentence that forbids a guest a host; empty: nothing does. The same question has
    the same answer. Raises Unfit for a host or a guest that the fleet does not have.
    """
    _known(fleet, {*leave, *(targets or ())}, guests)
    receiving = fleet.hosts.keys() - set(leave)
    if targets is not None:
        receiving &= set(targets)
    room = FreeCapacity(fleet, receiving, speaks_against=speaks_against)
    moving = {guest.id: guest for guest in fleet.on(leave)}
    moving |= {each: fleet.guests[each] for each in sorted(guests)}
    stuck: dict[str, Stuck] = {}
    may: dict[str, Sequence[str]] = {}
    for guest in moving.values():
        if why := _why_stuck(fleet, guest):
            stuck[guest.id] = why
            continue
        reasons = room.never(guest)
        may[guest.id] = [host for host, reason in reasons.items() if not reason]
        if not may[guest.id]:
            stuck[guest.id] = _no_host(fleet, guest, reasons.values())
    placeable = [guest for guest in moving.values() if guest.id not in stuck]
    at = search(room, placeable, may)
    for guest in placeable:
        if guest.id not in at:
            stuck[guest.id] = _crowded_out(guest, len(may[guest.id]))
    tasks = [
        Task(
            guest=guest.id,
            source=guest.host,
            target=at[guest.id],
            procedure=guest.procedure,
            fallbacks=_fallbacks(room, guest, may[guest.id]),
        )
        for guest in placeable
        if guest.id in at
    ]
    return Placement(
        tasks=tuple(_in_order(fleet, tasks)),
        stuck=tuple(stuck[each] for each in moving if each in stuck),
    )


def _known(fleet: Fleet, hosts: Iterable[str], guests: Iterable[str]) -> None:
    for host in sorted(hosts):
        if host not in fleet.hosts:
            raise Unfit(
                f"No hypervisor {host[:100]} is known. Choose one from the list of "
                "hypervisors."
            )
    for guest in sorted(guests):
        if guest not in fleet.guests:
            raise Unfit(
                f"No instance {guest[:100]} is known on any host. Choose one from the "
                "list of instances."
            )


def _why_stuck(fleet: Fleet, guest: Guest) -> Stuck | None:
    """Return why the guest can be moved nowhere, whatever the targets; None: it can.

    Nova moves no member of an affinity group, alone or with the others
    (nova/scheduler/filters/affinity_filter.py).
    """
    if guest.why_not:
        return Stuck(guest.id, guest.why_not, guest.way_out)
    group = fleet.groups.get(guest.group)
    if group is not None and group.policy == AFFINITY:
        return Stuck(
            guest.id,
            f"{guest.name} is in the affinity group {group.name}: Nova moves none of "
            "its members, not even all together.",
            "Ask its project to recreate it outside of the group, or in one with "
            "soft-affinity.",
        )
    if not guest.procedure:
        return Stuck(
            guest.id,
            f"{guest.name} is {guest.status}: Nova moves it neither live nor cold.",
            "Bring it to ACTIVE or SHUTOFF first.",
        )
    return None


def _no_host(fleet: Fleet, guest: Guest, reasons: Iterable[str]) -> Stuck:
    """Say why none of the hosts could take the guest even if it were the only one."""
    count = Counter(reason for reason in reasons if reason != "source")
    if not count:
        return Stuck(
            guest.id,
            f"There is no host that {guest.name} could go to.",
            "Name more targets, or empty fewer hosts at once.",
        )
    parts, ways = [], []
    for reason, number in sorted(count.items(), key=lambda each: (-each[1], each[0])):
        said, way = _reason(fleet, guest, reason, one=number == 1)
        parts.append(f"{number} {said}")
        if way not in ways:
            ways.append(way)
    return Stuck(
        guest.id, f"No host may take {guest.name}: {', '.join(parts)}.", " ".join(ways)
    )


def _reason(fleet: Fleet, guest: Guest, reason: str, *, one: bool) -> tuple[str, str]:
    """Return what keeps hosts from taking the guest, and what to do about that."""
    if reason.startswith("room "):
        name = reason.removeprefix("room ")
        return (
            f"{'has' if one else 'have'} no room for {guest.resources[name]} "
            f"{unit(name)}",
            "Make room on other hosts first, or name larger targets.",
        )
    return {
        "closed": (
            f"{'takes' if one else 'take'} no instances now",
            "Enable or repair hosts that are disabled or down.",
        ),
        "zone": (
            f"{'is' if one else 'are'} outside its zone {guest.zone}",
            f"{_to_zone(fleet, guest.zone)}, or unpin the instance from it: since "
            "2026.2 by PUT /servers (microversion 2.104), since Zed by shelving it and "
            "unshelving it without a zone (2.91).",
        ),
        "project": (
            f"{'is' if one else 'are'} reserved for other projects",
            "Name targets that accept its project or all projects.",
        ),
        "group": (
            f"{'holds' if one else 'hold'} as many members of its group as may be",
            "Name targets without a member of its anti-affinity group.",
        ),
        "rule": (
            f"{'is' if one else 'are'} forbidden by the pre-flight",
            "Look at the pre-flight of this instance, which names each reason.",
        ),
    }[reason]


def _to_zone(fleet: Fleet, zone: str) -> str:
    if zone in fleet.zones.values():
        return f"Name targets in the zone {zone}"
    return f"No host is in the zone {zone}: put an empty one into an aggregate of it"


def _crowded_out(guest: Guest, hosts: int) -> Stuck:
    which = "The only host" if hosts == 1 else f"All {hosts} hosts"
    return Stuck(
        guest.id,
        f"{which} that could take {guest.name} will be filled by other instances that "
        "move.",
        "Name more targets, empty fewer hosts at once, or make room on other hosts "
        "first.",
    )


def _fallbacks(room: FreeCapacity, guest: Guest, may: Sequence[str]) -> tuple[str, ...]:
    """Return the best other hosts where the guest fits when all others have moved."""
    target = room.unassign(guest)
    # of no two hosts the rank is the same
    ranks = nsmallest(FALLBACKS + 1, room.ranks(guest, may))
    room.assign(guest, target)
    return tuple(rank[-1] for rank in ranks if rank[-1] != target)[:FALLBACKS]


def _in_order(fleet: Fleet, tasks: Sequence[Task]) -> list[Task]:
    """Return the moves so that those with the most behind them begin first.

    Always the next of the source that has the most seconds left; of each source the
    longest first. So the longest chain never waits, and short ones fill the end. A
    move of which nobody knows how long it takes counts as the mean of the others.
    """
    told = [s for task in tasks if (s := fleet.guests[task.guest].seconds) > 0]
    mean = sum(told) / len(told) if told else 1.0
    takes = {task.guest: fleet.guests[task.guest].seconds or mean for task in tasks}
    waiting: Mapping[str, list[Task]] = defaultdict(list)
    for task in sorted(tasks, key=lambda t: (takes[t.guest], t.guest)):
        waiting[task.source].append(task)
    left = {source: sum(takes[t.guest] for t in waiting[source]) for source in waiting}
    ordered = []
    while left:
        source = max(sorted(left), key=lambda each: left[each])
        task = waiting[source].pop()
        ordered.append(task)
        left[source] -= takes[task.guest]
        if not waiting[source]:
            del left[source]
    return ordered
