"""Rules about what ties an instance to the hardware of its host.

They read the flavor's extra specs, the ports, and the properties that the image had
(``hw_…``), which Nova shows with the instance since microversion 2.98 (2025.1).
"""

from __future__ import annotations

import re

from migrations_app.integrations.interfaces import Move, Server
from migrations_app.preflight.facts import Facts
from migrations_app.preflight.finding import Finding, blocks, ok, unknown, warns
from migrations_app.preflight.rule import BY_NOVA, LIVE, About, rule
from migrations_app.preflight.rules.nova_options import version

_TRUE = {"1", "true", "yes", "on", "t", "y"}
_VGPU = re.compile(r"resources[^:]*:VGPU")
_PASSED_THROUGH = {"direct", "direct-physical", "macvtap", "vdpa"}


def wish(server: Server, name: str) -> str:
    """Return what the flavor or else the image asks of the hardware; empty: nothing."""
    asked = server.flavor.extra_specs.get(f"hw:{name}")
    return asked or (server.image_properties or {}).get(f"hw_{name}", "")


def bound_to(server: Server) -> list[str]:
    """Return what binds the guest to processors, nodes or pages, as extra specs."""
    found = [name for name in ("numa_nodes", "mem_page_size") if wish(server, name)]
    if wish(server, "cpu_policy") in {"dedicated", "mixed"}:
        found.append("cpu_policy")
    return [f"hw:{name}" for name in found]


def has_vgpu(server: Server) -> bool:
    """Tell whether the flavor asks for a virtual GPU."""
    return any(_VGPU.fullmatch(spec) for spec in server.flavor.extra_specs)


def has_vtpm(server: Server) -> bool:
    """Tell whether the flavor or the image asks for a virtual TPM."""
    return bool(wish(server, "tpm_version") or wish(server, "tpm_model"))


def has_sev(server: Server) -> bool:
    """Tell whether the flavor or the image asks for encrypted memory."""
    return wish(server, "mem_encryption").lower() in _TRUE


