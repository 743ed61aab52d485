"""What the rules say of one move, and which of many moves is the best."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from migrations_app.errors import Unfit
from migrations_app.integrations.interfaces import Hypervisor, Move, Stock
from migrations_app.preflight.capacity import charged, left_after
from migrations_app.preflight.copy_speeds import Speed, Speeds
from migrations_app.preflight.estimate import Estimate, estimate
from migrations_app.preflight.facts import Facts
from migrations_app.preflight.finding import Finding, Severity, worst
from migrations_app.preflight.rule import AUTOMATIC, COLD, LIVE, PROCEDURES
from migrations_app.preflight.rules import RULES


@dataclass(frozen=True, slots=True)
class Option:
    """One way to move the instance, and all that was found about it."""

    procedure: str
    target: str | None
    verdict: Severity
    findings: tuple[Finding, ...]
    estimate: Estimate
    speed: Speed  # what the estimate was made with

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return {
            "procedure": self.procedure,
            "target": self.target,
            "verdict": str(self.verdict),
            "findings": [finding.as_dict() for finding in self.findings],
            "estimate": {**self.estimate.as_dict(), "speed": self.speed.as_dict()},
        }


@dataclass(frozen=True, slots=True)
class Change:
    """The stock of one host before and after a move, by resource class."""

    host: str
    before: Mapping[str, Stock]
    after: Mapping[str, Stock]

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return {
            "host": self.host,
            "resources": {
                name: {
                    "capacity": before.capacity,
                    "used_before": before.used,
                    "used_after": self.after[name].used,
                    "free_before": before.free,
                    "free_after": self.after[name].free,
                }
                for name, before in self.before.items()
            },
        }


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What a move does to both hosts; None for one that is not known.

    While it lasts, the source still holds what it held before and the target already
    what it holds afterwards.
    """

    source: Change | None
    target: Change | None

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return {
            "source": self.source and self.source.as_dict(),
            "target": self.target and self.target.as_dict(),
        }


@dataclass(frozen=True, slots=True)
class Advice:
    """All options, best first, and the one to take; None when all are blocked.

    ``what_if`` is about the one target that was asked about, else about that of the
    recommended option; None where there is none.
    """

    options: tuple[Option, ...]
    recommended: Option | None
    what_if: WhatIf | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        best = self.recommended
        return {
            "advice": [option.as_dict() for option in self.options],
            "recommended": best
            and {"procedure": best.procedure, "target": best.target},
            "what_if": self.what_if and self.what_if.as_dict(),
        }


def examine(facts: Facts, move: Move, procedure: str) -> list[Finding]:
    """Return what every rule says of this move, in Nova's own order.

    Raises Unfit for a procedure that no rule speaks of: silence would look like
    consent.
    """
    if procedure not in PROCEDURES:
        raise Unfit(
            f"The pre-flight does not know a procedure {procedure}; it knows "
            f"{' and '.join(PROCEDURES)}."
        )
    found = (rule(facts, move, procedure) for rule in RULES)
    return [finding for finding in found if finding is not None]


def verdict(findings: Iterable[Finding]) -> Severity:
    """Return the gravest severity of all findings."""
    return worst(findings)


def advise(
    facts: Facts,
    *,
    procedures: Sequence[str] = PROCEDURES,
    targets: Iterable[str | None] | None = None,
    options: Mapping[str, Any] | None = None,
    speeds: Speeds | None = None,
) -> Advice:
    """Try every procedure with every target; without targets, with every other host.

    Recommended is what nothing blocks, with nothing lost and nothing unknown if that
    can be had, with the least downtime; then in the instance's own zone, with the
    fewest warnings, on the host with the most left free of its scarcest resource.
    Forced target and manual come into question only when everything else is blocked.
    """
    server = facts.server
    source = server.host or ""
    wanted = facts.hypervisors.keys() - {source} if targets is None else set(targets)
    known = speeds or Speeds()
    tried = []
    for target in wanted:
        speed = known.between(source, target)
        for procedure in procedures:
            expected = estimate(server, procedure, speed=speed.mbit)
            move = Move(server.id, server.name, source, target, options or {})
            findings = tuple(examine(facts, move, procedure))
            tried.append(
                Option(procedure, target, verdict(findings), findings, expected, speed)
            )
    tried.sort(key=lambda option: _rank(facts, option))
    best = next((o for o in tried if o.verdict is not Severity.BLOCKS), None)
    target = best.target if best else next(iter(wanted)) if len(wanted) == 1 else None
    if target is None:
        return Advice(tuple(tried), best)
    move = Move(server.id, server.name, source, target)
    return Advice(tuple(tried), best, what_if(facts, move))


def resolve(facts: Facts, move: Move) -> str:
    """Return the procedure that "auto" stands for: the least downtime not blocked.

    One that loses nothing, if that can be had. When all are blocked, the one that
    suits the instance's state, so that its findings say what to do.
    """
    found = {p: tuple(examine(facts, move, p)) for p in AUTOMATIC}
    best = min(AUTOMATIC, key=lambda p: (*_weight(found[p]), AUTOMATIC.index(p)))
    if verdict(found[best]) is not Severity.BLOCKS:
        return best
    return COLD if facts.server.vm_state == "stopped" else LIVE


def what_if(facts: Facts, move: Move) -> WhatIf:
    """Return the stock of source and target before and after the move."""
    moves = move.target != move.source
    return WhatIf(
        source=_change(facts, move.source, sign=-1 if moves else 0),
        target=_change(facts, move.target, sign=1 if moves else 0),
    )


def _change(facts: Facts, host: str | None, *, sign: int) -> Change | None:
    hypervisor = facts.hypervisors.get(host or "")
    if hypervisor is None:
        return None
    after = charged(hypervisor.stock, facts.server.resources, sign=sign)
    return Change(hypervisor.host, hypervisor.stock, after)


def _rank(facts: Facts, option: Option) -> tuple[Any, ...]:
    """Sort the better option first; see advise."""
    target = facts.hypervisors.get(option.target or "")
    warnings = [f for f in option.findings if f.severity is Severity.WARNS]
    return (
        option.verdict is Severity.BLOCKS,
        option.procedure not in AUTOMATIC,
        *_weight(option.findings),
        PROCEDURES.index(option.procedure),
        not _same_zone(facts, target),
        len(warnings),
        -left_after(facts.server, target) if target is not None else 0.0,
        option.target or "",
    )


def _weight(findings: Sequence[Finding]) -> tuple[bool, bool, int]:
    """Return how heavy findings are, lighter first; mere warnings weigh nothing.

    After what blocks comes what loses something for good (evidence ``loses``).
    """
    heaviest = verdict(findings)
    return (
        heaviest is Severity.BLOCKS,
        any(finding.evidence.get("loses") for finding in findings),
        max(heaviest.weight, Severity.WARNS.weight),
    )


def _same_zone(facts: Facts, target: Hypervisor | None) -> bool:
    source = facts.hypervisors.get(facts.server.host or "")
    if source is None or target is None:
        return target is None
    return source.zone == target.zone
