"""Give guests places: the most constrained first, then by ejecting guests again.

Placing is packing in several dimensions, which no quick way solves always. Greedily
nearly all find a place; for the others a guest that was placed is ejected by one that
was not, and needs another place itself (ejection chains). A guest that was often
without a place is seldom ejected, as in Nagata and Bräysy (2009). The number of hosts
that are looked at for that is bounded, so that it ends. Nothing is random.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from migrations_app.drains.planner.capacity import FreeCapacity
from migrations_app.drains.planner.model import Guest

# How many hosts are looked at to place those without a place: a second or two.
LOOKS = 40_000
# How often each guest is looked for a place for then, on average.
TURNS = 50


def search(
    room: FreeCapacity, guests: Collection[Guest], may: Mapping[str, Sequence[str]]
) -> dict[str, str]:
    """Return a host for as many guests as can be found one for, by the guests' ids.

    ``may`` names the hosts that could ever take each. First with the load spread over
    the hosts; when not all find a place so, also with the hosts filled one by one,
    which leaves larger gaps; at last with the smallest guests first, of which more
    find a place when not all can. The room is left as the answer says.
    """
    best: dict[str, str] = {}
    for pack, small in ((False, False), (True, False), (True, True)):
        _restore(room, {})
        without = _greedy(room, guests, may, pack=pack, small=small)
        _make_room(room, without, may, pack=pack)
        if len(room.at) > len(best):
            best = dict(room.at)
        if len(best) == len(guests):
            break
    _restore(room, best)
    return dict(room.at)


def _greedy(
    room: FreeCapacity,
    guests: Collection[Guest],
    may: Mapping[str, Sequence[str]],
    *,
    pack: bool,
    small: bool,
) -> list[Guest]:
    """Place guest after guest; return those that found no place."""
    sign = 1 if small else -1
    size = {g.id: sign * _scarcest_share(g, room.free(may[g.id])) for g in guests}
    return [
        guest
        for guest in sorted(guests, key=lambda g: (size[g.id], len(may[g.id]), g.id))
        if not _settle(room, guest, may, pack=pack)
    ]


def _scarcest_share(guest: Guest, free: Mapping[str, int]) -> float:
    """Return what share of the free stock the guest takes, of its scarcest class.

    Only hosts that may take it count: a guest with little choice comes before others of
    its size.
    """
    shares = (
        amount / max(1, free[name])
        for name, amount in guest.resources.items()
        if name in free
    )
    return max(shares, default=0.0)


def _settle(
    room: FreeCapacity, guest: Guest, may: Mapping[str, Sequence[str]], *, pack: bool
) -> bool:
    """Put the guest on the best host that has room; tell whether there was one."""
    best = min(room.ranks(guest, may[guest.id], pack=pack), default=None)
    if best is None:
        return False
    room.assign(guest, best[-1])
    return True


def _make_room(
    room: FreeCapacity,
    without: Sequence[Guest],
    may: Mapping[str, Sequence[str]],
    *,
    pack: bool,
) -> None:
    """Place guests by ejecting others, until all have a place or a bound is met.

    The room is left as it was when most had a place. Of the guests that wait::

                 ┌──────────────────── the ejected ◀────────────────────┐
                 ▼                                                      │
        take the last that waits                                        │
                 │                                                      │
        does it fit on a host that may take it? ── yes ──▶ place it     │
                 │ no                                                   │
        count a failure; on which of these hosts is it                  │
        the cheapest to eject guests? ── host and guests ─▶ place it there
                 │ on none
                 ▼
        it stays without a place
    """
    waiting = list(reversed(without))
    failures: dict[str, int] = {}
    looks, turns = LOOKS, TURNS * len(may)
    best = dict(room.at)
    while waiting and looks > 0 and turns > 0:
        guest = waiting.pop()
        turns -= 1
        looks -= 1 + len(may[guest.id]) // 10
        if not _settle(room, guest, may, pack=pack):
            failures[guest.id] = failures.get(guest.id, 0) + 1
            occupied = [host for host in may[guest.id] if room.here[host]]
            looks -= len(occupied)
            ejection = _cheapest_ejection(room, guest, occupied, failures)
            if ejection is not None:
                waiting.extend(_eject(room, ejection))
                room.assign(guest, ejection.host)
        if len(room.at) > len(best):
            best = dict(room.at)
    if len(room.at) < len(best):
        _restore(room, best)


class _Ejection(NamedTuple):
    """The guests that leave a host for another; the least of several is the best.

    ``cost`` counts each guest, and each time that it was without a place before.
    """

    cost: int
    size: int
    host: str
    guests: tuple[str, ...]


def _cheapest_ejection(
    room: FreeCapacity, guest: Guest, hosts: Iterable[str], failures: Mapping[str, int]
) -> _Ejection | None:
    """Return how the guest fits on one of the hosts after all; None: on none."""
    return min(
        (
            _Ejection(
                cost=sum(1 + failures.get(each, 0) for each in ejected),
                size=len(ejected),
                host=host,
                guests=tuple(ejected),
            )
            for host in hosts
            if (ejected := _whom_to_eject(room, guest, host, failures))
        ),
        default=None,
    )


def _eject(room: FreeCapacity, ejection: _Ejection) -> list[Guest]:
    """Take their places from the guests, and return them."""
    ejected = [room.fleet.guests[each] for each in ejection.guests]
    for each in ejected:
        room.unassign(each)
    return ejected


def _whom_to_eject(
    room: FreeCapacity, guest: Guest, host: str, failures: Mapping[str, int]
) -> list[str]:
    """Return who must leave the host so that the guest fits; empty: nobody helps.

    One alone if that is enough; else several, those with the fewest failures first,
    without any who need not go. Where the guest's group is at its limit, one of the
    group is among them.
    """
    lacking = room.lacks(guest, host)
    cheapest_first = sorted(room.here[host], key=lambda g: (failures.get(g, 0), g))
    alone, must_go = cheapest_first, []
    if room.crowded(guest, host):
        members = set(room.mates(guest, host))
        alone = [each for each in cheapest_first if each in members]
        if not alone:
            return []
        must_go = alone[:1]
    for each in alone:
        gives = room.fleet.guests[each].resources
        if all(gives.get(name, 0) >= amount for name, amount in lacking.items()):
            return [each]
    enough = _until_enough(room, lacking, must_go, cheapest_first)
    return _without_needless(room, lacking, enough, keep=must_go)


def _until_enough(
    room: FreeCapacity,
    lacking: Mapping[str, int],
    must_go: Sequence[str],
    candidates: Iterable[str],
) -> list[str]:
    """Return ``must_go`` and the first candidates that make up for what is lacking.

    Candidates without a lacking resource are left out. Empty: all are not enough.
    """
    chosen = list(must_go)
    left = _still_lacking(room, lacking, chosen)
    for each in candidates:
        if not left:
            break
        gives = room.fleet.guests[each].resources
        if each not in chosen and any(gives.get(name) for name in left):
            chosen.append(each)
            left = _still_lacking(room, left, [each])
    return [] if left else chosen


def _without_needless(
    room: FreeCapacity,
    lacking: Mapping[str, int],
    chosen: Sequence[str],
    *,
    keep: Sequence[str],
) -> list[str]:
    """Return the chosen but those without whom the others are enough."""
    needed = list(chosen)
    for each in chosen:
        others = [other for other in needed if other != each]
        if each not in keep and others and not _still_lacking(room, lacking, others):
            needed = others
    return needed


def _still_lacking(
    room: FreeCapacity, lacking: Mapping[str, int], ejected: Iterable[str]
) -> dict[str, int]:
    """Return what is still lacking when these have left, by class; empty: nothing."""
    given = [room.fleet.guests[each].resources for each in ejected]
    return {
        name: left
        for name, amount in lacking.items()
        if (left := amount - sum(resources.get(name, 0) for resources in given)) > 0
    }


def _restore(room: FreeCapacity, at: Mapping[str, str]) -> None:
    """Put the guests where ``at`` has them, and nobody else anywhere."""
    guests = room.fleet.guests
    for each, host in list(room.at.items()):
        if at.get(each) != host:
            room.unassign(guests[each])
    for each, host in at.items():
        if each not in room.at:
            room.assign(guests[each], host)
