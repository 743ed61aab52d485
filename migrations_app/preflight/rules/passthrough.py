"""Rules about devices of the host that a guest was given: PCI, virtual GPUs, memory."""

from __future__ import annotations

import re

from migrations_app.integrations.interfaces import Guest, Move, Server
from migrations_app.preflight.facts import Facts
from migrations_app.preflight.finding import Finding, blocks, unknown, warns
from migrations_app.preflight.rule import BY_NOVA, LIVE, About, rule
from migrations_app.preflight.rules.devices import guest_of
from migrations_app.preflight.rules.nova_options import switch, version

_VGPU = re.compile(r"resources[^:]*:VGPU")
_CUSTOM = re.compile(r"resources[^:]*:(CUSTOM_\w+)")
_ONE_TIME = re.compile(
    r"""["']one_time_use["']\s*:\s*["']?(1|t|true|on|y|yes)\b""", re.IGNORECASE
)


def has_vgpu(server: Server) -> bool:
    """Tell whether the flavor asks for a virtual GPU."""
    return any(_VGPU.fullmatch(spec) for spec in server.flavor.extra_specs)


@rule("device.pmem", about=About.INSTANCE, procedures=BY_NOVA, since=20)
def pmem(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The guest has no persistent memory.

    It is migrated live since 21.0 when both hosts can, but never by post-copy: a guest
    that writes fast can only be paused to finish. A cold migration does not take its
    content along (virtual-persistent-memory in Nova's documentation).
    """
    if "hw:pmem" not in facts.server.flavor.extra_specs:
        return None
    name = facts.server.name
    if procedure != LIVE:
        return warns(
            f"A cold migration gives {name} other persistent memory: its content is "
            "lost.",
            "Move it live; or have its owner save the content first.",
            loses="persistent memory",
        )
    if facts.before(21):
        return blocks(
            f"{name} has persistent memory, which Nova does not migrate live before "
            "Ussuri.",
            "Have its owner save the content, then move it cold.",
        )
    return warns(
        f"{name} has persistent memory: post-copy will not help if it writes faster "
        "than the network copies.",
        "Choose a time of low load.",
    )


@rule("device.pci", about=About.INSTANCE, procedures=BY_NOVA)
def pci(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The guest has no PCI device of its own, or one that may travel.

    Nova refuses to migrate devices of a flavor's PCI alias live until 2024.2 (30.x).
    Since 2025.1 (31.0) it does when device and alias are marked ``live_migratable`` in
    nova.conf, which no API shows; but where the source permits post-copy, QEMU refuses
    (pci-passthrough in Nova's documentation, Post-copy Limitation). A cold migration
    gives the guest other devices on the target: their content stays behind. Since
    2025.2 (32.0) devices may be for one use only (``one_time_use`` in ``[pci]
    device_spec``): the one on the source and the one on the target are then reserved
    until they are cleaned, and to revert the move does not give the latter back.
    """
    alias = facts.server.flavor.extra_specs.get("pci_passthrough:alias")
    if not alias:
        return None
    name = facts.server.name
    if procedure != LIVE:
        return _pci_cold(facts, move, alias)
    if facts.before(31):
        return blocks(
            f"{name} has PCI devices ({alias}), which Nova does not migrate live "
            "before 2025.1.",
            "Move it cold.",
        )
    return _barred(facts, move, f"PCI devices ({alias})") or unknown(
        f"{name} has PCI devices ({alias}). Nova migrates them live only since 2025.1 "
        "and only if they are marked live_migratable, which cannot be seen from here.",
        "Look into nova.conf of both hosts, or move it cold.",
    )


def _pci_cold(facts: Facts, move: Move, alias: str) -> Finding:
    name, pair = facts.server.name, facts.pair(move)
    both = (pair.source, pair.target) if pair else ()
    specs = {it.host: it.settings.get("pci.device_spec", "") for it in both}
    once = [host for host, said in specs.items() if _ONE_TIME.search(said)]
    other = f"A cold migration gives {name} other PCI devices ({alias})"
    if once and not facts.before(32):
        return warns(
            f"{other}. Those of {' and '.join(once)} are for one use: each is reserved "
            "until it is cleaned, also if the move is reverted, and its content is not "
            "taken along.",
            "Make sure that this use is meant, and have the devices cleaned after it.",
            loses="one-time-use devices",
        )
    return warns(
        f"{other}: what is kept on them stays behind.",
        "If they hold data (as NVMe drives do), have its owner save that first."
        + (
            ""
            if facts.before(32) or (pair and all(it.instances for it in both))
            else " Devices for one use (one_time_use) are reserved until they are "
            "cleaned, also if the move is reverted."
        ),
    )


@rule("device.vgpu", about=About.INSTANCE, procedures=(LIVE,))
def vgpu(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The guest has no virtual GPU, or one that may travel.

    Nova gives mediated devices for the resource class VGPU, and since 24.0 for custom
    classes, too, which look like any other in a flavor; the guest's domain shows them.
    Before 2024.1 (29.0) libvirt fails. Since then it takes libvirt 8.6, QEMU 8.1 and
    Linux 5.18 on both hosts, and the same mediated device types. Where the source
    permits post-copy, QEMU refuses (virtual-gpu in Nova's documentation).
    """
    guest, name = guest_of(facts, move), facts.server.name
    if not has_vgpu(facts.server) and not (guest and "mdev" in guest.devices):
        return _custom(facts, guest)
    pair = facts.pair(move)
    both = (pair.source, pair.target) if pair else ()
    for host in both:
        if (0,) < version(host.libvirt) < (8, 6) or (0,) < version(host.qemu) < (8, 1):
            return blocks(
                f"{name} has a virtual GPU, and {host.host} is too old to migrate it "
                "live: that takes libvirt 8.6 and QEMU 8.1.",
                "Move it cold.",
                libvirt=host.libvirt,
                qemu=host.qemu,
            )
    if facts.before(29):
        return blocks(
            f"{name} has a virtual GPU, which cannot be migrated live before 2024.1.",
            "Move it cold.",
        )
    if barred := _barred(facts, move, "a virtual GPU"):
        return barred
    if both and all(version(it.libvirt) and version(it.qemu) for it in both):
        return unknown(
            f"{name} has a virtual GPU. libvirt and QEMU of both hosts are new enough "
            "to migrate it live; whether their kernels are (Linux 5.18) and whether the"
            " types of their devices are the same cannot be seen from here.",
            "Compare the hosts, or move it cold.",
        )
    return unknown(
        f"{name} has a virtual GPU. Whether both hosts are new enough to migrate it "
        "live (libvirt 8.6, QEMU 8.1, Linux 5.18) cannot be seen from here.",
        "Compare the hosts, or move it cold.",
    )


def _custom(facts: Facts, guest: Guest | None) -> Finding | None:
    """Warn of a custom class that may be one of mediated devices, where none looked."""
    found = [_CUSTOM.fullmatch(spec) for spec in facts.server.flavor.extra_specs]
    classes = [match[1] for match in found if match]
    if guest is not None or not classes or facts.before(24):
        return None
    return warns(
        f"The flavor of {facts.server.name} asks for {', '.join(sorted(classes))}: if "
        "these are mediated devices (virtual GPUs), a live migration takes Nova 2024.1 "
        "and new hosts, and fails otherwise.",
        "Look at virsh dumpxml on the source (hostdev, type mdev), or move it cold.",
    )


def _barred(facts: Facts, move: Move, what: str) -> Finding | None:
    """Block where the source permits post-copy: QEMU takes no VFIO device along so."""
    pair = facts.pair(move)
    option = "live_migration_permit_post_copy"
    if pair is None or not switch(pair.source, f"libvirt.{option}", default=False):
        return None
    here = pair.source.host
    return blocks(
        f"{facts.server.name} has {what}, and {here} permits post-copy ({option}): "
        "QEMU refuses to migrate such a guest live.",
        f"Set {option} = false on {here} and restart its nova-compute, or move it "
        "cold.",
    )
