"""One way to move an instance, and all that was found about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from migrations_app.preflight.copy_speeds import Speed
from migrations_app.preflight.estimate import Estimate
from migrations_app.preflight.finding import Finding, Severity, worst
from migrations_app.preflight.harm import Harm, harm_of


@dataclass(frozen=True, slots=True)
class Option:
    """A procedure and a target, with findings and estimate; and the harm weighed."""

    procedure: str
    target: str | None
    verdict: Severity
    findings: tuple[Finding, ...]
    estimate: Estimate
    speed: Speed  # what the estimate was made with
    harm: Harm

    @classmethod
    def of(
        cls,
        procedure: str,
        target: str | None,
        *,
        findings: tuple[Finding, ...],
        estimate: Estimate,
        speed: Speed,
    ) -> Option:
        """Return the option with its verdict and its harm."""
        harm = harm_of(findings, estimate)
        verdict = worst(findings)
        return cls(procedure, target, verdict, findings, estimate, speed, harm)

    @property
    def blocked(self) -> bool:
        """Whether it cannot be taken."""
        return self.harm.blocked

    @property
    def advisable(self) -> bool:
        """Whether it can be taken without a person's having looked into it first."""
        return not (self.harm.blocked or self.harm.breaks)

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return {
            "procedure": self.procedure,
            "target": self.target,
            "verdict": str(self.verdict),
            "findings": [finding.as_dict() for finding in self.findings],
            "estimate": {**self.estimate.as_dict(), "speed": self.speed.as_dict()},
        }
