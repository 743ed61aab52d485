"""Rules about the procedure that disables all hosts but the target."""

from __future__ import annotations

from migrations_app.integrations.interfaces import Move
from migrations_app.preflight.facts import Facts
from migrations_app.preflight.finding import Finding, blocks, ok, warns
from migrations_app.preflight.rule import COLD_BY_DISABLING, DIRTY, About, rule

_THIS = (COLD_BY_DISABLING,)


@rule("target.chosen", about=About.INSTANCE, procedures=DIRTY)
def chosen(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """A target was chosen.

    Forced target and manual exist only to reach a certain host; in the other procedures
    Nova's scheduler chooses well.
    """
    if move.target is not None:
        return None
    return blocks(
        "No target was chosen.",
        "Choose a target, or leave the choice to the scheduler with live or cold.",
    )


@rule("disabling.needless", about=About.INSTANCE, procedures=_THIS)
def needless(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """Nova can be told the target of a cold migration.

    Since microversion 2.56 (Queens, 17.0) ``migrate`` takes a host, so disabling all
    others is needed only where a policy keeps that from our account.
    """
    return warns(
        "A cold migration can name its target since Nova 17.0, without disabling any "
        "host.",
        "Ask for a cold migration to the same target instead.",
    )


@rule("disabling.cost", about=About.INSTANCE, procedures=_THIS)
def cost(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """What it costs to disable hosts is said.

    Instances keep running. But until the hosts are enabled again nothing new can start
    on them: boots, resizes, other moves and unshelving of all projects end in "No valid
    host" or crowd the target, members of anti-affinity groups and instances of other
    zones fail at once, and an evacuation leaves its instance in ERROR.
    """
    kept = {move.source, move.target}
    hosts = sorted(
        service.host
        for service in facts.services.values()
        if service.enabled and service.host not in kept
    )
    if not hosts:
        return ok("There is no other host that would have to be disabled.")
    return warns(
        "While the other hosts are disabled, nobody in this cloud can start, resize or "
        "move instances onto them; evacuations fail.",
        (
            "Choose a time when no instances are created, and tell the people who"
            " watch the cloud."
        ),
        hosts=hosts,
        count=len(hosts),
    )


@rule("disabling.others", about=About.INSTANCE, procedures=_THIS)
def others(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """No instance is being evacuated.

    An evacuation that finds no host leaves its instance in ERROR
    (nova/conductor/manager.py, ``rebuild_instance``). Other moves that are looking for
    a host just now fail, too, and stay where they are.
    """
    moving = [m for m in facts.under_way if m.server_id != facts.server.id]
    evacuated = [m.server_id for m in moving if m.type == "evacuation"]
    if evacuated:
        return blocks(
            "Instances are being evacuated, and would end in ERROR while hosts are "
            "disabled.",
            "Wait until the evacuation is over.",
            instances=evacuated,
        )
    if not moving:
        return None
    return ok(
        "Other moves are running; those that need a host meanwhile will fail.",
        migrations=[m.id for m in moving],
    )
