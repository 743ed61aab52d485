"""Rules about how the network ports of an instance are made."""

from __future__ import annotations

from migrations_app.integrations.interfaces import Move
from migrations_app.preflight.facts import Facts
from migrations_app.preflight.finding import Finding, blocks, ok, unknown, warns
from migrations_app.preflight.rule import BY_NOVA, LIVE, About, rule
from migrations_app.preflight.rules.nova_options import version

# VNIC_TYPES_DIRECT_PASSTHROUGH in nova/network/model.py (34.0), without Cyborg's.
_UNPLUGGED = {"direct", "direct-physical", "remote-managed", "vdpa"}
# The others of VNIC_TYPES_SRIOV: the guest keeps them, but the host's device changes.
_HELD = {"macvtap", "virtio-forwarder"}


def passes_hardware(vnic_type: str) -> bool:
    """Tell whether a port of this type takes a device of its host."""
    return vnic_type in _UNPLUGGED | _HELD or vnic_type.startswith("accelerator")


@rule("device.ports", about=About.INSTANCE, procedures=BY_NOVA)
def ports(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The network ports are virtual ones.

    A port that passes hardware through (SR-IOV; remote-managed since 25.0) is unplugged
    before a live migration and plugged again after it, since 20.0: the guest loses that
    network meanwhile. So are vDPA ports since 26.0; before, Nova answers 409
    (``reject_vdpa_instances`` in nova/compute/api.py). Cold it did so, too, in 23.x, in
    24.x and 25.x until later point releases (release note vdpa-move-ops). macvtap and
    virtio-forwarder stay plugged, on another device.
    """
    name = facts.server.name
    if "ports" in facts.unread:
        return None  # accelerator has said so
    vdpa = [port.id for port in facts.ports if port.vnic_type == "vdpa"]
    if vdpa and facts.before(26) and (procedure == LIVE or facts.before(24)):
        kind, until = ("live", "Zed") if procedure == LIVE else ("cold", "Xena")
        return blocks(
            f"{name} has vDPA ports, and Nova does not migrate them {kind} before "
            f"{until}.",
            "Move it cold." if procedure == LIVE else "Have its owner detach them.",
            ports=vdpa,
        )
    if procedure != LIVE:
        if not vdpa or facts.since(26):
            return None
        return unknown(
            f"{name} has vDPA ports. Before Zed only later point releases of Nova "
            "migrate them cold, and which one this is could not be read.",
            "Try it: Nova refuses at once, and nothing is changed.",
            ports=vdpa,
        )
    passed = {
        port.id: port.vnic_type
        for port in facts.ports
        if port.vnic_type in _UNPLUGGED | _HELD
    }
    if not passed:
        return ok(f"{name} has no network port that is tied to hardware.")
    if _HELD.issuperset(passed.values()):
        return warns(
            f"{name} has network ports on a device of its host "
            f"({', '.join(sorted(set(passed.values())))}): Nova gives them another one "
            "on the target, and the network may fail meanwhile.",
            "Make sure that it has another network, or a bond over both.",
            ports=passed,
        )
    return warns(
        f"{name} has network ports that pass hardware through: the guest loses them "
        "while it is moved.",
        "Make sure that it has another network, or a bond over both.",
        ports=passed,
    )


@rule("device.linux_bridge", about=About.INSTANCE, since=34)
def linux_bridge(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """No port is on a Linux bridge, which Nova 2026.2 does not know any more.

    Since 34.0 Nova fails at such a port at once (``vif_type`` bridge,
    ``_nw_info_build_network`` in nova/network/neutron.py; release note
    remove-linux-bridge-vif-support): a live migration fails, a cold one leaves the
    instance in ERROR, and by hand it does not start. Neutron's driver is gone since its
    26.0 (2025.1).
    """
    found = [port.id for port in facts.ports if port.vif_type == "bridge"]
    if not found:
        return None
    name = facts.server.name
    remedy = "Move its ports to another backend (Open vSwitch, OVN) first."
    pair = facts.pair(move)
    hosts = [version(it.nova) for it in (pair.source, pair.target)] if pair else []
    if facts.since(34) or any(it[:1] >= (34,) for it in hosts):
        return blocks(
            f"{name} has ports on a Linux bridge, which Nova 2026.2 cannot move any "
            "more.",
            remedy,
            ports=found,
        )
    return unknown(
        f"{name} has ports on a Linux bridge, which Nova 2026.2 cannot move any more; "
        "whether one of the hosts runs that could not be read.",
        f"Look at the packages of both hosts. {remedy}",
        ports=found,
    )
