"""Rules about what both hosts are made of, as seen over SSH.

They are silent where novaweb may not enter the hosts, and while no single target is
named.
"""

from __future__ import annotations

from migrations_app.integrations.interfaces import Move
from migrations_app.preflight.facts import Facts
from migrations_app.preflight.finding import Finding, blocks, ok, unknown, warns
from migrations_app.preflight.rule import BY_NOVA, LIVE, About, rule
from migrations_app.preflight.rules.nova_options import on, version


@rule("target.cpu", about=About.TARGET, procedures=(LIVE,))
def cpu(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The target's CPU can run what the guest was started on.

    The target asks its libvirt whether its CPU has all that the guest's has (or the
    source's, for ``host-passthrough``), and refuses if not; so is done here. Nova asks
    only for ``virt_type`` kvm, and not at all with ``[workarounds]
    skip_cpu_compare_on_dest`` (since 26.0).
    """
    pair = facts.pair(move)
    if pair is None or pair.guest is None or pair.guest.state != "running":
        return None
    host = pair.target
    if host.settings.get("libvirt.virt_type", "kvm") != "kvm":
        return None
    if on(host, "workarounds.skip_cpu_compare_on_dest"):
        return warns(
            f"{host.host} is configured not to compare CPUs: a guest that uses what"
            " its CPU lacks crashes after the move.",
            "Make sure that both hosts have the same CPU.",
        )
    if host.takes_cpu:
        return ok(f"The CPU of {host.host} can run the guest.", why=host.cpu_why)
    if host.takes_cpu is None:
        return unknown(
            f"Whether the CPU of {host.host} can run the guest could not be found out.",
            "Compare the hosts' CPUs, or move it cold.",
            why=host.cpu_why,
        )
    return blocks(
        f"The CPU of {host.host} lacks something that {facts.server.name} was started "
        "with.",
        "Choose a target with the same CPU or a newer one, or move it cold: then it "
        "starts on what the target has.",
        why=host.cpu_why,
    )


@rule("target.machine", about=About.TARGET, procedures=(LIVE,))
def machine(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The target's QEMU knows the machine type of the guest.

    A guest keeps the machine type (``pc-q35-8.2``) that it was started with. An older
    QEMU does not know newer ones: the way back after an upgrade is often closed.
    """
    pair = facts.pair(move)
    if pair is None or pair.guest is None or pair.guest.state != "running":
        return None
    kind = pair.guest.machine
    if pair.target.takes_machine is None:
        return unknown(
            f"Whether {pair.target.host} knows the machine type {kind} could not be "
            "found out.",
            "Look at virsh domcapabilities there.",
        )
    if pair.target.takes_machine:
        return ok(f"{pair.target.host} knows the machine type {kind}.")
    return blocks(
        f"{facts.server.name} runs on the machine type {kind}, which the QEMU of "
        f"{pair.target.host} does not know.",
        "Choose a target with the same QEMU or a newer one, or move it cold.",
        source_qemu=pair.source.qemu,
        target_qemu=pair.target.qemu,
    )


@rule("hosts.serial", about=About.TARGET, procedures=(LIVE,))
def serial(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """Both hosts offer serial consoles, or neither does.

    The domain's definition differs with ``[serial_console]enabled``, and libvirt
    refuses a guest whose devices differ.
    """
    pair = facts.pair(move)
    if pair is None:
        return None
    switched = [on(it, "serial_console.enabled") for it in (pair.source, pair.target)]
    if switched[0] == switched[1]:
        return None
    one, other = pair.source.host, pair.target.host
    if not switched[0]:
        one, other = other, one
    return blocks(
        f"{one} offers serial consoles and {other} does not: libvirt refuses that.",
        "Set [serial_console]enabled alike on both hosts, or move it cold.",
    )


@rule("hosts.post_copy", about=About.TARGET, procedures=(LIVE,))
def post_copy(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """Post-copy and parallel connections do not meet on an old QEMU.

    Both together need QEMU 10.1 (nova doc, live_migration_parallel_connections).
    """
    pair = facts.pair(move)
    if pair is None or not on(pair.source, "libvirt.live_migration_permit_post_copy"):
        return None
    lanes = pair.source.settings.get("libvirt.live_migration_parallel_connections", "1")
    old = [it.host for it in (pair.source, pair.target) if version(it.qemu) < (10, 1)]
    if lanes in {"", "1"} or not old:
        return None
    return warns(
        f"{pair.source.host} allows post-copy together with parallel connections, "
        f"which needs QEMU 10.1; {' and '.join(old)} has an older one.",
        "Do not force completion of this move, or set one of the two options off.",
    )


@rule("hosts.versions", about=About.TARGET, procedures=BY_NOVA)
def versions(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """Nova is of the same release on both hosts.

    During an upgrade Nova moves instances between neighbouring releases, but what a
    newer one has started an older one need not know. The versions of services are not
    in the API; they are read from the packages.
    """
    pair = facts.pair(move)
    if pair is None:
        return None
    here, there = version(pair.source.nova), version(pair.target.nova)
    if not here or not there:
        return None
    evidence = {"source": pair.source.nova, "target": pair.target.nova}
    if here[0] == there[0]:
        return ok(f"Both hosts run Nova {here[0]}.", **evidence)
    order = "an older" if there[0] < here[0] else "a newer"
    return warns(
        f"{pair.target.host} runs {order} release of Nova than {pair.source.host}.",
        "Choose a target of the same release, or finish the upgrade first.",
        **evidence,
    )
