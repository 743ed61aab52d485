"""Rules that find stale resources on a host from collected facts.

Nova and Placement can disagree permanently; the host then looks full. Each rule names
the repair; nothing is repaired here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from migrations_app.integrations.interfaces import Server
from migrations_app.integrations.interfaces.host_allocations import Binding

# Nova touches a move's record at least this often while it works on it: a live
# migration's every 5 s (nova/virt/libvirt/migration.py, save_stats).
STALE = timedelta(hours=6)
# Somebody should have confirmed or reverted by then.
UNCONFIRMED = timedelta(hours=24)
# What Nova moves or has moved, and what it builds, is rightly in two places or none.
UNSETTLED = frozenset(
    {"MIGRATING", "RESIZE", "VERIFY_RESIZE", "REVERT_RESIZE", "BUILD"}
)


@dataclass(frozen=True, slots=True)
class Record:
    """Nova's record of a move, from novaweb's copy."""

    uuid: str
    number: int
    server_id: str
    type: str
    status: str
    source: str
    target: str
    over: bool
    touched_at: datetime


@dataclass(frozen=True, slots=True)
class Unconfirmed:
    """Instance in VERIFY_RESIZE since that time."""

    server_id: str
    name: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Seen:
    """Facts about one host. ``servers``: the instances that are elsewhere by our copy.

    Each was queried in Nova; None means that Nova does not know it. ``unasked`` are
    elsewhere by our copy, too, and were not queried this time.
    """

    host: str
    consumers: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    bindings: Sequence[Binding] = ()
    domains: Mapping[str, str] = field(default_factory=dict)
    servers: Mapping[str, Server | None] = field(default_factory=dict)
    moves: Sequence[Record] = ()
    unconfirmed: Sequence[Unconfirmed] = ()
    unasked: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Found:
    """One stale resource: the fault, the repair and the evidence."""

    kind: str
    subject: str
    sentence: str
    remedy: str
    evidence: dict[str, Any] = field(default_factory=dict)


def leaks(seen: Seen, *, now: datetime) -> list[Found]:
    """Return the stale resources of the host, by kind and subject."""
    rules = (_allocations, _moves, _unconfirmed, _ports, _domains)
    found = [leak for rule in rules for leak in rule(seen, now)]
    return sorted(found, key=lambda leak: (leak.kind, leak.subject))


def _elsewhere(seen: Seen, server_id: str) -> Server | None:
    """Return the instance if it is settled on another host."""
    server = seen.servers.get(server_id)
    if server is None or not server.idle or server.status in UNSETTLED:
        return None
    return server if server.host and server.host != seen.host else None


def _allocations(seen: Seen, now: datetime) -> Iterator[Found]:
    """Find allocations whose holder is deleted, elsewhere, or a finished move."""
    moves = {move.uuid: move for move in seen.moves}
    for consumer, amounts in seen.consumers.items():
        held = ", ".join(f"{amount} {name}" for name, amount in amounts.items())
        show = f"openstack resource provider allocation show {consumer}"
        move = moves.get(consumer)
        if move is not None:
            if move.over:
                yield Found(
                    "allocation",
                    consumer,
                    f"{held} of {seen.host} are held by Nova’s move {move.number} of"
                    f" instance {move.server_id}, which has ended ({move.status}).",
                    f"Look with “{show}”; then “nova-manage placement audit --delete"
                    f" --resource_provider UUID-of-{seen.host}” removes it.",
                    {"allocation": dict(amounts), "status": move.status},
                )
        elif consumer in seen.servers and seen.servers[consumer] is None:
            yield Found(
                "allocation",
                consumer,
                f"{held} of {seen.host} are held by {consumer}, which is neither an"
                " instance nor a move that Nova knows.",
                f"Look with “{show}”. If it is Nova’s, “nova-manage placement audit"
                " --verbose” lists it, and with --delete removes it; “openstack"
                f" resource provider allocation delete {consumer}” removes it alone.",
                {"allocation": dict(amounts)},
            )
        elif server := _elsewhere(seen, consumer):
            yield Found(
                "allocation",
                consumer,
                f"{held} of {seen.host} are held by instance {server.name}, which is"
                f" on {server.host} and not being moved.",
                f"Look with “{show}”; “nova-manage placement heal_allocations"
                f" --instance {consumer} --force” writes it as Nova has it.",
                {"allocation": dict(amounts), "instance_host": server.host},
            )


def _moves(seen: Seen, now: datetime) -> Iterator[Found]:
    """Find moves that Nova calls running but has not updated for long."""
    for move in seen.moves:
        if move.over or move.source != seen.host or now - move.touched_at < STALE:
            continue
        if move.status == "finished":
            continue  # it waits for its confirmation, which has a rule of its own
        yield Found(
            "move",
            move.uuid,
            f"Nova’s {move.type} {move.number} of instance {move.server_id} from"
            f" {move.source} to {move.target or 'a host not chosen yet'} is"
            f" {move.status}, and was last updated {move.touched_at:%Y-%m-%d %H:%M}"
            " UTC.",
            f"Look at the logs of nova-compute on both hosts. “openstack server"
            f" migration abort {move.server_id} {move.number}” ends a live one that"
            " still runs; restarting nova-compute on the source has it marked as"
            " failed. The instance may need “openstack server set --state active”.",
            {"status": move.status, "type": move.type, "number": move.number},
        )


def _unconfirmed(seen: Seen, now: datetime) -> Iterator[Found]:
    """Find cold migrations or resizes that wait for confirmation."""
    for it in seen.unconfirmed:
        if now - it.since < UNCONFIRMED:
            continue
        yield Found(
            "verify",
            it.server_id,
            f"Instance {it.name} has waited since {it.since:%Y-%m-%d %H:%M} UTC for"
            " the confirmation of its cold migration or resize; both hosts hold its"
            " allocation.",
            "Look whether it works, then “openstack server resize confirm"
            f" {it.server_id}”; or “openstack server resize revert {it.server_id}”.",
            {"since": it.since.isoformat()},
        )


def _ports(seen: Seen, now: datetime) -> Iterator[Found]:
    """Find bindings of ports to this host whose instance is elsewhere."""
    for binding in seen.bindings:
        server = _elsewhere(seen, binding.server_id)
        if server is None:
            continue
        if not binding.active:
            yield Found(
                "port",
                binding.port_id,
                f"Port {binding.port_id} of instance {server.name}, which is on"
                f" {server.host}, has an inactive binding to {seen.host}, left by a"
                " move that failed: the next live migration to this host fails at it.",
                f"“DELETE /v2.0/ports/{binding.port_id}/bindings/{seen.host}” of"
                " Neutron removes it, with Nova’s own account there (role service) and"
                " when nothing moves the instance; a cold migration to this host clears"
                " it, too.",
                {"instance": binding.server_id, "instance_host": server.host},
            )
        else:
            yield Found(
                "port",
                binding.port_id,
                f"Port {binding.port_id} of instance {server.name} is bound to"
                f" {seen.host}, but the instance is on {server.host}: the port has no"
                " network.",
                f"“openstack port set --host {server.host} {binding.port_id}”, then"
                " look whether the instance answers.",
                {"instance": binding.server_id, "instance_host": server.host},
            )


def _domains(seen: Seen, now: datetime) -> Iterator[Found]:
    """Find domains on this host whose instance is elsewhere or deleted."""
    for server_id, domain in seen.domains.items():
        if server_id not in seen.servers:
            continue
        server = _elsewhere(seen, server_id)
        if server is None and seen.servers[server_id] is not None:
            continue
        where = f"is on {server.host}" if server else "is not known to Nova any more"
        yield Found(
            "domain",
            server_id,
            f"Domain {domain} is on {seen.host}, but its instance {server_id} {where}."
            " If both run, they write to the same disks.",
            f"On {seen.host}: “virsh domstate {domain}”. If it is shut off and nothing"
            f" of it is needed, “virsh undefine {domain}”; nova-compute removes what it"
            " knows to be deleted by itself (running_deleted_instance_action).",
            {"domain": domain, "instance_host": server.host if server else None},
        )
