"""Which moves may start now, and how long all of them take at best."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from migrations_app.drains.planner.model import Fleet, Limits, Task
from migrations_app.drains.planner.occupancy import Ledger
from migrations_app.errors import Unfit

SecondsOf = Callable[[Task], float]


@dataclass(frozen=True, slots=True)
class Event:
    """At this second, a move begins or ends; ``number`` is its place, from 0."""

    at: float
    begins: bool
    number: int
    task: Task


def startable(
    waiting: Sequence[Task],
    running: Sequence[Task],
    limits: Limits,
    zone_of: Mapping[str, str],
    *,
    fleet: Fleet | None = None,
    done: Sequence[Task] = (),
) -> list[Task]:
    """Return which of the waiting moves may start now, in their order.

    All of them may start together with what runs, and no limit is passed. With the
    ``fleet`` as it was before the first of the moves, and those that are ``done``, a
    move waits whose target has no room yet, or holds too many members of its
    anti-affinity group. In a fleet that was read since, moves that ended count once;
    those that run may count twice at their targets, which is too careful, never too
    bold. A move that waits keeps none behind it from starting.
    """
    slots = _Slots(limits, zone_of)
    ledger = Ledger(fleet) if fleet is not None else None
    for task in done:
        if ledger is not None:
            ledger.begin(task)
            ledger.end(task)
    for task in running:
        slots.take(task)
        if ledger is not None:
            ledger.begin(task)
    return [waiting[number] for number in _may(list(enumerate(waiting)), slots, ledger)]


def walk(
    tasks: Sequence[Task],
    limits: Limits,
    seconds_of: SecondsOf,
    *,
    zone_of: Mapping[str, str] | None = None,
    fleet: Fleet | None = None,
) -> Iterator[Event]:
    """Yield what happens when each move starts as soon as ``startable`` lets it.

    When nothing is under way and none may start for want of room, the first of those
    that wait starts nevertheless, and the effect shows the broken rule.
    """
    zones = zone_of if zone_of is not None else fleet.zones if fleet else {}
    slots = _Slots(limits, zones)
    ledger = Ledger(fleet) if fleet is not None else None
    waiting = list(enumerate(tasks))
    ends: list[tuple[float, int]] = []
    now = 0.0
    while waiting or ends:
        chosen = _may(waiting, slots, ledger)
        if not chosen and not ends:
            number, first = waiting[0]
            chosen = [number]
            slots.take(first)
            if ledger is not None:
                ledger.begin(first)
        for number in chosen:
            yield Event(now, True, number, tasks[number])
            heapq.heappush(ends, (now + max(0.0, seconds_of(tasks[number])), number))
        started = set(chosen)
        waiting = [each for each in waiting if each[0] not in started]
        now = ends[0][0]
        while ends and ends[0][0] <= now:
            number = heapq.heappop(ends)[1]
            slots.give(tasks[number])
            if ledger is not None:
                ledger.end(tasks[number])
            yield Event(now, False, number, tasks[number])


def finish(
    tasks: Sequence[Task],
    limits: Limits,
    seconds_of: SecondsOf,
    *,
    zone_of: Mapping[str, str] | None = None,
    fleet: Fleet | None = None,
) -> float:
    """Return after how many seconds the moves are over when none of them is delayed.

    Each starts as soon as ``startable`` lets it. Raises Unfit when some never may.
    """
    ledger = Ledger(fleet) if fleet is not None else None
    end = 0.0
    for event in walk(tasks, limits, seconds_of, zone_of=zone_of, fleet=fleet):
        end = event.at
        if ledger is None:
            continue
        if not event.begins:
            ledger.end(event.task)
            continue
        if ledger.shortage(event.task) or ledger.crowded(event.task):
            raise Unfit(
                f"The move of {event.task.guest} to {event.task.target} can never "
                "start: even when all that may go before it is done, that host has no "
                "room for it. Choose another target."
            )
        ledger.begin(event.task)
    return end


def at_least(
    tasks: Sequence[Task],
    limits: Limits,
    seconds_of: SecondsOf,
    *,
    zone_of: Mapping[str, str] | None = None,
) -> float:
    """Return the seconds below which no order whatever brings the moves to their end.

    The longest chain: of all sources, targets and zones, and of all together, the
    most seconds divided by the limit; and no less than the longest move.
    """
    slots = _Slots(limits, zone_of or {})
    seconds: Counter[Hashable] = Counter()
    longest = 0.0
    for task in tasks:
        takes = max(0.0, seconds_of(task))
        longest = max(longest, takes)
        for key, _ in slots.keys(task):
            seconds[key] += takes  # type: ignore[assignment]
    chains = {key: limit for task in tasks for key, limit in slots.keys(task)}
    return max([longest, *(seconds[key] / limit for key, limit in chains.items())])


class _Slots:
    """How many moves are under way at each place that has a limit."""

    def __init__(self, limits: Limits, zone_of: Mapping[str, str]) -> None:
        self._limits, self._zone_of = limits, zone_of
        self._taken: Counter[Hashable] = Counter()

    def keys(self, task: Task) -> Iterator[tuple[Hashable, int]]:
        """Yield the places where the move counts, with their limits."""
        limits = self._limits
        if limits.overall:
            yield "overall", limits.overall
        if limits.per_source:
            yield ("source", task.source), limits.per_source
        if limits.per_target:
            yield ("target", task.target), limits.per_target
        if limits.per_zone:
            for zone in {self._zone_of.get(h) for h in (task.source, task.target)}:
                if zone:
                    yield ("zone", zone), limits.per_zone

    def free(self, task: Task) -> bool:
        """Tell whether one more move fits everywhere."""
        return all(self._taken[key] < limit for key, limit in self.keys(task))

    def full(self) -> bool:
        """Tell whether no move at all fits any more."""
        return 0 < self._limits.overall <= self._taken["overall"]

    def take(self, task: Task) -> None:
        """Count the move."""
        self._taken.update(key for key, _ in self.keys(task))

    def give(self, task: Task) -> None:
        """Stop counting the move."""
        self._taken.subtract(key for key, _ in self.keys(task))


def _may(
    waiting: Sequence[tuple[int, Task]], slots: _Slots, ledger: Ledger | None
) -> list[int]:
    """Return the numbers of those that may start, and count them as begun."""
    chosen = []
    for number, task in waiting:
        if slots.full():
            break
        if not slots.free(task):
            continue
        if ledger is not None:
            if ledger.shortage(task) or ledger.crowded(task):
                continue
            ledger.begin(task)
        slots.take(task)
        chosen.append(number)
    return chosen
