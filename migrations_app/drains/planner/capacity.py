"""What is left on each host while guests are given places: the search's own account.

Allocations are only added, never released: hosts that are emptied receive nobody, so
what leaves them makes room for nobody else, and every order of the moves keeps to the
limits.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from migrations_app.drains.planner.model import (
    ANTI_AFFINITY,
    SOFT_AFFINITY,
    SOFT_ANTI_AFFINITY,
    Fleet,
    Guest,
    Host,
)

SpeaksAgainst = Callable[[Guest, Host], str]

Rank = tuple[int, int, bool, float, str]
Size = frozenset[tuple[str, int]]

_WISHES = {SOFT_ANTI_AFFINITY: 1, SOFT_AFFINITY: -1}


class FreeCapacity:
    """The hosts that may receive, and what is left there as guests are put on them."""

    def __init__(
        self,
        fleet: Fleet,
        receiving: Collection[str],
        *,
        speaks_against: SpeaksAgainst | None,
    ) -> None:
        self.fleet = fleet
        self.hosts = {name: fleet.hosts[name] for name in sorted(receiving)}
        self.at: dict[str, str] = {}
        self.here: dict[str, set[str]] = defaultdict(set)
        self._speaks_against = speaks_against
        self._capacity = {
            host.name: {name: stock.capacity for name, stock in host.stock.items()}
            for host in self.hosts.values()
        }
        self._free = {
            host.name: {name: stock.free for name, stock in host.stock.items()}
            for host in self.hosts.values()
        }
        self._free_in_all = _sum(self._free.values())
        self._used = {
            host.name: {name: stock.used for name, stock in host.stock.items()}
            for host in self.hosts.values()
        }
        # guests of one size have one answer on a host, until somebody else goes there
        self._fills: dict[Size, dict[str, tuple[int, float] | None]] = {}
        self._small: dict[Size, dict[str, str]] = {}
        self._shut: dict[tuple[str, str], dict[str, str]] = {}
        self._zones = {host.name: host.zone for host in self.hosts.values()}
        # members of a group on a host, who is to leave it counted too: it may not
        self._members: Counter[tuple[str, str]] = Counter(
            (guest.group, guest.host) for guest in fleet.guests.values() if guest.group
        )

    # -- what never changes -------------------------------------------------
    def never(self, guest: Guest) -> dict[str, str]:
        """Return of each host why it can never take the guest, in a word; empty: may.

        The words count hosts in the sentence about a guest that finds no place.
        """
        size = _size(guest)
        if size not in self._small:
            self._small[size] = self._too_small(guest)
        place = (guest.zone, guest.project)
        if place not in self._shut:
            self._shut[place] = self._shut_to(guest)
        found = self._small[size] | self._shut[place]
        if guest.host in found:
            found[guest.host] = "source"
        if self._speaks_against is None and not self._spread(guest):
            return found
        for name, why in found.items():
            if why:
                continue
            if self.crowded(guest, name):
                found[name] = "group"
            elif self._against(guest, self.hosts[name]):
                found[name] = "rule"
        return found

    def _too_small(self, guest: Guest) -> dict[str, str]:
        """Return of each host which class it has too little of for this size."""
        found = dict.fromkeys(self.hosts, "")
        for host in self.hosts.values():
            free = self._free[host.name]
            for name, amount in guest.resources.items():
                if name in free and amount > min(free[name], host.stock[name].max_unit):
                    found[host.name] = f"room {name}"
                    break
        return found

    def _shut_to(self, guest: Guest) -> dict[str, str]:
        """Return of the hosts that are shut to the zone and the project of one why."""
        found = {}
        for name, host in self.hosts.items():
            if host.why_not:
                found[name] = "closed"
            elif guest.zone and host.zone != guest.zone:
                found[name] = "zone"
            elif host.projects and guest.project not in host.projects:
                found[name] = "project"
        return found

    def _against(self, guest: Guest, host: Host) -> str:
        return self._speaks_against(guest, host) if self._speaks_against else ""

    def free(self, hosts: Collection[str]) -> Mapping[str, int]:
        """Return what these hosts had free together before any came, by class."""
        if 2 * len(hosts) < len(self.hosts):
            return _sum(self._free[host] for host in hosts)
        others = _sum(self._free[host] for host in self.hosts.keys() - set(hosts))
        return {
            name: amount - others.get(name, 0)
            for name, amount in self._free_in_all.items()
        }

    # -- what is left now ---------------------------------------------------
    def ranks(
        self, guest: Guest, hosts: Iterable[str], *, pack: bool = False
    ) -> list[Rank]:
        """Return how well each of the hosts that has room would do: lower is better.

        First the wish of a soft group, then hosts whose stock is known in all classes,
        then the guest's own zone, then how full the scarcest class would be: the
        least full first, or with ``pack`` the fullest.
        """
        size = _size(guest)
        left = self.fleet.hosts.get(guest.host)
        own = left.zone if left is not None else None
        wishes, spread = self._wish(guest), self._spread(guest)
        sign = -1 if pack else 1
        ranks = []
        known = self._fills.setdefault(size, {})
        for host in hosts:
            if host not in known:
                known[host] = self._fill(guest, host)
            fill = known[host]
            if fill is None:
                continue
            if spread and self.crowded(guest, host):
                continue
            wish = wishes and wishes * self._members[guest.group, host]
            away = own is not None and own != self._zones[host]
            ranks.append((wish, fill[0], away, sign * fill[1], host))
        return ranks

    def _fill(self, guest: Guest, host: str) -> tuple[int, float] | None:
        """Return how many of its classes the host has no stock of, and how full it
        would be with the guest in its scarcest (1: full); None: it has no room.
        """
        used, capacity = self._used[host], self._capacity[host]
        more = guest.resources
        fullest = 0.0
        for name, most in capacity.items():
            wanted = more.get(name, 0)
            if wanted and used[name] + wanted > most:
                return None
            if most:
                fullest = max(fullest, (used[name] + wanted) / most)
        return sum(name not in capacity for name in more), fullest

    def lacks(self, guest: Guest, host: str) -> dict[str, int]:
        """Return by how much the host is too full for the guest now, by class."""
        used, capacity = self._used[host], self._capacity[host]
        return {
            name: over
            for name, amount in guest.resources.items()
            if name in capacity
            and amount
            and (over := used[name] + amount - capacity[name]) > 0
        }

    def crowded(self, guest: Guest, host: str) -> bool:
        """Tell whether the host has as many others of an anti-affinity group as may."""
        if not self._spread(guest):
            return False
        most = self.fleet.groups[guest.group].max_per_host
        return self._members[guest.group, host] >= most

    def _spread(self, guest: Guest) -> bool:
        """Tell whether the members of its group must be on different hosts."""
        group = self.fleet.groups.get(guest.group)
        return group is not None and group.policy == ANTI_AFFINITY

    def _wish(self, guest: Guest) -> int:
        """Return 1 or -1 where members of its group had better be apart or together."""
        group = self.fleet.groups.get(guest.group)
        return _WISHES.get(group.policy, 0) if group is not None else 0

    def assign(self, guest: Guest, host: str) -> None:
        """Give the guest a place there."""
        self.at[guest.id] = host
        self.here[host].add(guest.id)
        self._count(guest, host, sign=1)

    def unassign(self, guest: Guest) -> str:
        """Take its place from the guest again, and return which it was."""
        host = self.at.pop(guest.id)
        self.here[host].discard(guest.id)
        self._count(guest, host, sign=-1)
        return host

    def mates(self, guest: Guest, host: str) -> Iterator[str]:
        """Yield the ids of those of its group that were given a place there."""
        for other in sorted(self.here[host]):
            if self.fleet.guests[other].group == guest.group:
                yield other

    def _count(self, guest: Guest, host: str, *, sign: int) -> None:
        for known in self._fills.values():
            known.pop(host, None)
        used = self._used[host]
        for name, amount in guest.resources.items():
            if name in used:
                used[name] += sign * amount
        if guest.group:
            self._members[guest.group, host] += sign


def _sum(amounts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for each in amounts:
        for name, amount in each.items():
            found[name] = found.get(name, 0) + amount
    return found


def _size(guest: Guest) -> Size:
    return frozenset(guest.resources.items())
