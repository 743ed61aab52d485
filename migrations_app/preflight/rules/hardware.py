"""Rules about what both hosts are made of, as seen over SSH.

They are silent while no single target is named. Where novaweb may not enter the hosts,
all are but ``target.machine`` and ``target.video``, which judge what Nova recorded.
"""

from __future__ import annotations

from migrations_app.integrations.interfaces import Move
from migrations_app.preflight.facts import Facts, Pair
from migrations_app.preflight.finding import Finding, blocks, ok, unknown, warns
from migrations_app.preflight.risk import Chance, outage
from migrations_app.preflight.rule import BY_NOVA, LIVE, MANUAL, About, rule
from migrations_app.preflight.rules.devices import recorded
from migrations_app.preflight.rules.nova_options import switch, value, version

# Machine types that every QEMU takes for the newest that it knows.
_ALIASES = frozenset(("pc", "q35", "virt", "pseries", "s390-ccw-virtio", "microvm"))
_OFF = "shut off"  # virsh's word; a paused guest goes live, too


@rule("target.cpu", about=About.TARGET, procedures=(LIVE,))
def cpu(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The target's CPU can run what the guest was started on.

    The target asks its libvirt whether its CPU has all that the guest's has (or the
    source's, for ``host-passthrough``), and refuses if not; so is done here. Nova asks
    only for ``virt_type`` kvm, and not at all with ``[workarounds]
    skip_cpu_compare_on_dest`` (since 26.0).
    """
    pair = facts.pair(move)
    if pair is None or pair.guest is None or pair.guest.state == _OFF:
        return None
    host = pair.target
    if value(host, "libvirt.virt_type", default="kvm") not in {"kvm", None}:
        return None
    if switch(host, "workarounds.skip_cpu_compare_on_dest", default=False):
        return warns(
            f"{host.host} is configured not to compare CPUs: a guest that uses what"
            " its CPU lacks crashes after the move.",
            "Make sure that both hosts have the same CPU.",
        ).risking(outage(Chance.SELDOM))
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


@rule("target.machine", about=About.TARGET)
def machine(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The target's QEMU knows the machine type of the guest.

    A running guest keeps the machine type (``pc-q35-8.2``) that it was started with,
    and takes it along live. An older QEMU does not know newer ones, and newer ones drop
    old ones (``pc`` is gone in some distributions). Since 23.0 Nova records the machine
    type with the instance (hw-machine-type in its documentation; ``get_machine_type``
    in nova/virt/libvirt/utils.py), and a guest that is started on the target gets
    that: an alias (``q35``) is what it means there; one with a version that the target
    does not know leaves the instance in ERROR, switched off, after a cold migration,
    and ends a manual move at its start. The API shows it since microversion 2.98, but
    not for instances booted from a volume.
    """
    pair = facts.pair(move)
    if pair is None or pair.guest is None:
        kind = recorded(facts.server, "hw_machine_type")
        if procedure == LIVE or kind is None or kind in _ALIASES or move.target is None:
            return None
        return _machine_unread(move.target, kind)
    if procedure != LIVE:
        return _machine_started(facts, pair, pair.guest.machine, procedure)
    if pair.guest.state == _OFF:
        return None
    kind, there = pair.guest.machine, pair.target.host
    if pair.target.takes_machine is None:
        return _machine_unread(there, kind)
    if pair.target.takes_machine:
        return ok(f"{there} knows the machine type {kind}.")
    return blocks(
        f"{facts.server.name} runs on the machine type {kind}, which the QEMU of "
        f"{there} does not know.",
        "Choose a target whose QEMU knows it. A cold migration helps only if Nova"
        " recorded another machine type that the target knows.",
        source_qemu=pair.source.qemu,
        target_qemu=pair.target.qemu,
    )


def _machine_started(facts: Facts, pair: Pair, running: str, procedure: str) -> Finding:
    """Judge the machine type that Nova recorded; a versioned one implies its alias."""
    name, there = facts.server.name, pair.target.host
    kind = recorded(facts.server, "hw_machine_type")
    takes = pair.target.takes_machine
    if takes and kind in {None, running}:
        return ok(f"{there} knows the machine type {running}.")
    if takes is None and kind in {None, running}:
        return _machine_unread(there, running)
    if kind is None:
        return unknown(
            f"{there} does not know the machine type {running} that {name} was started"
            " with, and which one Nova recorded for its next start could not be read.",
            "Look at nova-manage libvirt get_machine_type: if it has a version, choose "
            "a target that knows it.",
        ).risking(outage())
    if kind != running:
        takes = pair.target.takes_recorded
    if takes is None:
        return _machine_unread(there, kind)
    if takes:
        return ok(f"{there} knows the machine type {kind}.", started_with=running)
    return blocks(
        f"Nova recorded the machine type {kind} for {name}, which the QEMU of {there} "
        f"does not know: {_end(name, procedure)}.",
        "Choose a target whose QEMU knows it; or, while the instance is off, record"
        " another one (nova-manage libvirt update_machine_type).",
        source_qemu=pair.source.qemu,
        target_qemu=pair.target.qemu,
    )


def _end(name: str, procedure: str) -> str:
    """Say how it ends for a guest that the target's QEMU cannot be."""
    if procedure == LIVE:
        return "libvirt refuses it there"
    if procedure == MANUAL:
        return f"{name} would not start there"
    return f"{name} would be left in ERROR there, switched off"


def _machine_unread(host: str, kind: str) -> Finding:
    return unknown(
        f"Whether {host} knows the machine type {kind} could not be found out.",
        "Look at virsh domcapabilities there.",
    )


@rule("target.video", about=About.TARGET)
def video(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The target's QEMU has the video model of the guest.

    QXL is gone where QEMU is built without SPICE (Enterprise Linux 9, Ubuntu 24.04),
    and was Nova's default with SPICE before 31.0 (release note
    make-virtio-the-default-spice-video-model). A running guest takes its model along;
    one that is started on the target gets what Nova recorded with the instance (since
    25.0). On a target without it a cold migration ends in ERROR, switched off.
    """
    name, there = facts.server.name, move.target
    kind = recorded(facts.server, "hw_video_model")
    pair = facts.pair(move)
    if pair is None or pair.guest is None:
        if kind != "qxl":
            return None
        return unknown(
            f"{name} has the video model qxl; whether the QEMU of {there} still has it "
            "was not seen.",
            "Look at virsh domcapabilities there, below video.",
        )
    models, running = pair.target.videos, pair.guest.video
    told = kind is not None
    if procedure == LIVE or kind is None:
        kind = running
    if kind in {"", "none"} or not (models or kind == "qxl"):
        return None
    if kind in models:
        return ok(f"{there} has the video model {kind}.")
    if not models or (procedure != LIVE and not told):
        lacks = "may lack" if not models else "lacks"
        return unknown(
            f"{name} was started with the video model {kind}, which the QEMU of {there}"
            f" {lacks}.",
            "Look at virsh domcapabilities there, below video; and at what Nova"
            " recorded: nova-manage image_property show UUID hw_video_model.",
        )
    return blocks(
        f"{name} has the video model {kind}, which the QEMU of {there} lacks: "
        f"{_end(name, procedure)}.",
        "Choose a target that has it; or, while the instance is off, record another one"
        " (nova-manage image_property set --property hw_video_model=virtio).",
        models=list(models),
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
    one, other = pair.source.host, pair.target.host
    switched = [
        switch(it, "serial_console.enabled", default=False)
        for it in (pair.source, pair.target)
    ]
    if None in switched:
        return unknown(
            f"Whether {one} and {other} offer serial consoles alike could not be read.",
            "Look at [serial_console]enabled in nova.conf of both: where it differs,"
            " libvirt refuses a live migration.",
        )
    if switched[0] == switched[1]:
        return None
    if not switched[0]:
        one, other = other, one
    return blocks(
        f"{one} offers serial consoles and {other} does not: libvirt refuses that.",
        "Set [serial_console]enabled alike on both hosts, or move it cold.",
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
