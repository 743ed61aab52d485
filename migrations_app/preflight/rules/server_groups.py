"""Rules about server groups: who must stay together, who must stay apart."""

from __future__ import annotations

from migrations_app.integrations.interfaces import Move, ServerGroup
from migrations_app.preflight.facts import Facts
from migrations_app.preflight.finding import Finding, blocks, ok, unknown, warns
from migrations_app.preflight.rule import MANUAL, About, rule


@rule("group.affinity", about=About.INSTANCE)
def affinity(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The instance is in no group whose members must share a host.

    Nova cannot move a member of an ``affinity`` group at all, not even the only one:
    the source is no candidate, and every other host is against the policy
    (nova/scheduler/filters/affinity_filter.py). In a manual move nobody asks that
    filter: the group is then torn apart, and Nova moves none of its members ever after.
    """
    if "group" in facts.unread:
        return unknown(
            f"The server groups of {facts.server.name} could not be read, so its "
            "affinity was not judged.",
            "Look again, or let our account read os-server-groups.",
            why=facts.unread["group"],
        )
    if facts.group is None:
        return ok(f"{facts.server.name} is in no server group.")
    if facts.group.policy != "affinity":
        return None
    if procedure == MANUAL:
        return warns(
            f"{facts.server.name} leaves the other members of the affinity group "
            f"{facts.group.name}, against the rule that its project has set.",
            "Ask its project first, and move all members.",
            members=list(facts.group.members),
        )
    return blocks(
        f"{facts.server.name} is in the affinity group {facts.group.name}: Nova moves "
        "none of its members.",
        "Ask its project to recreate it outside of the group, or in one with "
        "soft-affinity.",
        members=list(facts.group.members),
    )


@rule("group.anti_affinity", about=About.TARGET)
def anti_affinity(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The target holds fewer members of its anti-affinity group than are allowed.

    ``max_server_per_host`` is 1 unless the group says otherwise. Members that a running
    move takes there count, by Nova's records and by our own runs: Nova counts them
    since 24.0 only, when it checks again on the target.
    """
    group = facts.group
    if group is None or group.policy != "anti-affinity":
        return None
    there = _members_on(facts, group, move.target)
    if len(there) < group.max_per_host:
        if (why := facts.missing("under_way")) is not None:
            return unknown(
                f"Whether a member of {group.name} is being moved to {move.target} "
                "could not be read.",
                "Look again, or let our account read os-migrations.",
                why=why,
            )
        return ok(f"{move.target} has room for a member of {group.name}.")
    return blocks(
        f"{move.target} already holds, or is to get, as many members of the "
        f"anti-affinity group {group.name} as it may ({group.max_per_host}).",
        "Choose a host without a member of that group.",
        members=there,
    )


@rule("group.soft", about=About.TARGET)
def soft(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The move keeps to the wish of a soft group.

    Nova only prefers hosts by soft policies; it does not refuse any.
    """
    group = facts.group
    if group is None or not group.policy.startswith("soft-"):
        return None
    there = _members_on(facts, group, move.target)
    here = _members_on(facts, group, move.source)
    if group.policy == "soft-anti-affinity" and there:
        return warns(
            f"{move.target} already holds, or is to get, a member of {group.name}, "
            "whose members should be on different hosts.",
            "Choose a host without a member of that group.",
            members=there,
        )
    if group.policy == "soft-affinity" and here and not there:
        return warns(
            f"{facts.server.name} leaves the other members of {group.name} on "
            f"{move.source}; they should be on one host.",
            "Choose a host that holds a member, or move the others as well.",
            members=here,
        )
    return ok(f"{move.target} suits the group {group.name}.")


def _members_on(facts: Facts, group: ServerGroup, host: str | None) -> list[str]:
    """Return the other members that are on the host, or on their way to it."""
    found = {member for member, there in group.hosts.items() if there == host}
    found |= {each.server_id for each in facts.under_way if each.target == host}
    found |= {member for member, target in facts.heading.items() if target == host}
    return sorted(found & set(group.members) - {facts.server.id})
