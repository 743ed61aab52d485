"""Rules about what an earlier move left on a host: bindings, folders, domains, files.

They are silent while no single target is named, and, but for the bindings, where
novaweb may not enter the hosts.
"""

from __future__ import annotations

from migrations_app.integrations.interfaces import Move
from migrations_app.preflight.facts import Facts, Pair
from migrations_app.preflight.finding import Finding, blocks, ok, unknown, warns
from migrations_app.preflight.rule import BY_NOVA, COLDLY, LIVE, MANUAL, About, rule


@rule("hosts.read", about=About.TARGET, procedures=BY_NOVA)
def read(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """What no API shows was looked up on both hosts.

    Where novaweb may enter hosts over SSH it looks there for leftovers, free disk, CPU,
    versions, settings and ways. Nova can move the instance without that, so without it
    these checks are only unknown.
    """
    if facts.survey is None or not facts.survey.unread:
        return None
    hosts = " and ".join(sorted(facts.survey.unread))
    return unknown(
        f"{hosts} could not be read over SSH, so what only the hosts know was not "
        "judged.",
        "Check again, or give novaweb access to the host.",
        why=dict(facts.survey.unread),
    )


@rule("target.binding", about=About.TARGET, procedures=(LIVE,))
def binding(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """No port of the instance has a binding to the target that an earlier move left.

    Nova makes an inactive one there when a live migration begins, and takes it away
    when that fails; where nobody was left to do so it stays. The next live migration
    ends with "Binding failed for port" (``bind_ports_to_host`` in
    nova/network/neutron.py; Neutron answers 409). A cold one goes, and its confirmation
    clears it. By Neutron's own policy only the role service may remove it
    (neutron/conf/policies/port_bindings.py).
    """
    name = facts.server.name
    if (why := facts.missing("bindings")) is not None:
        return unknown(
            f"Whether ports of {name} are still bound to {move.target} from an earlier "
            "move could not be read.",
            "Look again, or let our account read Neutron's ports.",
            why=why,
        )
    if facts.left_bindings is None:
        return None
    if not facts.left_bindings:
        return ok(f"No port of {name} is bound to {move.target} from an earlier move.")
    return blocks(
        f"Ports of {name} are still bound to {move.target}, inactively, from an earlier"
        " move.",
        "Move it cold, which clears that; or, when nothing moves the instance, remove "
        "these bindings with Nova's own account for Neutron: DELETE "
        f"/v2.0/ports/PORT/bindings/{move.target}.",
        ports=list(facts.left_bindings),
    )


@rule("target.folder", about=About.TARGET)
def folder(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The target has no folder of the instance left from before.

    A live migration with local disks fails when there is one ("already exists, it is
    expected not to exist", nova/virt/libvirt/driver.py, ``pre_live_migration``); a cold
    one writes into it. Where the hosts share their storage it is the instance's own.
    """
    pair = facts.pair(move)
    if pair is None or pair.target.folder_there is None:
        return None
    name, host = facts.server.name, pair.target.host
    if pair.target.shared:
        return None
    if not pair.target.folder_there:
        return ok(f"{host} has no folder of {name}.")
    remedy = (
        f"Find out on {host} what it is; if nobody needs it, move it away. It is "
        f"{pair.target.instances}/{facts.server.id}."
    )
    if procedure in {LIVE, MANUAL}:
        return blocks(f"{host} already has a folder of {name}.", remedy)
    return warns(
        f"{host} already has a folder of {name}; a cold migration writes into it.",
        remedy,
    )


@rule("target.domain", about=About.TARGET)
def domain(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The target's libvirt has no domain of the instance left from before.

    Two domains of one instance must never run. libvirt refuses a live migration to a
    host that has one of the same name or UUID; a cold migration redefines one that is
    off, and must not meet one that runs.
    """
    pair = facts.pair(move)
    if pair is None or pair.target.domain is None:
        return None
    name, host, state = facts.server.name, pair.target.host, pair.target.domain
    if not state:
        return ok(f"{host} has no domain of {name}.")
    if state == "shut off" and procedure not in {LIVE, MANUAL}:
        return warns(
            f"{host} has a domain of {name} already, which is off; a cold migration"
            " defines it again.",
            f"Undefine it on {host} if nobody needs it.",
        )
    return blocks(
        f"{host} has a domain of {name} already ({state}).",
        f"Find out on {host} what it is, and undefine it when it is certain that the "
        "guest does not run there.",
    )


@rule("source.leftover", about=About.TARGET, procedures=("cold", "cold_by_disabling"))
def resize(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The source has no folder left from an earlier cold migration.

    Nova keeps the old disks under the name ``<uuid>_resize`` until the confirmation.
    What an earlier move left under that name is deleted by the next one
    (``_cleanup_failed_instance_base`` in nova/virt/libvirt/driver.py).
    """
    pair = facts.pair(move)
    if pair is None or not pair.source.resize_there:
        return None
    return warns(
        f"{pair.source.host} still has the disks of an earlier cold migration of "
        f"{facts.server.name}; this one deletes them.",
        f"Look at {pair.source.instances}/{facts.server.id}_resize on "
        f"{pair.source.host} before the move.",
    )


@rule("target.disk", about=About.TARGET)
def disk(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The target's file system has the space that the disks really take.

    Placement counts what flavors promise. Nova itself does not look at the free disk
    of a block migration since microversion 2.25, so a full file system ends in a failed
    move, or in paused guests. Too little for what is written now blocks; too little
    for what the disks may grow to is a warning. On storage that both hosts share a
    cold migration needs room for a second copy until it is confirmed.
    """
    pair = facts.pair(move)
    if pair is None or pair.guest is None:
        return None
    shared = pair.target.shared
    now, later = _needed(pair)
    if not later or (shared and procedure not in COLDLY):
        return None
    if shared:  # the confirmation deletes one of both copies
        later = now
    host, free = pair.target.host, pair.target.free
    evidence = {"free": free, "now": now, "later": later}
    if free is None:
        return unknown(
            f"How much disk is free on {host} could not be read.",
            f"Look at df there: {pair.target.instances}.",
            **evidence,
        )
    if free < now and shared:
        return blocks(
            f"The storage that {pair.source.host} and {host} share has too little free"
            f" for a second copy of what {facts.server.name} takes now.",
            "Make room there, or move it live, which copies nothing.",
            **evidence,
        )
    if free < now:
        return blocks(
            f"{host} has too little disk free for what {facts.server.name} takes now.",
            "Choose another target, or make room on this one.",
            **evidence,
        )
    if free < later:
        return warns(
            f"{host} has disk enough for now, but not for all that the disks of "
            f"{facts.server.name} may grow to.",
            "Choose a roomier target, or watch its file system.",
            **evidence,
        )
    return ok(f"{host} has disk enough for {facts.server.name}.", **evidence)


def _needed(pair: Pair) -> tuple[int, int]:
    """Return the bytes that the local disks take, and those that they may grow to."""
    local = pair.guest.local_disks if pair.guest else ()
    bases = {path for it in local for path in it.chain} - pair.target.bases.keys()
    copied = sum(pair.source.bases.get(path, 0) for path in bases)
    return (
        sum(it.taken for it in local) + copied,
        sum(it.virtual_size for it in local) + copied,
    )
