"""What the rules say of one move, and which of many moves is the best."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from migrations_app.errors import Unfit
from migrations_app.integrations.interfaces import Hypervisor, Move, Stock
from migrations_app.preflight.capacity import charged, left_after
from migrations_app.preflight.copy_speeds import Speed, Speeds
from migrations_app.preflight.estimate import estimate
from migrations_app.preflight.facts import Facts
from migrations_app.preflight.finding import Finding, Severity
from migrations_app.preflight.harm import Harm, harm_of
from migrations_app.preflight.option import Option
from migrations_app.preflight.reason import why
from migrations_app.preflight.rule import AUTOMATIC, COLD, LIVE, PROCEDURES, About
from migrations_app.preflight.rules import RULES
from migrations_app.preflight.rules.disks import copies

_OF_TARGETS = {rule.id for rule in RULES if rule.about is About.TARGET}


@dataclass(frozen=True, slots=True)
class Choice:
    """What "auto" stands for to one target.

    ``elsewhere``: the target alone keeps it from another procedure, which would harm
    the guest less; to another target that may be possible.
    """

    procedure: str
    elsewhere: bool = False


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
    """All options, best first, and the one to take; None: see Option.advisable.

    ``why`` says why it is better than the next best, or why none is recommended.
    ``what_if`` is about the one target that was asked about, else about that of the
    recommended option; None where there is none.
    """

    options: tuple[Option, ...]
    recommended: Option | None
    why: str = ""
    what_if: WhatIf | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        best = self.recommended
        return {
            "advice": [option.as_dict() for option in self.options],
            "recommended": best
            and {"procedure": best.procedure, "target": best.target},
            "why": self.why,
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


def advise(
    facts: Facts,
    *,
    procedures: Sequence[str] = PROCEDURES,
    targets: Iterable[str | None] | None = None,
    options: Mapping[str, Any] | None = None,
    speeds: Speeds | None = None,
) -> Advice:
    """Try every procedure with every target; without targets, with every other host.

    Recommended is what harms the guest least, as ``Harm.order`` weighs it; then in the
    instance's own zone, with the fewest warnings, on the host with the most left free
    of its scarcest resource. Nothing is where even that may well leave the guest off.
    """
    server = facts.server
    wanted = (
        facts.hypervisors.keys() - {server.host} if targets is None else set(targets)
    )
    known = speeds or Speeds()
    tried = []
    for target in wanted:
        speed = known.between(server.host or "", target)
        move = Move(server.id, server.name, server.host or "", target, options or {})
        tried += [_tried(facts, move, it, speed=speed) for it in procedures]
    tried.sort(key=lambda option: _rank(facts, option))
    best = tried[0] if tried and tried[0].advisable else None
    target = best.target if best else next(iter(wanted)) if len(wanted) == 1 else None
    said = " ".join(filter(None, (why(tried), _why_there(facts, tried))))
    if target is None:
        return Advice(tuple(tried), best, said)
    move = Move(server.id, server.name, server.host or "", target)
    return Advice(tuple(tried), best, said, what_if(facts, move))


def resolve(facts: Facts, move: Move, *, speed: Speed | None = None) -> Choice:
    """Choose what "auto" stands for: live or cold, by the least harm.

    It is weighed as in advise. When both are blocked it is the one that suits the
    instance's state, so that its findings say what to do.
    """
    speed = speed or Speeds().between(move.source, move.target)
    tried = [_tried(facts, move, name, speed=speed) for name in AUTOMATIC]
    best = min(tried, key=lambda option: option.harm.order(option.procedure))
    if best.blocked:
        stopped = facts.server.vm_state == "stopped"
        return Choice(COLD if stopped else LIVE, elsewhere=True)
    least = min(_anywhere(option).order(option.procedure) for option in tried)
    return Choice(
        best.procedure, elsewhere=least < _anywhere(best).order(best.procedure)
    )


def _anywhere(option: Option) -> Harm:
    """Return its harm but for what only its target has to do with."""
    findings = [it for it in option.findings if it.rule not in _OF_TARGETS]
    return harm_of(findings, option.estimate)


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


def _tried(facts: Facts, move: Move, procedure: str, *, speed: Speed) -> Option:
    expected = estimate(
        facts.server,
        procedure,
        speed=speed.mbit,
        copied=copies(facts, move, procedure),
    )
    findings = tuple(examine(facts, move, procedure))
    return Option.of(
        procedure, move.target, findings=findings, estimate=expected, speed=speed
    )


def _rank(facts: Facts, option: Option) -> tuple[Any, ...]:
    """Sort the better option first; see advise."""
    return (
        option.harm.order(option.procedure),
        *_worth(facts, option),
        option.target or "",
    )


def _worth(facts: Facts, option: Option) -> tuple[bool, int, float]:
    """Return what a target is worth: less is better."""
    target = facts.hypervisors.get(option.target or "")
    return (
        not _same_zone(facts, target),
        sum(finding.severity is Severity.WARNS for finding in option.findings),
        -left_after(facts.server, target) if target is not None else 0.0,
    )


def _why_there(facts: Facts, tried: Sequence[Option]) -> str:
    """Say what the recommended target has before the next; empty: nothing."""
    if not tried or not tried[0].advisable or tried[0].target is None:
        return ""
    best = tried[0]
    next_best = next(
        (it for it in tried[1:] if it.target and it.procedure == best.procedure), None
    )
    if next_best is None:
        return ""
    if next_best.harm.order(best.procedure) != best.harm.order(best.procedure):
        return f"No other host costs the guest as little as {best.target}."
    pairs = zip(_worth(facts, best), _worth(facts, next_best), strict=True)
    reasons = ("is in the same zone", "has fewer warnings", "has most room")
    for reason, (here, there) in zip(reasons, pairs, strict=True):
        if here != there:
            return f"Of the hosts that could take it {best.target} {reason}."
    return ""


def _same_zone(facts: Facts, target: Hypervisor | None) -> bool:
    source = facts.hypervisors.get(facts.server.host or "")
    if source is None or target is None:
        return target is None
    return source.zone == target.zone
