"""The rule about the format in which the target of a live migration makes disks."""

from __future__ import annotations

from posixpath import basename

from migrations_app.integrations.interfaces import HostFacts, Move
from migrations_app.preflight.facts import Facts
from migrations_app.preflight.finding import Finding, blocks, unknown
from migrations_app.preflight.rule import LIVE, About, rule
from migrations_app.preflight.rules.data_loss import FLAT
from migrations_app.preflight.rules.disks import share
from migrations_app.preflight.rules.nova_options import switch, value


@rule("disk.live_format", about=About.TARGET, procedures=(LIVE,))
def live_format(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The target makes the disks of a block migration in the format they have.

    A disk that stands on a base image is made there as that host keeps disks, and the
    domain comes with the source's word for it. With ``[libvirt]images_type`` raw (or
    flat) the file is raw and the word qcow2: QEMU refuses to open it, the migration
    fails, and the instance is left in ERROR, though its guest runs on where it was
    (nova/virt/libvirt/driver.py, ``_create_images_and_backing``; seen with 34.0). A
    disk that stands on nothing is made in its own format.
    """
    pair, name = facts.pair(move), facts.server.name
    if share(facts, move) or pair is None or pair.guest is None:
        return None
    files = [it for it in pair.guest.disks if it.kind == "file" and it.chain]
    disks = [basename(it.source) for it in files if it.format == "qcow2"]
    if not disks:
        return None
    kind = kept_as(pair.target)
    if kind is None:
        return unknown(
            f"Whether {pair.target.host} would create the disks of {name} as qcow2, as"
            f" {pair.source.host} has them, could not be read.",
            f"Look at [libvirt]images_type on {pair.target.host}, and [DEFAULT]"
            "use_cow_images: where it keeps disks raw, the migration fails.",
        )
    if kind not in FLAT:
        return None
    return blocks(
        f"{pair.target.host} would create {', '.join(disks)} of {name} raw, as it keeps"
        f" disks, and QEMU would open them as qcow2, as on {pair.source.host}: the"
        " migration would fail, and the instance be left in ERROR.",
        "Move it manually; or choose a target that keeps disks as qcow2.",
    )


def kept_as(target: HostFacts) -> str | None:
    """Return how a host keeps disks; "default" asks ``use_cow_images``."""
    kind = value(target, "libvirt.images_type", default="default")
    if kind is None or kind.lower() != "default":
        return kind and kind.lower()
    cow = switch(target, "DEFAULT.use_cow_images", default=True)
    return None if cow is None else "qcow2" if cow else "raw"
