"""Rules about swap disks, which a cold migration does not take along."""

from __future__ import annotations

from posixpath import basename

from migrations_app.integrations.interfaces import Move
from migrations_app.preflight.facts import Facts
from migrations_app.preflight.finding import Finding, blocks, unknown, warns
from migrations_app.preflight.risk import Chance, outage
from migrations_app.preflight.rule import COLDLY, About, rule
from migrations_app.preflight.rules.data_loss import FLAT
from migrations_app.preflight.rules.disks import in_ceph, share
from migrations_app.preflight.rules.live_format import kept_as


@rule("disk.new_swap", about=About.INSTANCE, procedures=COLDLY)
def new_swap(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """What the guest keeps on its swap disk is not needed after a cold migration.

    Nova copies every disk but that one, on shared storage, too, and the target makes it
    again: with nothing on it, and with another UUID unless both hosts have the same
    file below it (nova/virt/libvirt/driver.py, ``migrate_disk_and_power_off`` and
    ``_create_image``; 26.2 to 34.0, seen with 34.0). Only in Ceph it is left as it is.
    """
    pair, server = facts.pair(move), facts.server
    if not server.flavor.swap_mb or (pair is not None and in_ceph(pair)):
        return None
    return warns(
        f"A cold migration does not copy the swap disk of {server.name}: Nova creates "
        "a new one, mostly with another UUID.",
        "If the guest finds its swap by UUID, keeps anything else on that disk, or "
        "hibernates to it, move it live or manually.",
    ).risking(outage(Chance.SELDOM))


@rule("disk.swap_format", about=About.TARGET, procedures=COLDLY)
def swap_format(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The target starts the swap disk that it makes as what it is.

    A cold migration brings ``disk.info``, which says of each disk in which format the
    source kept it, and no swap. A target with ``[libvirt]images_type`` raw (or flat)
    makes swap raw and starts it as what that file says: after qcow2 QEMU refuses, and
    the instance ends in ERROR, switched off (``Flat``, ``Backend`` and
    ``resolve_driver_format`` in nova/virt/libvirt/imagebackend.py; seen with 34.0).
    With qcow2 the target does not ask that file.
    """
    pair, name = facts.pair(move), facts.server.name
    if pair is None or pair.guest is None:
        return None
    disks = [it for it in pair.guest.disks if basename(it.source) == "disk.swap"]
    if not disks or disks[0].format != "qcow2":
        return None
    kind = kept_as(pair.target)
    if kind is None:
        return unknown(
            f"Whether {pair.target.host} starts the swap disk of {name} as what it is"
            " could not be read.",
            f"Look at [libvirt]images_type on {pair.target.host}, and [DEFAULT]"
            "use_cow_images: where it keeps disks raw do not move it cold.",
        ).risking(outage())
    if kind not in FLAT:
        return None
    return blocks(
        f"{pair.target.host} would create the swap disk of {name} raw, as it keeps"
        f" disks, and start it as qcow2, as {pair.source.host} does: the instance would"
        " end in ERROR, switched off.",
        "Move it manually; or choose a target that keeps disks as qcow2.",
    )


@rule("disk.swap", about=About.INSTANCE, procedures=COLDLY, until=33)
def swap(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """A swap disk on NFS is made again on the target.

    A cold migration takes no swap disk along: the target makes a new one, unless it
    finds one, and over NFS it may still find the one that was just moved away. Then
    there is none, and the guest does not start (bug 2152581, mended in 34.0;
    ``_create_image`` in nova/virt/libvirt/driver.py).
    """
    pair, server = facts.pair(move), facts.server
    if not server.flavor.swap_mb or facts.since(34) or share(facts, move) is False:
        return None
    kinds = [it.settings.get("libvirt.images_type") for it in (pair or ())[:2]]
    if "rbd" in kinds or "lvm" in kinds:
        return None
    kind = pair.target.filesystem if pair is not None else ""
    if kind and not kind.startswith("nfs"):
        return None
    where = "" if kind else "If its disks are on NFS: "
    return warns(
        f"{where}{'t' if where else 'T'}he swap disk of {server.name} may not be made "
        "again on the target, and then the guest does not start.",
        "Move it live; or first update Nova on the target to 2026.2.",
    )
