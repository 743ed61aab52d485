"""Give guests places: the most constrained first, then by making others give way.

Placing is packing in several dimensions, which no quick way solves always. Greedily
nearly all find a place; for the others a guest that was placed gives way to one that
was not, and looks for another place itself (ejection chains; a guest that was often
without a place is seldom made to give way, as in Nagata and Bräysy, 2009). The number
of hosts that are looked at for that is bounded, so that it ends. Nothing is random.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from migrations_app.drains.planner.capacity import Room
from migrations_app.drains.planner.model import Guest

# Hosts that are looked at to make room for those without a place: a second or two. And
# how often a guest looks for a place then, on average.
LOOKS, TURNS = 40_000, 50


def search(
    room: Room, guests: Collection[Guest], may: Mapping[str, Sequence[str]]
) -> dict[str, str]:
    """Return a host for as many guests as can be found one for, by the guests' ids.

    ``may`` names the hosts that could ever take each. First with the load spread over
    the hosts; when not all find a place so, also with the hosts filled one by one,
    which leaves larger gaps; at last with the smallest guests first, of which more
    find a place when not all can. The room is left as the answer says.
    """
    best: dict[str, str] = {}
    for pack, small in ((False, False), (True, False), (True, True)):
        for guest in guests:
            if guest.id in room.at:
                room.take(guest)
        without = _greedy(room, guests, may, pack=pack, small=small)
        _make_room(room, without, may, pack=pack)
        if len(room.at) > len(best):
            best = dict(room.at)
        if len(best) == len(guests):
            break
    _restore(room, guests, best)
    return dict(room.at)


def _greedy(
    room: Room,
    guests: Collection[Guest],
    may: Mapping[str, Sequence[str]],
    *,
    pack: bool,
    small: bool,
) -> list[Guest]:
    """Place guest after guest; return those that found no place."""
    sign = 1 if small else -1
    size = {g.id: sign * _size(g, room.free(may[g.id])) for g in guests}
    return [
        guest
        for guest in sorted(guests, key=lambda g: (size[g.id], len(may[g.id]), g.id))
        if not _settle(room, guest, may, pack=pack)
    ]


def _size(guest: Guest, free: Mapping[str, int]) -> float:
    """Return what share of the free stock the guest takes, of its scarcest class.

    Of the hosts that may take it: whoever has little choice comes before others as
    large.
    """
    shares = (
        amount / max(1, free[name])
        for name, amount in guest.resources.items()
        if name in free
    )
    return max(shares, default=0.0)


def _settle(
    room: Room, guest: Guest, may: Mapping[str, Sequence[str]], *, pack: bool
) -> bool:
    """Put the guest on the best host that has room; tell whether there was one."""
    best = min(room.ranks(guest, may[guest.id], pack=pack), default=None)
    if best is None:
        return False
    room.put(guest, best[-1])
    return True


def _make_room(
    room: Room,
    without: list[Guest],
    may: Mapping[str, Sequence[str]],
    *,
    pack: bool,
) -> None:
    """Find places for those without one by letting others give way."""
    guests = room.fleet.guests
    stack, looks = list(reversed(without)), LOOKS
    turns = TURNS * len(may)
    best, placed = dict(room.at), len(room.at)
    often: dict[str, int] = {}
    moved = {guest.id: guest for guest in without}
    while stack and looks > 0 and turns > 0:
        guest = stack.pop()
        turns -= 1
        looks -= 1 + len(may[guest.id]) // 10
        if not _settle(room, guest, may, pack=pack):
            often[guest.id] = often.get(guest.id, 1) + 1
            cheapest: tuple[int, int, str, list[str]] | None = None
            for host in may[guest.id]:
                if not room.here[host]:
                    continue
                looks -= 1
                away = _who_gives_way(room, guest, host, often)
                if away:
                    cost = sum(often.get(each, 1) for each in away)
                    option = (cost, len(away), host, away)
                    cheapest = min(cheapest or option, option)
            if cheapest is None:
                continue
            for each in cheapest[3]:
                room.take(guests[each])
                moved[each] = guests[each]
                stack.append(guests[each])
            room.put(guest, cheapest[2])
        if len(room.at) > placed:
            best, placed = dict(room.at), len(room.at)
    if len(room.at) < placed:
        _restore(room, [*moved.values()], best)


def _who_gives_way(
    room: Room, guest: Guest, host: str, often: Mapping[str, int]
) -> list[str]:
    """Return who must leave the host so that the guest fits; empty: nobody helps.

    One that is enough alone, if there is; else several, those that were seldom
    without a place first, without any who need not go.
    """
    lacking = room.lacks(guest, host)
    known = room.fleet.guests
    mates = list(room.mates(guest, host)) if room.crowded(guest, host) else []
    if room.crowded(guest, host) and not mates:
        return []
    order = sorted(mates or room.here[host], key=lambda g: (often.get(g, 1), g))
    for each in order:
        given = known[each].resources
        if all(given.get(name, 0) >= over for name, over in lacking.items()):
            return [each]
    chosen = order[:1] if mates else []
    left = _less(lacking, [known[each] for each in chosen])
    for each in sorted(room.here[host], key=lambda g: (often.get(g, 1), g)):
        if not left:
            break
        if each not in chosen and any(known[each].resources.get(n) for n in left):
            chosen.append(each)
            left = _less(left, [known[each]])
    if left:
        return []
    for each in list(chosen[1:] if mates else chosen):
        rest = [known[other] for other in chosen if other != each]
        if rest and not _less(lacking, rest):
            chosen.remove(each)
    return chosen


def _less(lacking: Mapping[str, int], gone: Sequence[Guest]) -> dict[str, int]:
    """Return what is still lacking when these have gone."""
    return {
        name: left
        for name, over in lacking.items()
        if (left := over - sum(guest.resources.get(name, 0) for guest in gone)) > 0
    }


def _restore(room: Room, guests: Collection[Guest], at: Mapping[str, str]) -> None:
    """Put the guests where ``at`` has them, and nobody else anywhere."""
    everyone = [room.fleet.guests[each] for each in {*room.at, *at}]
    for guest in everyone:
        if guest.id in room.at and room.at[guest.id] != at.get(guest.id):
            room.take(guest)
    for guest in everyone:
        if guest.id in at and guest.id not in room.at:
            room.put(guest, at[guest.id])
