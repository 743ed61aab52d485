"""What moves do to every host that they touch: before, at the worst, and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from migrations_app.draining.fleet import Fleet, Limits, Task
from migrations_app.ports import Stock


class Kind(StrEnum):
    """What a move breaks."""

    CAPACITY = "capacity"  # a host gets more than it may hold
    GROUP = "group"  # a hard rule of a server group
    WISH = "wish"  # a soft one
    ZONE = "zone"  # an instance leaves the zone that it must stay in
    PROJECT = "project"  # the host is set aside for others
    HOST = "host"  # the host takes no instances now
    GUEST = "guest"  # the instance cannot be moved, or is not there


@dataclass(frozen=True, slots=True)
class Broken:
    """One limit or rule that is broken, at which move (from 1), as a sentence."""

    kind: Kind
    step: int
    sentence: str
    host: str
    guest: str  # its id

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        raise NotImplementedError


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
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Effect:
    """Every host that the moves touch, by name, and what they break, in their order."""

    hosts: tuple[HostEffect, ...]
    broken: tuple[Broken, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        raise NotImplementedError


def effect(
    fleet: Fleet, tasks: Sequence[Task], *, limits: Limits | None = None
) -> Effect:
    """Return what the moves do to the hosts, in the order of the moves.

    One after the other; with ``limits``, as many at once as they allow, each when
    there is room for it (as a drain does). While a move lasts both hosts are charged.
    """
    raise NotImplementedError
