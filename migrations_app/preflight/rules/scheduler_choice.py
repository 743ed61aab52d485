"""The rule for a move whose target Nova's scheduler is to choose."""

from __future__ import annotations

from dataclasses import replace

from migrations_app.integrations.interfaces import Move
from migrations_app.preflight.facts import Facts
from migrations_app.preflight.finding import (
    Finding,
    Severity,
    blocks,
    ok,
    unknown,
    worst,
)
from migrations_app.preflight.rule import AUTOMATIC, About, Rule, rule
from migrations_app.preflight.rules import (
    hardware,
    hosts,
    scheduling,
    server_groups,
    target_fit,
    volumes,
)

# Every rule that judges a target without entering it, in Nova's order.
TARGET_RULES: tuple[Rule, ...] = (
    hosts.known,
    hosts.not_source,
    target_fit.room,
    hosts.target_up,
    hosts.target_enabled,
    target_fit.zone,
    scheduling.tenants,
    server_groups.anti_affinity,
    server_groups.soft,
    hosts.hypervisor,
    volumes.zone,
    hardware.machine,
    hardware.video,
)


@rule("target.choice", about=About.INSTANCE, procedures=AUTOMATIC)
def choice(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """Nova's scheduler has a host to choose.

    All rules about targets are asked for every host but the source. One host without
    blocking findings is enough; which one Nova takes is its own affair.
    """
    if move.target is not None:
        return None
    if "hypervisors" in facts.unread:
        return unknown(
            "The hypervisors could not be read, so whether any host could take "
            f"{facts.server.name} is not known.",
            "Look again.",
            why=facts.unread["hypervisors"],
        )
    against: dict[str, list[str]] = {}
    possible: dict[str, Severity] = {}
    for host in sorted(facts.hypervisors.keys() - {move.source}):
        findings = _about(facts, replace(move, target=host), procedure)
        blocking = [f.rule for f in findings if f.severity is Severity.BLOCKS]
        if blocking:
            against[host] = blocking
        else:
            possible[host] = worst(findings)
    if not possible:
        return blocks(
            f"No host could take {facts.server.name}.",
            "See the checks of each host; enable one, or make room on one.",
            against=against,
        )
    if all(severity is Severity.UNKNOWN for severity in possible.values()):
        return unknown(
            f"Whether any host could take {facts.server.name} could not be found out.",
            "Choose a target, and placement is asked about that one.",
            possible=list(possible),
            against=against,
        )
    return ok(
        f"There is a host that can take {facts.server.name}; the scheduler chooses.",
        possible=list(possible),
        against=against,
    )


def _about(facts: Facts, move: Move, procedure: str) -> list[Finding]:
    found = (rule(facts, move, procedure) for rule in TARGET_RULES)
    return [finding for finding in found if finding is not None]
