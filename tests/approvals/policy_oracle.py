"""What a policy allows, reckoned from what was called: every way to fill the stages.

Nothing of approval/ is used, nor what the rows say about groups or delegations.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any


@dataclass(frozen=True)
class Given:
    """An approval that was accepted, and what was so at that moment."""

    digest: str
    person: str
    giver: str | None
    groups: frozenset[str]
    at: datetime

    @property
    def people(self) -> frozenset[str]:
        return frozenset({self.person, self.giver} - {None})  # type: ignore[arg-type]


@dataclass
class Known:
    """What the test itself has seen being called."""

    groups: dict[str, set[str]] = field(default_factory=dict)
    superusers: set[str] = field(default_factory=set)
    stages: list[tuple[int, list[str]]] | None = None
    hours: int | None = None
    given: list[Given] = field(default_factory=list)
    lent: list[dict[str, Any]] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)
    involved: set[str] = field(default_factory=set)

    def forget(self) -> None:
        """A new request: what was said about others is nothing to it."""
        self.given.clear()
        self.broken.clear()
        self.superusers.clear()

    def heard(self, digest: str, name: str, giver: str | None, now: datetime) -> None:
        """Remember an approval; whose say it was must be somebody's who could."""
        if giver:
            assert any(
                (it["giver"], it["to"]) == (giver, name)
                and it["starts_at"] <= now < it["ends_at"]
                for it in self.lent
            )
        groups = frozenset(self.groups[giver or name])
        each = Given(digest, name, giver, groups, now)
        assert "approver" in groups
        assert not each.people & (self.superusers | self.involved)
        self.given.append(each)

    def allows(self, digest: str, now: datetime) -> bool:
        """Whether some of the approvals, in their order, fill every stage."""
        if digest in self.broken:
            return True
        if self.stages is None:
            return False
        never = self.involved | self.superusers
        lasting = timedelta(hours=self.hours) if self.hours else timedelta.max
        count = [
            each
            for each in self.given
            if each.digest == digest
            and not each.people & never
            and now - each.at < lasting
        ]
        slots = [groups for many, groups in self.stages for _ in range(many)]
        # a decision of a later stage comes after all of those before it
        return any(
            self._fills(chosen, slots) for chosen in permutations(count, len(slots))
        )

    def _fills(self, chosen: Iterable[Given], slots: list[list[str]]) -> bool:
        chosen = list(chosen)
        people = [person for each in chosen for person in each.people]
        places = [self.given.index(each) for each in chosen]
        return (
            len(people) == len(set(people))
            and places == sorted(places)
            and all(
                each.groups & set(wanted)
                for each, wanted in zip(chosen, slots, strict=True)
            )
        )
