"""Why an option is recommended over the next best, as a sentence for a person."""

from __future__ import annotations

from collections.abc import Sequence

from migrations_app.preflight.finding import Severity
from migrations_app.preflight.option import Option
from migrations_app.preflight.risk import gravity
from migrations_app.preflight.rule import (
    AUTOMATIC,
    COLD,
    COLD_BY_DISABLING,
    LIVE,
    MANUAL,
)
from migrations_app.wording import duration

# As the glossary in CONTRIBUTING.md has them.
NAMES = {
    LIVE: "Live",
    COLD: "Cold",
    COLD_BY_DISABLING: "Cold, forced target",
    MANUAL: "Manual",
}
# Why the first of two procedures that cost the same is taken.
_MILDER = {
    LIVE: "Live keeps it running",
    COLD_BY_DISABLING: "Cold, forced target leaves Nova's database alone",
}


def why(options: Sequence[Option]) -> str:
    """Return why the first of the options, which are sorted, is recommended.

    It is compared with the best one of another procedure; those of last resort need no
    comparison. A second sentence warns of what it costs or may cost the guest itself.
    Empty when the first is blocked.
    """
    if not options or options[0].blocked:
        return ""
    return " ".join(filter(None, (_over_others(options), _caution(options[0]))))


def _over_others(options: Sequence[Option]) -> str:
    best = options[0]
    others = [it for it in options if it.procedure != best.procedure]
    possible = [it for it in others if not it.blocked]
    clean = [it for it in possible if it.procedure in AUTOMATIC]
    if clean:
        return _compared(best, clean[0])
    blocked = [it for it in others if it.blocked and it.procedure in AUTOMATIC]
    if blocked:
        return _blocked(blocked)
    if best.procedure not in AUTOMATIC and possible:
        return _compared(best, possible[0])
    return ""


def _caution(best: Option) -> str:
    """Say what even the best option costs the guest, or may; empty: nothing."""
    harm, name = best.harm, _name(best)
    if harm.loses:
        return f"{name} loses {_all(harm.loses)} for good."
    if harm.may_lose:
        return f"{name} may lose {_all(harm.may_lose)} for good: read its checks first."
    if harm.breaks:
        return (
            f"{name} is possible, but not recommended: it may well leave the guest off "
            "until a person repairs it. Follow its checks first."
        )
    return ""


def _blocked(options: Sequence[Option]) -> str:
    """Name the procedures that are blocked, with the first reason of each."""
    reasons: dict[str, str] = {}
    for option in options:
        first = next(it for it in option.findings if it.severity is Severity.BLOCKS)
        reasons.setdefault(_name(option), first.sentence)
    verb = "are" if len(reasons) > 1 else "is"
    said = " ".join(dict.fromkeys(reasons.values()))
    return f"{' and '.join(reasons)} {verb} blocked: {said}"


def _compared(best: Option, other: Option) -> str:
    """Say the first thing that decides between the two: see Harm.order."""
    here, there = best.harm, other.harm
    one, two = _name(best), _name(other)
    cost = f"{one} stops the guest for {_span(best)}"
    for verb, kept, lost in (
        ("loses", here.loses, there.loses),
        ("may lose", here.may_lose, there.may_lose),
    ):
        if gravity(kept) != gravity(lost):
            less = f"only {_all(kept)}" if kept else "nothing"
            dearer = here.magnitude > there.magnitude
            price = f", but stops the guest for {_span(best)}" if dearer else ""
            return f"{two} {verb} {_all(lost)} for good, {one} {less}{price}."
    if here.magnitude != there.magnitude and there.outage > there.downtime:
        return f"{two} may leave the guest off until a person repairs it; {cost}."
    if here.magnitude != there.magnitude:
        return f"{cost}, {two} for {_span(other)}{_doubts(best)}."
    more = there.doubts - here.doubts
    if more:
        checks = "checks" if more > 1 else "check"
        return f"Nova may refuse {two}: {more} more {checks} could not be made."
    return f"{one} and {two} cost the guest about the same; {_MILDER[best.procedure]}."


def _doubts(best: Option) -> str:
    if not best.harm.doubts or not best.harm.harmless:
        return ""
    return f"; what is unknown about {_name(best)} costs at most a refused request"


def _span(option: Option) -> str:
    """Return the most that is estimated, without digits that it does not have."""
    seconds = option.estimate.downtime[1]
    whole = round(seconds / 60) * 60 if seconds >= 60 else seconds
    return f"up to {duration(whole)}"


def _name(option: Option) -> str:
    return NAMES[option.procedure]


def _all(names: tuple[str, ...]) -> str:
    return " and ".join(f"the {name}" for name in names)
