"""Rules about the procedure ``manual``: what of an instance can be copied."""

from __future__ import annotations

from posixpath import basename

from migrations_app.integrations.interfaces import Disk, Guest, Move
from migrations_app.preflight.facts import Facts
from migrations_app.preflight.finding import Finding, blocks, ok, warns
from migrations_app.preflight.rule import MANUAL, About, rule
from migrations_app.preflight.rules import devices, passthrough, ports

_THIS = (MANUAL,)


@rule("manual.root", about=About.INSTANCE, procedures=_THIS)
def root(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The root disk is not a volume.

    Nova does not detach a root volume, so a manual move cannot connect it to another
    host. Live and cold migrations do that well.
    """
    if facts.server.image is not None:
        return None
    return blocks(
        f"{facts.server.name} was booted from a volume, which cannot be detached.",
        "Move it live or cold: nothing large is copied then.",
    )


@rule("manual.volumes", about=About.INSTANCE, procedures=_THIS)
def volumes(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """Attached volumes can be detached and attached again.

    They can be attached again only when the instance has a domain on the target, which
    Nova makes when it starts: a guest that boots fast boots without them. A stopped
    instance is not started by us, so it keeps its volumes only in a cold migration. An
    encrypted volume needs its key on the target.
    """
    server = facts.server
    if not server.volumes or server.image is None:
        return None
    if server.vm_state == "stopped":
        return blocks(
            f"{server.name} is stopped and has volumes, which can be attached again "
            "only when it runs.",
            "Start it first, or move it cold.",
        )
    encrypted = [volume.id for volume in facts.volumes if volume.encrypted]
    if encrypted:
        return blocks(
            f"{server.name} has encrypted volumes.",
            "Move it live or cold.",
            volumes=encrypted,
        )
    return warns(
        f"The volumes of {server.name} are attached again only after its start: a guest"
        " that boots fast boots without them.",
        "See that it mounts them when they come (or by “nofail”, and a restart"
        " afterwards), or move it live or cold.",
    )


@rule("manual.files", about=About.TARGET, procedures=_THIS)
def files(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The local disks are files in the instance's folder, on storage of its own.

    Disks in Ceph or LVM are not copied in a manual move, and on shared storage there is
    nothing to copy. The files that a disk stands on are copied with it, so it must be
    known which those are.
    """
    pair = facts.pair(move)
    if pair is None or pair.guest is None:
        return None
    name = facts.server.name
    if pair.target.shared:
        return blocks(
            f"{move.source} and {move.target} share their storage: there is nothing to "
            "copy.",
            "Move it live or cold.",
        )
    elsewhere = [disk.target for disk in _elsewhere(pair.guest)]
    if len(elsewhere) > len(facts.server.volumes):
        return blocks(
            f"{name} has disks that are neither volumes nor files in its folder.",
            "Move it live or cold.",
            disks=elsewhere,
        )
    if len(elsewhere) == len(pair.guest.disks):
        return blocks(
            f"{name} has no local disk, so there is nothing to copy.",
            "Move it live or cold.",
        )
    mute = [
        basename(disk.source)
        for disk in pair.guest.local_disks
        if disk.format == "qcow2" and disk.unread
    ]
    if mute:
        return blocks(
            f"The backing files of {' and '.join(mute)} of {name} could not be read on"
            f" {move.source}, so not all of them would be copied.",
            f"Look there with qemu-img info -U at {pair.guest.folder}, then check"
            " again.",
        )
    if pair.target.shared is None:
        return blocks(
            f"Whether {move.source} and {move.target} share their storage could not be "
            "found out.",
            "Move it live or cold: Nova finds out by itself.",
        )
    return ok(f"The local disks of {name} are files in its folder.")


@rule("manual.bound", about=About.TARGET, procedures=_THIS)
def bound(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """Nothing ties the instance to this very host.

    Pinned processors, NUMA nodes, devices, their claims in Nova's database and secrets
    on the host would have to be planned again, which only Nova can. Firmware settings
    (UEFI) and virtual TPMs live outside of the instance's folder.
    """
    server = facts.server
    specs = server.flavor.extra_specs
    pair = facts.pair(move)
    guest = pair.guest if pair else None
    ties = {
        "processors or memory of its host": bool(devices.bound_to(server))
        or bool(guest and guest.pinned),
        "PCI devices": "pci_passthrough:alias" in specs,
        "a virtual GPU": passthrough.has_vgpu(server),
        "a virtual TPM": devices.has_vtpm(server) or bool(guest and guest.tpm),
        "encrypted memory": devices.has_sev(server),
        "persistent memory": "hw:pmem" in specs,
        "an accelerator": "accel:device_profile" in specs,
        "ports that pass hardware through": any(
            ports.passes_hardware(port.vnic_type) for port in facts.ports
        ),
        "UEFI settings": bool(guest and guest.nvram)
        or devices.wish(server, "firmware_type") == "uefi",
        "shares": bool(facts.shares),
    }
    found = [name for name, tied in ties.items() if tied]
    if not found and guest:
        found += guest.devices
    if facts.row:
        found += facts.row.bound
    if not found:
        return ok(f"Nothing ties {server.name} to {move.source}.")
    return blocks(
        f"{server.name} is tied to {move.source} by {', '.join(dict.fromkeys(found))}.",
        "Move it live or cold, if either can; else recreate it.",
    )


def _elsewhere(guest: Guest) -> list[Disk]:
    folder = f"{guest.folder}/"
    return [
        disk
        for disk in guest.disks
        if disk.source and not (guest.folder and disk.source.startswith(folder))
    ]
