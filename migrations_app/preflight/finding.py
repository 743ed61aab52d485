"""The verdict of one pre-flight rule, and how verdicts weigh against each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from migrations_app.preflight.risk import Risk


class Severity(StrEnum):
    """What a finding means for the move.

    Ordered by weight: what is not known weighs more than a known risk, since it may
    turn out to block.
    """

    BLOCKS = "blocks"
    WARNS = "warns"
    UNKNOWN = "unknown"
    OK = "ok"

    @property
    def weight(self) -> int:
        """Nought for OK, and the more the worse."""
        return _WEIGHTS[self]


_WEIGHTS = {
    Severity.OK: 0,
    Severity.WARNS: 1,
    Severity.UNKNOWN: 2,
    Severity.BLOCKS: 3,
}


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule says about one move.

    ``sentence`` and ``remedy`` stay the same while the situation stays the same,
    because they are part of what is approved: figures that move by themselves are in
    ``evidence``, and only there. ``risk`` is what advice weighs; a rule sees to it
    that what warns and what is unknown has one. ``late``: it is unknown because hosts
    took too long to tell, so that another look may find it out.
    """

    rule: str
    severity: Severity
    sentence: str
    remedy: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    risk: Risk | None = None
    late: bool = False

    def risking(self, risk: Risk) -> Finding:
        """Return it with what it may cost, where that is not what its rule says."""
        return replace(self, risk=risk)

    def if_late(self, late: bool) -> Finding:
        """Return it with whether hosts took too long to tell."""
        return replace(self, late=late)

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return {
            "rule": self.rule,
            "severity": str(self.severity),
            "sentence": self.sentence,
            "remedy": self.remedy,
            "evidence": dict(self.evidence),
        }


def ok(sentence: str, **evidence: Any) -> Finding:
    """Say that a rule looked and is content."""
    return Finding("", Severity.OK, sentence, "", evidence)


def warns(sentence: str, remedy: str = "", **evidence: Any) -> Finding:
    """Say what a person should know before the move."""
    return Finding("", Severity.WARNS, sentence, remedy, evidence)


def unknown(sentence: str, remedy: str = "", **evidence: Any) -> Finding:
    """Say what could not be found out."""
    return Finding("", Severity.UNKNOWN, sentence, remedy, evidence)


def blocks(sentence: str, remedy: str, **evidence: Any) -> Finding:
    """Say why the move would fail, and what to do about it."""
    return Finding("", Severity.BLOCKS, sentence, remedy, evidence)


def worst(findings: Iterable[Finding]) -> Severity:
    """Return the gravest severity of the findings; OK without findings."""
    return max(
        (finding.severity for finding in findings),
        key=lambda severity: severity.weight,
        default=Severity.OK,
    )
