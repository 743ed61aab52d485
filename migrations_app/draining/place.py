"""Find a target for every guest that has to leave its host."""

from __future__ import annotations

from collections.abc import Callable, Collection

from migrations_app.draining.fleet import Fleet, Guest, Host, Placement

SpeaksAgainst = Callable[[Guest, Host], str]


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
    raise NotImplementedError
