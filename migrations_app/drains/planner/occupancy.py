"""What each host holds while moves go on: its stock, and its members of groups."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

from migrations_app.drains.planner.model import ANTI_AFFINITY, Fleet, Guest, Task
from migrations_app.integrations.interfaces import Stock


class Ledger:
    """The fleet as it is after some moves have begun and some have ended.

    A started move has an allocation on its target, and still on its source until it has
    ended, as in Nova (nova/conductor/tasks/migrate.py). An allocation that the fleet
    already shows on the target counts once.
    """

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._held: dict[str, set[str]] = {}
        self._added: dict[str, Counter[str]] = {}
        self._members: Counter[tuple[str, str]] = Counter(
            (guest.group, guest.host) for guest in fleet.guests.values() if guest.group
        )

    def begin(self, task: Task) -> None:
        """Charge the target, unless the guest is there."""
        if not self.holds(task.target, task.guest):
            self._count(task.guest, task.target, sign=1)

    def end(self, task: Task) -> None:
        """Give back what the source held, if it did."""
        if task.source != task.target and self.holds(task.source, task.guest):
            self._count(task.guest, task.source, sign=-1)

    def holds(self, host: str, guest: str) -> bool:
        """Return whether the host has an allocation of the guest with this id."""
        return host in self._hosts(guest)

    def stock(self, host: str) -> Mapping[str, Stock]:
        """Return the stock of the host as it is now; empty for one not known."""
        known = self._fleet.hosts.get(host)
        if known is None:
            return {}
        added = self._added.get(host)
        if added is None:
            return known.stock
        return {
            name: replace(stock, used=max(0, stock.used + added[name]))
            for name, stock in known.stock.items()
        }

    def shortage(self, task: Task) -> dict[str, int]:
        """Return what the target has too little of for the guest: class -> amount."""
        guest = self._fleet.guests.get(task.guest)
        if guest is None or self.holds(task.target, task.guest):
            return {}
        now = self.stock(task.target)
        return {
            name: over
            for name, amount in guest.resources.items()
            if amount
            and name in now
            and (over := now[name].used + amount - now[name].capacity) > 0
        }

    def members(self, guest: Guest, host: str) -> int:
        """Return how many other members of the guest's group the host has."""
        if not guest.group:
            return 0
        return self._members[guest.group, host] - self.holds(host, guest.id)

    def crowded(self, task: Task) -> bool:
        """Tell whether the target has all members of an anti-affinity group it may."""
        guest = self._fleet.guests.get(task.guest)
        group = self._fleet.groups.get(guest.group) if guest is not None else None
        if guest is None or group is None or group.policy != ANTI_AFFINITY:
            return False
        return self.members(guest, task.target) >= group.max_per_host

    def _hosts(self, guest: str) -> set[str]:
        if guest not in self._held:
            known = self._fleet.guests.get(guest)
            self._held[guest] = {known.host} if known is not None else set()
        return self._held[guest]

    def _count(self, guest: str, host: str, *, sign: int) -> None:
        known = self._fleet.guests.get(guest)
        if known is None:
            return
        held = self._hosts(guest)
        held.symmetric_difference_update({host})
        added = self._added.setdefault(host, Counter())
        for name, amount in known.resources.items():
            added[name] += sign * amount
        if known.group:
            self._members[known.group, host] += sign
