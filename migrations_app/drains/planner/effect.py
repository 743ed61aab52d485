"""What moves do to every host that they touch: before, at the worst, and after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from migrations_app.drains.planner.model import Fleet, Limits, Task
from migrations_app.drains.planner.move_order import Event, walk
from migrations_app.drains.planner.occupancy import Ledger
from migrations_app.drains.planner.violations import Broken, Kind, broken_by
from migrations_app.integrations.interfaces import Stock

__all__ = ["Broken", "Effect", "HostEffect", "Kind", "effect"]


@dataclass(frozen=True, slots=True)
class HostEffect:
    """The stock of a host before the moves, when it holds the most, and after them.

    ``peak`` holds each class at its own worst moment; ``peak_at`` says after the
    beginning of which move (from 1) that is, 0: before the first. ``arriving`` and
    ``leaving`` count guests.
    """

    name: str
    zone: str
    before: Mapping[str, Stock]
    peak: Mapping[str, Stock]
    after: Mapping[str, Stock]
    peak_at: Mapping[str, int]
    arriving: int
    leaving: int

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return {
            "host": self.name,
            "zone": self.zone,
            "arriving": self.arriving,
            "leaving": self.leaving,
            "resources": {
                name: {
                    "capacity": before.capacity,
                    "used_before": before.used,
                    "used_peak": self.peak[name].used,
                    "used_after": self.after[name].used,
                    "peak_at": self.peak_at[name],
                }
                for name, before in self.before.items()
            },
        }


@dataclass(frozen=True, slots=True)
class Effect:
    """Every host that the moves touch, by name, and what they break, in their order."""

    hosts: tuple[HostEffect, ...]
    broken: tuple[Broken, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return {
            "hosts": [host.as_dict() for host in self.hosts],
            "broken": [each.as_dict() for each in self.broken],
        }


def effect(
    fleet: Fleet, tasks: Sequence[Task], *, limits: Limits | None = None
) -> Effect:
    """Return what the moves do to the hosts; moves are counted as ``tasks`` has them.

    One after the other; with ``limits``, as many at once as they allow, each when there
    is room for it (as a drain does). During a move both hosts hold the allocation.
    Hosts that the fleet does not have are named in ``broken`` only.
    """
    ledger = Ledger(fleet)
    touched = {host for task in tasks for host in (task.source, task.target)}
    before = {host: ledger.stock(host) for host in touched & fleet.hosts.keys()}
    peak = {host: dict(stock) for host, stock in before.items()}
    peak_at = {host: dict.fromkeys(stock, 0) for host, stock in before.items()}
    broken: list[Broken] = []
    for event in _events(fleet, tasks, limits):
        task, target = event.task, event.task.target
        if not event.begins:
            ledger.end(task)
            continue
        broken += broken_by(fleet, ledger, task, step=event.number + 1)
        ledger.begin(task)
        for name, stock in ledger.stock(target).items():
            if stock.used > peak[target][name].used:
                peak[target][name] = stock
                peak_at[target][name] = event.number + 1
    moving = [t for t in tasks if t.guest in fleet.guests and t.source != t.target]
    arriving = Counter(task.target for task in moving)
    leaving = Counter(task.source for task in moving)
    return Effect(
        hosts=tuple(
            HostEffect(
                name=host,
                zone=fleet.hosts[host].zone,
                before=before[host],
                peak=peak[host],
                after=ledger.stock(host),
                peak_at=peak_at[host],
                arriving=arriving[host],
                leaving=leaving[host],
            )
            for host in sorted(before)
        ),
        broken=tuple(broken),
    )


def _events(
    fleet: Fleet, tasks: Sequence[Task], limits: Limits | None
) -> Iterator[Event]:
    if limits is not None:

        def seconds(task: Task) -> float:
            guest = fleet.guests.get(task.guest)
            return (guest.seconds if guest is not None else 0.0) or 1.0

        yield from walk(tasks, limits, seconds, fleet=fleet)
        return
    for number, task in enumerate(tasks):
        yield Event(number, True, number, task)
        yield Event(number + 1, False, number, task)
