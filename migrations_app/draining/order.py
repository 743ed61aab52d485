"""Which moves may start now, and how long all of them take at best."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from migrations_app.draining.fleet import Fleet, Limits, Task

SecondsOf = Callable[[Task], float]


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
    anti-affinity group. A move that waits keeps none behind it from starting.
    """
    raise NotImplementedError


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
    raise NotImplementedError


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
    raise NotImplementedError
