"""Rules about disks: which of them must be copied, and what may get lost."""

from __future__ import annotations

from migrations_app.ports import Move, Server
from migrations_app.preflight.facts import Facts
from migrations_app.preflight.finding import Finding, ok, warns
from migrations_app.preflight.rule import LIVE, About, rule


@rule("disk.storage", about=About.INSTANCE)
def storage(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """Which disks the move has to copy is clear, and the procedure can do it.

    The three cases of a live migration: on shared storage, or booted from a volume
    without any local disk, only memory is copied; otherwise the disks are copied too
    (block migration). With ``block_migration`` "auto" the source host finds out which
    case it is; to say it by hand can only be wrong (nova/virt/libvirt/driver.py,
    ``check_can_live_migrate_source``). Swap, ephemeral disks and a config drive are
    local disks. A cold migration copies local disks by ssh from host to host, unless
    the instance folder is shared; swap is made anew, not copied.
    """
    server, block = facts.server, move.options.get("block_migration", "auto")
    local = _local_disks(server)
    if procedure != LIVE:
        if not local:
            return ok(f"{server.name} has no local disk: nothing is copied.")
        return ok(
            f"Copied while {server.name} is off, unless the hosts share their storage: "
            f"{local}."
        )
    if block is False and local:
        return warns(
            f"{server.name} has local disks ({local}), and this request forbids to "
            "copy them: that works only if both hosts share their storage.",
            'Ask with block migration "auto", and the source host finds out.',
        )
    if block is True:
        return warns(
            "This request demands a block migration: Nova refuses it if both hosts "
            "share their storage.",
            'Ask with block migration "auto", and the source host finds out.',
        )
    if not local:
        return ok(f"{server.name} has no local disk: only its memory is copied.")
    return ok(
        f"Copied with the memory of {server.name}, unless the source host finds that "
        f"they share their storage: {local}."
    )


@rule("disk.config_drive", about=About.INSTANCE, procedures=(LIVE,))
def config_drive(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """A config drive survives a block migration.

    "You can't live-migrate if you have a configdrive" was true of Icehouse (2014.1).
    The ban was lifted bit by bit: with shared storage in Juno, for the vfat format in
    Kilo and Liberty, for every format in Newton (14.0). Until 2024.2 (30.x) the target
    first copies ``disk.config`` from the source, which takes ssh and name resolution
    between the hosts. Since 2025.1 (31.0) that copy is gone, and after a block
    migration the read-only (iso9660) drive of the guest may be blank on the target.
    """
    server, release = facts.server, facts.release
    if not server.config_drive:
        return ok(f"{server.name} has no config drive.")
    ssh = "needs ssh between the hosts, by their names, to copy the drive"
    blank = "may leave the drive empty on the target if its format is iso9660"
    if release is None:
        risk = f"{ssh} before Nova 2025.1; since then it {blank}"
    else:
        risk = blank if release >= 31 else ssh
    return warns(
        f"{server.name} has a config drive. On shared storage that does not matter. "
        f"A block migration {risk}.",
        "Look at the drive after the move if the guest still reads it, or move the "
        "instance cold.",
    )


def _local_disks(server: Server) -> str:
    """Name the local disks for a person; empty when there is none."""
    flavor, names = server.flavor, []
    if server.image is not None:
        names.append(f"the root disk ({flavor.disk_gb} GiB)")
    if flavor.ephemeral_gb:
        names.append(f"the ephemeral disk ({flavor.ephemeral_gb} GiB)")
    if flavor.swap_mb:
        names.append(f"the swap disk ({flavor.swap_mb} MiB)")
    if server.config_drive:
        names.append("the config drive")
    return ", ".join(names)
