"""How fast two hosts copy to each other: measured, or assumed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from migrations_app.preflight.estimate import DEFAULT_SPEED


@dataclass(frozen=True, slots=True)
class Speed:
    """What one stream carries, in Mbit/s. ``measured_at`` is None when assumed.

    ``source`` and ``target`` are the hosts between which it was measured: not always
    the two that were asked about.
    """

    mbit: int
    measured_at: datetime | None = None
    source: str | None = None
    target: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return {
            "mbit": self.mbit,
            "measured_at": self.measured_at and self.measured_at.isoformat(),
            "source": self.source,
            "target": self.target,
        }


@dataclass(frozen=True, slots=True)
class Speeds:
    """The newest measurement of each pair of hosts and of each host, and what holds
    without any."""

    assumed: int = DEFAULT_SPEED
    pairs: Mapping[tuple[str, str], Speed] = field(default_factory=dict)
    hosts: Mapping[str, Speed] = field(default_factory=dict)

    @classmethod
    def of(cls, measured: Iterable[Speed], *, assumed: int) -> Speeds:
        """Return the speeds; where two speak of the same, the last given counts."""
        pairs: dict[tuple[str, str], Speed] = {}
        hosts: dict[str, Speed] = {}
        for speed in measured:
            source, target = speed.source or "", speed.target or ""
            pairs[source, target] = hosts[source] = hosts[target] = speed
        return cls(assumed, pairs, hosts)

    def between(self, source: str, target: str | None) -> Speed:
        """Return the best that is known of this pair.

        Its own measurement; else that of the way back; else the newest that has
        either host in it, of the slower one; else the assumed speed.
        """
        if target is not None:
            for pair in ((source, target), (target, source)):
                if found := self.pairs.get(pair):
                    return found
        near = [
            self.hosts[host]
            for host in (source, target or source)
            if host in self.hosts
        ]
        return min(near, key=lambda speed: speed.mbit, default=Speed(self.assumed))
