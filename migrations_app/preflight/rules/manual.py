"""Rules about the procedure ``manual``: what novaweb itself has to be able to do."""

from __future__ import annotations

from migrations_app.integrations.interfaces import (
    DISK_GB,
    MEMORY_MB,
    NOVA_DB,
    PCPU,
    PLACE,
    VCPU,
    Move,
)
from migrations_app.preflight.facts import Facts
from migrations_app.preflight.finding import Finding, blocks, ok, unknown, warns
from migrations_app.preflight.rule import MANUAL, About, rule
from migrations_app.preflight.rules.connectivity import because

_THIS = (MANUAL,)
_PLAIN = {VCPU, PCPU, MEMORY_MB, DISK_GB}


@rule("manual.last", about=About.INSTANCE, procedures=_THIS)
def last(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """A manual move is the last resort.

    Nova's own database is changed behind its back: no scheduler, no claim and no check
    of Nova's stands between. Every part is verified and reversible up to the start on
    the target, but what Nova can do by itself it does better.
    """
    return warns(
        "A manual move changes Nova's database directly: none of Nova's own checks"
        " is made.",
        "Move it live or cold if either can.",
    )


@rule("manual.ways", about=About.INSTANCE, procedures=_THIS)
def ways(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """novaweb may enter the hosts and Nova's database.

    The first is NOVAWEB_SSH, the second NOVAWEB_NOVA_DB (docs/running.md).
    """
    lacking = [
        name
        for name, given in (
            ("the hosts (NOVAWEB_SSH)", facts.entered),
            ("Nova's database (NOVAWEB_NOVA_DB)", facts.database),
        )
        if not given
    ]
    if not lacking:
        return ok("novaweb has access to the hosts and Nova's database.")
    return blocks(
        f"novaweb has no access to {' or '.join(lacking)}.",
        "Set it up as docs/running.md says, or move the instance live or cold.",
    )


@rule("manual.hosts", about=About.TARGET, procedures=_THIS)
def hosts(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """Both hosts can be read over SSH, and the source has the domain.

    The hosts are asked when exactly one target is named. That there is no domain is
    libvirt's word alone: where it does not answer, that is unknown.
    """
    found = facts.survey
    if not facts.entered:
        return None  # ways has said so
    if found is None:
        return unknown(
            f"What lies on {move.source} and {move.target} was not looked at.",
            "Choose one target, and the hosts are asked.",
        )
    if found.unread:
        return blocks(
            f"{' and '.join(sorted(found.unread))} could not be read over SSH.",
            "Give novaweb access to both hosts, then check again.",
            why=dict(found.unread),
        )
    if found.guest is None and found.source.domain == "":
        return blocks(
            f"libvirt on {move.source} has no domain of {facts.server.name}.",
            "Start it once, so that Nova defines it again; or move it cold.",
        )
    if found.guest is None:
        silent = found.source.silent
        return unknown(
            f"libvirt on {move.source} did not tell the domain of {facts.server.name}"
            f"{f': “{silent}”' if silent else ''}.",
            f"Look at virsh list --all on {move.source}, then check again.",
        )
    return ok(f"{move.source} and {move.target} can be read over SSH.")


@rule("manual.row", about=About.TARGET, procedures=_THIS)
def row(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """Nova's database has the instance and the target, in one cell.

    A manual move cannot cross cells: their rows live in different databases, and their
    libvirt names differ.
    """
    if not facts.database:
        return None  # ways has said so
    for subject, what in (
        (NOVA_DB, f"the row of {facts.server.name}"),
        (PLACE, f"the compute node of {move.target}"),
    ):
        if (why := facts.missing(subject)) is not None:
            return blocks(
                f"Nova's database does not tell {what}.",
                "Read the reason and solve it; instance and target must be in the"
                " cell of the configured database.",
                why=why,
            )
    if facts.row is None or facts.place is None:
        return unknown(
            f"Nova's database was not asked about {facts.server.name} and "
            f"{move.target}.",
            "Choose one target, and it is asked.",
        )
    if facts.row.place.host != move.source:
        return blocks(
            f"Nova's database has {facts.server.name} on {facts.row.place.host}, not "
            f"on {move.source}.",
            "Find out where the guest runs before anything is moved.",
        )
    return ok(f"Nova's database has {facts.server.name} and {move.target}.")


@rule("manual.allocation", about=About.TARGET, procedures=_THIS)
def allocation(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """Placement has allocations on the source only, of plain resources.

    Allocations of nested providers (virtual GPUs, bandwidth, devices) cannot be
    recreated on the target in a manual move.
    """
    if (why := facts.missing("held")) is not None:
        return blocks(
            f"The allocations of {facts.server.name} in Placement could not be read.",
            "Look again.",
            why=why,
        )
    if not facts.held:
        return None
    classes = {name for share in facts.held.values() for name in share}
    if facts.held.keys() != {move.source}:
        return blocks(
            f"Placement has allocations of {facts.server.name} on"
            f" {' and '.join(sorted(facts.held))}, not only on {move.source}.",
            "Repair its allocation first (nova-manage placement heal_allocations).",
        )
    if classes - _PLAIN:
        return blocks(
            f"{facts.server.name} holds more than processors, memory and disk: "
            f"{', '.join(sorted(classes - _PLAIN))}.",
            "Move it live or cold.",
        )
    return ok(f"Placement has allocations on {move.source} only, of plain resources.")


@rule("manual.tools", about=About.TARGET, procedures=_THIS)
def tools(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The source opens SSH to the target as root, and both have rsync and virsh.

    Disks go from host to host, not through novaweb. Where virsh is in a container of
    libvirt's only, paths and tools are not those of the host, on which novaweb works.
    """
    pair = facts.pair(move)
    if pair is None:
        return None
    here, there = pair.source.host, pair.target.host
    without = [it.host for it in (pair.source, pair.target) if not it.rsync]
    if without:
        return blocks(
            f"There is no rsync on {' and '.join(without)}.", "Install it there."
        )
    contained = [it.host for it in (pair.source, pair.target) if it.contained]
    if contained:
        return blocks(
            f"libvirt is in a container on {' and '.join(contained)}, and virsh is not"
            " on the host itself.",
            "Move it live or cold.",
        )
    why = because(pair, "ssh")
    if pair.target.reaches is None:
        return unknown(
            f"Whether {here} opens SSH to {there} could not be found out{why}.",
            f"Try it: ssh {there}, as root on {here}.",
        ).if_late("ssh" in pair.target.late)
    if not pair.target.reaches:
        return blocks(
            f"{here} cannot open SSH to {there} as root{why}.",
            "Give its root a key that the target accepts, and the target's host key.",
        )
    return ok(f"{here} opens SSH to {there}.")
