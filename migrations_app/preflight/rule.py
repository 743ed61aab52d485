"""What a rule is: a pure function with a name, and whom it speaks about.

Its docstring is its documentation: the first line is its title.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias

from migrations_app.integrations.interfaces import Move
from migrations_app.preflight.facts import Facts
from migrations_app.preflight.finding import Finding, Severity
from migrations_app.preflight.risk import (
    AFTERWARDS,
    LATE,
    Chance,
    Cost,
    Risk,
)

LIVE, COLD = "live", "cold"
COLD_BY_DISABLING, MANUAL = "cold_by_disabling", "manual"
# By what they cost, least first. The last two are never what "auto" stands for.
PROCEDURES = (LIVE, COLD, COLD_BY_DISABLING, MANUAL)
AUTOMATIC = (LIVE, COLD)
DIRTY = (COLD_BY_DISABLING, MANUAL)
BY_NOVA = (LIVE, COLD, COLD_BY_DISABLING)
COLDLY = (COLD, COLD_BY_DISABLING)

Judge: TypeAlias = Callable[[Facts, Move, str], Finding | None]

# Nova's major versions as people call them (git tags of openstack/nova).
RELEASES = {
    19: "Stein",
    20: "Train",
    21: "Ussuri",
    22: "Victoria",
    23: "Wallaby",
    24: "Xena",
    25: "Yoga",
    26: "Zed",
    27: "2023.1",
    28: "2023.2",
    29: "2024.1",
    30: "2024.2",
    31: "2025.1",
    32: "2025.2",
    33: "2026.1",
    34: "2026.2",
}


class About(StrEnum):
    """What a rule judges. Rules about a target are silent while there is none."""

    INSTANCE = "the instance"
    SOURCE = "the source"
    TARGET = "the target"


@dataclass(frozen=True, slots=True)
class Rule:
    """One check of a move.

    ``since`` and ``until`` are Nova's major versions, both inclusive: outside of them
    the rule is silent. In a cloud whose release is not known it speaks, and also where
    only some of the releases that it can be are those that the rule speaks of.
    """

    id: str
    about: About
    procedures: tuple[str, ...]
    since: int | None
    until: int | None
    judge: Judge

    def __call__(self, facts: Facts, move: Move, procedure: str) -> Finding | None:
        """Return what there is to say about this move; None: nothing."""
        if procedure not in self.procedures or not self.holds_in(facts.release):
            return None
        if self.about is About.TARGET and move.target is None:
            return None
        finding = self.judge(facts, move, procedure)
        if finding is None:
            return None
        return replace(finding, rule=self.id, risk=self._risk(finding, procedure))

    def _risk(self, finding: Finding, procedure: str) -> Risk | None:
        """Return what the finding may cost; what it says itself goes first."""
        if finding.severity not in {Severity.WARNS, Severity.UNKNOWN}:
            return None
        if finding.risk is not None:
            return finding.risk
        unknown = finding.severity is Severity.UNKNOWN
        if lost := finding.evidence.get("loses"):
            return Risk(Cost.LOSS, Chance.OPEN if unknown else Chance.CERTAIN, lost)
        if self.id in LATE and procedure in COLDLY:
            return Risk(Cost.OUTAGE, LATE[self.id])
        if self.id in AFTERWARDS:
            return Risk(Cost.OUTAGE, Chance.SELDOM)
        return Risk(Cost.ATTEMPT, Chance.OPEN if unknown else Chance.SELDOM)

    def holds_in(self, release: tuple[int, int] | None) -> bool:
        """Tell whether Nova can be of a major version that the rule speaks of."""
        if release is None:
            return True
        lowest, highest = release
        return (self.since or 0) <= highest and lowest <= (self.until or lowest)

    @property
    def text(self) -> str:
        """The documentation, as its author wrote it."""
        return inspect.getdoc(self.judge) or ""

    @property
    def title(self) -> str:
        """The first line of the documentation."""
        return self.text.partition("\n")[0].rstrip(".")


def rule(
    name: str,
    *,
    about: About,
    procedures: tuple[str, ...] = PROCEDURES,
    since: int | None = None,
    until: int | None = None,
) -> Callable[[Judge], Rule]:
    """Make a rule of a function."""

    def make(judge: Judge) -> Rule:
        return Rule(name, about, procedures, since, until, judge)

    return make
