"""Where our own runs take the other members of an instance's server group."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from migrations_app.models import MigrationRequest
from migrations_app.models.states import RequestState
from migrations_app.preflight.facts import Facts

# Nova has no record yet of a run that has just begun, and none of a manual one.
_MOVING = (RequestState.RUNNING, RequestState.HELD)


def with_mates(facts: Facts, cloud: str) -> Facts:
    """Return the facts with the targets of the other members' open runs."""
    if facts.group is None:
        return facts
    mates = set(facts.group.members) - {facts.server.id}
    return replace(facts, heading=heading(cloud, mates))


def heading(cloud: str, instances: Collection[str]) -> dict[str, str]:
    """Return the targets of their open runs, by the UUIDs of the instances."""
    if not instances:
        return {}
    rows = MigrationRequest.objects.filter(
        cloud__name=cloud, instance__in=list(instances), state__in=_MOVING
    )
    return {
        instance: target
        for instance, target in rows.values_list("instance", "target")
        if target
    }
