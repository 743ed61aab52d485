"""Rules about the place: room on the target, and the zone it is in."""

from __future__ import annotations

from migrations_app.integrations.interfaces import (
    PCPU,
    VCPU,
    Hypervisor,
    Move,
    Server,
)
from migrations_app.preflight.capacity import fits_by_stock, last_ones, shortages
from migrations_app.preflight.facts import Facts
from migrations_app.preflight.finding import Finding, blocks, ok, unknown, warns
from migrations_app.preflight.rule import About, rule


@rule("target.room", about=About.TARGET)
def room(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The instance fits on the target.

    Placement is asked whether it would allocate there what Nova will ask for: by the
    flavor and the image, dedicated CPUs, devices and required traits too; ratios and
    reserves included; a running move holds its share on both hosts. What cannot be
    reckoned (groups of resources, what ports ask for) leaves it unknown, and so does
    the stock alone where traits are required; whether a PCI device is free there, no
    API tells. What falls short is named from the stock. Nova itself does not look at
    the free disk of a block migration (since microversion 2.25), so placement's DISK_GB
    is the only guard.
    """
    server, target = facts.server, facts.hypervisors.get(move.target or "")
    if target is None or target.host == server.host:
        return None
    service = facts.services.get(target.host)
    # placement hides a disabled host: its "no" would say nothing about the room
    hidden = service is not None and not service.enabled
    asked = not hidden and target.host in facts.fits
    answer = facts.fits.get(target.host) if asked else fits_by_stock(server, target)
    short = shortages(server, target)
    if answer is None and short:
        answer = False
    unsure = _unsure(facts)
    devices = server.flavor.extra_specs.get("pci_passthrough:alias")
    if answer and not unsure and devices:
        return warns(
            f"{server.name} fits on {target.host} by what placement counts. Whether "
            f"its PCI devices ({devices}) are free there cannot be seen from here.",
            "Look for free devices in the log of nova-compute on that host (Final "
            "resource view), or try it: Nova refuses before it does anything.",
            wanted=server.resources,
        )
    if answer and not unsure:
        return ok(f"{server.name} fits on {target.host}.", wanted=server.resources)
    if not answer and _pinned_elsewise(server, target, short):
        return unknown(
            f"{target.host} has no dedicated CPUs (PCPU) in placement. Nova may take "
            f"its VCPUs for {server.name}, if it pins instances to them as before "
            "Train (vcpu_pin_set).",
            "Choose a host with dedicated CPUs, or look into nova.conf of that host.",
            wanted=server.resources,
        )
    if answer is None or answer:
        return unknown(
            f"Whether {server.name} fits on {target.host} could not be found out.",
            "Compare its flavor with the free stock of the host, then decide.",
            why=facts.unread.get("fits"),
            unsure=unsure,
            wanted=server.resources,
        )
    if short:
        return blocks(
            f"{server.name} does not fit on {target.host}.",
            "Choose a host with more room, or make room on this one.",
            short=short,
        )
    if last := last_ones(server, target):
        return blocks(
            f"{server.name} would take the last {' and '.join(last)} of {target.host},"
            " which placement does not offer: its database rounds the allocation ratio"
            " down.",
            "Choose a host with more room, or set a slightly higher allocation ratio"
            f" on {target.host}.",
            wanted=server.resources,
        )
    return blocks(
        f"Placement does not let {server.name} onto {target.host}, although its"
        " capacity is sufficient.",
        "Look at the traits and aggregates of that host, or choose another.",
        wanted=server.resources,
    )


def _pinned_elsewise(
    server: Server, target: Hypervisor, short: dict[str, dict[str, int]]
) -> bool:
    """Tell whether only dedicated CPUs can be missing, of which the host has none.

    For those the scheduler asks for VCPUs, too, unless ``disable_fallback_pcpu_query``
    is set (nova/scheduler/manager.py, 20.0 to 34.0).
    """
    pinned = server.asked.cpu_policy == "dedicated" and PCPU in server.request.amounts
    return pinned and VCPU in target.stock and PCPU not in target.stock and not short


def _unsure(facts: Facts) -> list[str]:
    """Return what Nova asks placement for that cannot be reckoned."""
    return [
        *facts.server.request.unknown,
        *(f"port {port.id}" for port in facts.ports if port.requests),
    ]


@rule("target.zone", about=About.TARGET)
def zone(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The target is in a zone where the instance may be.

    An instance that was created in a named zone stays pinned to it: Nova's scheduler
    refuses hosts of other zones. One that was not may leave its zone, and takes volumes
    and what depends on nearness with it or not, so that is a warning. Which it is, Nova
    tells since microversion 2.96 (29.0). Since 2.104 (34.0) an administrator can unpin
    it; since 2.91 (26.0) it can be unpinned when it is unshelved.
    """
    server, target = facts.server, facts.hypervisors.get(move.target or "")
    if target is None:
        return None
    if server.pinned_zone is not None and target.zone != server.pinned_zone:
        return blocks(
            f"{server.name} is pinned to zone {server.pinned_zone}, and "
            f"{target.host} is in {target.zone}.",
            _to_its_zone(facts),
        )
    here = _zone_now(facts, move)
    if not server.pin_told and here is not None and target.zone != here:
        return unknown(
            f"{target.host} is in zone {target.zone}, {server.name} in {here}. Whether "
            "it is pinned to its zone, Nova tells only since 2024.1: if it is, Nova "
            "does not let it leave.",
            f"Choose a host in {here}, or look up the zone that {server.name} was "
            "created in (request_specs in Nova's API database).",
        )
    if here is not None and target.zone != here:
        return warns(
            f"{target.host} is in zone {target.zone}; {server.name} is in {here} now.",
            f"Choose a host in {here} if it should stay in its zone. Its volumes stay "
            "where they are.",
        )
    return ok(f"{target.host} is in zone {target.zone}, where it may be.")


@rule("instance.zone", about=About.INSTANCE)
def any_zone(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The scheduler, when it chooses, keeps the instance in its zone.

    It does so only for an instance that is pinned to a zone, which Nova tells since
    microversion 2.96 (29.0).
    """
    server = facts.server
    if move.target is not None:
        return None
    if server.pinned_zone is not None:
        return ok(f"{server.name} stays in zone {server.pinned_zone}.")
    here = _zone_now(facts, move)
    if here is None or all(h.zone == here for h in facts.hypervisors.values()):
        return None
    if not server.pin_told:
        return unknown(
            f"The scheduler may move {server.name} out of zone {here}, unless it is "
            "pinned to it, which Nova tells only since 2024.1.",
            f"Choose a target in {here} if it should stay in its zone.",
        )
    return warns(
        f"The scheduler may move {server.name} out of zone {here}: it is not pinned "
        "to it.",
        f"Choose a target in {here} if it should stay in its zone.",
    )


def _to_its_zone(facts: Facts) -> str:
    """Return what can be done for an instance that is kept in another zone."""
    zone = facts.server.pinned_zone
    if any(host.zone == zone for host in facts.hypervisors.values()):
        first = f"Choose a host in {zone}"
    else:
        first = f"No host is in {zone}: put an empty one into an aggregate of that zone"
    if facts.since(34):
        return (
            f"{first}, or unpin the instance: PUT /servers/{facts.server.id} at "
            'microversion 2.104 with {"server": {"pinned_availability_zone": null}}.'
        )
    if facts.before(26):
        return f"{first}."
    return (
        f"{first}, or let it be shelved, offloaded and unshelved with "
        '"availability_zone": null (microversion 2.91), which unpins it; it is down '
        "meanwhile."
    )


def _zone_now(facts: Facts, move: Move) -> str | None:
    source = facts.hypervisors.get(move.source)
    return source.zone if source is not None else facts.server.zone