@rule("device.sev", about=About.INSTANCE, procedures=(LIVE,), since=20)
def sev(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The memory of the guest is not encrypted (AMD SEV).

    Nova refuses to migrate it live (``reject_sev_instances`` in nova/compute/api.py).
    """
    if not has_sev(facts.server):
        return None
    return blocks(
        f"The memory of {facts.server.name} is encrypted (SEV), and Nova does not "
        "migrate that live.",
        "Move it cold.",
    )


@rule("device.vtpm", about=About.INSTANCE, procedures=(LIVE,), since=22)
def vtpm(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The guest has no virtual TPM, or one that may travel.

    Nova refuses to migrate a vTPM live until 2025.2 (32.x). Since 2026.1 (33.0) it does
    for flavors with ``hw:tpm_secret_security=host``, once all computes are upgraded;
    the default is ``user``, which stays refused.
    """
    specs = facts.server.flavor.extra_specs
    if not has_vtpm(facts.server):
        return None
    name = facts.server.name
    if specs.get("hw:tpm_secret_security") != "host":
        return blocks(
            f"{name} has a virtual TPM whose secret belongs to its user, and Nova "
            "does not migrate that live.",
            "Move it cold.",
        )
    if facts.before(33):
        return blocks(
            f"{name} has a virtual TPM, which Nova does not migrate live before "
            "2026.1.",
            "Move it cold.",
        )
    return warns(
        f"{name} has a virtual TPM: Nova migrates it live only since 2026.1, when all "
        "hosts are upgraded and the source holds its secret.",
        "Move it cold if a downtime is acceptable.",
    )


@rule("device.accelerator", about=About.INSTANCE, procedures=BY_NOVA)
def accelerator(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The instance has no accelerator of Cyborg.

    Nova refuses both kinds of migration with a device profile or an accelerator port
    (``block_accelerators``, ``block_port_accelerators`` in nova/compute/api.py).
    """
    name = facts.server.name
    profile = facts.server.flavor.extra_specs.get("accel:device_profile")
    ports = [p.id for p in facts.ports if p.vnic_type.startswith("accelerator-")]
    if profile or ports:
        return blocks(
            f"{name} has an accelerator, and Nova does not move such instances.",
            "Ask its project to recreate it on another host.",
            device_profile=profile,
            ports=ports,
        )
    if "ports" in facts.unread:
        return unknown(
            f"The network ports of {name} could not be read, so they were not judged.",
            "Look again, or let our account read neutron's ports.",
            why=facts.unread["ports"],
        )
    return None


@rule("device.pmem", about=About.INSTANCE, procedures=(LIVE,), since=21)
def pmem(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The guest has no persistent memory.

    It is migrated since 21.0 when both hosts can, but never by post-copy: a guest that
    writes fast can only be paused to finish.
    """
    if "hw:pmem" not in facts.server.flavor.extra_specs:
        return None
    return warns(
        f"{facts.server.name} has persistent memory: post-copy will not help if it "
        "writes faster than the network copies.",
        "Choose a time of low load.",
    )


@rule("device.pci", about=About.INSTANCE, procedures=(LIVE,))
def pci(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The guest has no PCI device of its own, or one that may travel.

    Nova refuses to migrate devices of a flavor's PCI alias live until 2024.2 (30.x).
    Since 2025.1 (31.0) it does when device and alias are marked ``live_migratable`` in
    nova.conf, which no API shows.
    """
    alias = facts.server.flavor.extra_specs.get("pci_passthrough:alias")
    if not alias:
        return None
    name = facts.server.name
    if facts.before(31):
        return blocks(
            f"{name} has PCI devices ({alias}), which Nova does not migrate live "
            "before 2025.1.",
            "Move it cold.",
        )
    return unknown(
        f"{name} has PCI devices ({alias}). Nova migrates them live only since 2025.1 "
        "and only if they are marked live_migratable, which cannot be seen from here.",
        "Look into nova.conf of both hosts, or move it cold.",
    )


@rule("device.vgpu", about=About.INSTANCE, procedures=(LIVE,))
def vgpu(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The guest has no virtual GPU, or one that may travel.

    Before 2024.1 (29.0) libvirt fails. Since then it takes libvirt 8.6, QEMU 8.1 and
    Linux 5.18 on both hosts, and the same mediated device types.
    """
    if not has_vgpu(facts.server):
        return None
    name = facts.server.name
    pair = facts.pair(move)
    for host in (pair.source, pair.target) if pair else ():
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
    return unknown(
        f"{name} has a virtual GPU. Whether both hosts are new enough to migrate it "
        "live (libvirt 8.6, QEMU 8.1, Linux 5.18) cannot be seen from here.",
        "Compare the hosts, or move it cold.",
    )


@rule("device.numa", about=About.INSTANCE, procedures=(LIVE,))
def numa(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The guest is not bound to processors, NUMA nodes or large pages.

    Until 19.x Nova refuses to migrate such guests live unless a workaround is on. Since
    20.0 it plans them again on the target, and refuses a target where they do not fit;
    the free cells of a host are not in the API. In 33.0 guests that were pinned before
    the upgrade cannot be migrated live (bug 2152697).
    """
    bound = bound_to(facts.server)
    if not bound:
        return None
    name = facts.server.name
    if facts.before(20):
        return blocks(
            f"{name} is bound to processors or memory of its host, which Nova does "
            "not migrate live before Train.",
            "Move it cold.",
            extra_specs=bound,
        )
    return warns(
        f"{name} is bound to processors or memory of its host. Nova plans that again"
        " on the target, and refuses if it does not fit there.",
        "Choose a target with whole NUMA nodes free, or move it cold.",
        extra_specs=bound,
    )


@rule("device.ports", about=About.INSTANCE, procedures=(LIVE,))
def ports(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The network ports are virtual ones.

    A port that passes hardware through (SR-IOV) is unplugged before the move and
    plugged again after it, since 20.0: the guest loses that network meanwhile. vDPA
    ports are migrated since 26.0.
    """
    name = facts.server.name
    if "ports" in facts.unread:
        return None  # accelerator has said so
    passed = [port for port in facts.ports if port.vnic_type in _PASSED_THROUGH]
    if not passed:
        return ok(f"{name} has no network port that is tied to hardware.")
    return warns(
        f"{name} has network ports that pass hardware through: the guest loses them "
        "while it is moved.",
        "Make sure that it has another network, or a bond over both.",
        ports={port.id: port.vnic_type for port in passed},
    )
