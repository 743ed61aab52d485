"""What is left on each host while guests are given places: the search's own account.

Only charged, never given back: hosts that are emptied receive nobody, so what leaves
them makes room for nobody else, and every order of the moves keeps to the limits.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator

from migrations_app.draining.fleet import (
    ANTI_AFFINITY,
    SOFT_AFFINITY,
    SOFT_ANTI_AFFINITY,
    Fleet,
    Guest,
    Host,
)

SpeaksAgainst = Callable[[Guest, Host], str]

Rank = tuple[int, int, bool, float, str]


class Room:
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
        self._at_most = {
            host.name: {
                name: min(stock.free, stock.max_unit)
                for name, stock in host.stock.items()
            }
            for host in self.hosts.values()
        }
        self._used = {
            host.name: {name: stock.used for name, stock in host.stock.items()}
            for host in self.hosts.values()
        }
        # members of a group on a host, who is to leave it counted too: it may not
        self._members: Counter[tuple[str, str]] = Counter(
            (guest.group, guest.host) for guest in fleet.guests.values() if guest.group
        )

    # -- what never changes -------------------------------------------------
    def why_never(self, guest: Guest, host: Host) -> str:
        """Return why the host can never take the guest, in a word; empty: it may.

        The words count hosts in the sentence about a guest that finds no place.
        """
        if host.name == guest.host:
            return "source"
        if host.why_not:
            return "closed"
        if guest.zone and host.zone != guest.zone:
            return "zone"
        if host.projects and guest.project not in host.projects:
            return "project"
        at_most = self._at_most[host.name]
        for name, amount in guest.resources.items():
            if name in at_most and amount > at_most[name]:
                return f"room {name}"
        if self.crowded(guest, host.name):
            return "group"
        if self._speaks_against is not None and self._speaks_against(guest, host):
            return "rule"
        return ""

    # -- what is left now ---------------------------------------------------
    def fits(self, guest: Guest, host: str) -> bool:
        """Tell whether the host has room for the guest now, and for its group."""
        used, capacity = self._used[host], self._capacity[host]
        for name, amount in guest.resources.items():
            if name in capacity and amount and used[name] + amount > capacity[name]:
                return False
        return not self.crowded(guest, host)

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
        group = self.fleet.groups.get(guest.group)
        if group is None or group.policy != ANTI_AFFINITY:
            return False
        return self._members[guest.group, host] >= group.max_per_host

    def rank(self, guest: Guest, host: str, *, pack: bool = False) -> Rank:
        """Return how well the host would do, lower is better.

        First the wish of a soft group, then hosts whose stock is known in all classes,
        then the guest's own zone, then how full the scarcest class would be: the
        least full first, or with ``pack`` the fullest.
        """
        group = self.fleet.groups.get(guest.group)
        wish = 0
        if group is not None and group.policy == SOFT_ANTI_AFFINITY:
            wish = self._members[guest.group, host]
        elif group is not None and group.policy == SOFT_AFFINITY:
            wish = -self._members[guest.group, host]
        capacity = self._capacity[host]
        unknown = sum(name not in capacity for name in guest.resources)
        left = self.fleet.hosts.get(guest.host)
        away = left is not None and left.zone != self.hosts[host].zone
        full = self.fill(host, guest)
        return (wish, unknown, away, -full if pack else full, host)

    def fill(self, host: str, guest: Guest) -> float:
        """Return how full the scarcest class of the host is with the guest; 1: full."""
        used = self._used[host]
        more = guest.resources
        fullest = 0.0
        for name, capacity in self._capacity[host].items():
            if capacity:
                share = (used[name] + more.get(name, 0)) / capacity
                if share > fullest:
                    fullest = share
        return fullest

    def put(self, guest: Guest, host: str) -> None:
        """Give the guest a place there."""
        self.at[guest.id] = host
        self.here[host].add(guest.id)
        self._count(guest, host, sign=1)

    def take(self, guest: Guest) -> str:
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
        used = self._used[host]
        for name, amount in guest.resources.items():
            if name in used:
                used[name] += sign * amount
        if guest.group:
            self._members[guest.group, host] += sign
