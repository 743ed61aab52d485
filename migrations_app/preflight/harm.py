"""How much harm one option may do: the numbers by which options are compared.

The order is that of ADR 18: what blocks, what is lost for good, what may be, how long
the guest is off, how likely Nova is to refuse. Spans are compared by their order of
magnitude, because an estimate is no better than that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log10
from typing import TypeAlias

from migrations_app.preflight.estimate import Estimate
from migrations_app.preflight.finding import Finding, Severity
from migrations_app.preflight.risk import Chance, Cost, gravity
from migrations_app.preflight.rule import AUTOMATIC, PROCEDURES

Order: TypeAlias = tuple[
    bool, tuple[int, ...], bool, bool, tuple[int, ...], int, int, int
]

# Until a person has noticed that a guest is off, and repaired it.
REPAIR_SECONDS = 3600.0
SHARES = {Chance.SELDOM: 0.001, Chance.OPEN: 0.5, Chance.CERTAIN: 1.0}


@dataclass(frozen=True, slots=True)
class Harm:
    """What one option costs, and may cost.

    ``loses`` is lost for good, ``may_lose`` is so as likely as not; ``breaks`` tells
    that the guest may well be off until a person repairs it. ``downtime`` and
    ``outage`` are seconds: what the move itself takes, and what a guest that needs
    repair takes by its likelihood. ``doubts`` counts what may make Nova refuse.
    """

    blocked: bool
    loses: tuple[str, ...]
    may_lose: tuple[str, ...]
    breaks: bool
    downtime: float
    outage: float
    doubts: int

    @property
    def magnitude(self) -> int:
        """The order of magnitude of the time without the guest; 0 below 3 s."""
        seconds = self.downtime + self.outage
        return round(log10(seconds)) if seconds >= 3 else 0

    @property
    def harmless(self) -> bool:
        """Whether what is unknown costs at most a refused request."""
        return not (self.breaks or self.loses or self.may_lose)

    def order(self, procedure: str) -> Order:
        """Return what options are sorted by; the least harm is the smallest.

        A procedure of last resort comes after all that lose nothing for good and leave
        the guest running. Between equals the order of the procedures decides.
        """
        return (
            self.blocked,
            gravity(self.loses),
            self.breaks,
            procedure not in AUTOMATIC,
            gravity(self.may_lose),
            self.magnitude,
            self.doubts,
            PROCEDURES.index(procedure),
        )


def harm_of(findings: Sequence[Finding], expected: Estimate) -> Harm:
    """Weigh the findings of one option, and how long it is estimated to take."""
    risks = [finding.risk for finding in findings if finding.risk is not None]
    losses = [risk for risk in risks if risk.cost is Cost.LOSS]
    # a loss that is seldom is counted as what it is before: a guest to be repaired
    repairs = [
        risk
        for risk in risks
        if risk.cost is Cost.OUTAGE
        or (risk.cost is Cost.LOSS and risk.chance is Chance.SELDOM)
    ]
    return Harm(
        blocked=any(it.severity is Severity.BLOCKS for it in findings),
        loses=_names(it.loses for it in losses if it.chance is Chance.CERTAIN),
        may_lose=_names(it.loses for it in losses if it.chance is Chance.OPEN),
        breaks=any(it.grave for it in risks if it.cost is Cost.OUTAGE),
        downtime=sum(expected.downtime) / 2,
        outage=sum(REPAIR_SECONDS * SHARES[risk.chance] for risk in repairs),
        doubts=sum(
            risk.cost is Cost.ATTEMPT and risk.chance is not Chance.SELDOM
            for risk in risks
        ),
    )


def _names(found: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found))
