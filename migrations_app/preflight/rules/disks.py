"""Rules about disks: which of them must be copied, and what may get lost."""

from __future__ import annotations

from migrations_app.integrations.host_commands import host_ways
from migrations_app.integrations.interfaces import Move, Server
from migrations_app.preflight.facts import Facts, Pair
from migrations_app.preflight.finding import Finding, blocks, ok, unknown, warns
from migrations_app.preflight.risk import loss
from migrations_app.preflight.rule import BY_NOVA, COLDLY, LIVE, MANUAL, About, rule
from migrations_app.preflight.rules.connectivity import because
from migrations_app.preflight.rules.nova_options import value


@rule("disk.storage", about=About.INSTANCE)
def storage(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """Which disks the move has to copy is clear, and the procedure can do it.

    The three cases of a live migration: on shared storage, or booted from a volume
    without any local disk, only memory is copied; otherwise the disks are copied too
    (block migration). With ``block_migration`` "auto" the source host finds out which
    case it is; a manual choice can only be wrong (nova/virt/libvirt/driver.py,
    ``check_can_live_migrate_source``). Swap, ephemeral disks and a config drive are
    local disks. A cold migration copies local disks by ssh from host to host, or, where
    both share the instance's folder, within it (``migrate_disk_and_power_off``, 26.2 to
    34.0), but none that are in Ceph; swap is created again, not copied. Where novaweb
    may enter the hosts it sees whether they share their storage.
    """
    server, block = facts.server, move.options.get("block_migration", "auto")
    local = local_disks(server, swap=procedure not in COLDLY)
    shared = share(facts, move)
    if procedure == MANUAL:
        return ok(f"Copied over SSH: {local or 'nothing'}.")
    if procedure != LIVE:
        if not local:
            but = " but swap" if server.flavor.swap_mb else ""
            return ok(f"{server.name} has no local disk{but}: nothing is copied.")
        copied = copies(facts, move, procedure)
        if copied is False:
            return ok(f"{move.source} and {move.target} share Ceph: nothing is copied.")
        where = f"Copied while {server.name} is off"
        if shared:
            where += f", within the storage that {move.source} and {move.target} share"
        elif copied is None:
            where += ", unless they are in Ceph"
        return ok(f"{where}: {local}.")
    if shared and block is not True:
        return ok(
            f"{move.source} and {move.target} share their storage: only its memory is "
            "copied."
        )
    if block is False and local and shared is False:
        return blocks(
            f"{server.name} has local disks ({local}), which this request forbids to "
            f"copy, and {move.source} and {move.target} do not share their storage.",
            'Ask with block migration "auto".',
        )
    if block is True and shared:
        return blocks(
            "This request demands a block migration, which Nova refuses: "
            f"{move.source} and {move.target} share their storage.",
            'Ask with block migration "auto".',
        )
    if block is False and local:
        return warns(
            f"{server.name} has local disks ({local}), and this request forbids to "
            "copy them: that works only if both hosts share their storage.",
            'Ask with block migration "auto", and the source host finds out.',
        )
    if block is True and shared is None:
        return warns(
            "This request demands a block migration: Nova refuses it if both hosts "
            "share their storage.",
            'Ask with block migration "auto", and the source host finds out.',
        )
    if not local:
        return ok(f"{server.name} has no local disk: only its memory is copied.")
    if shared is False:
        return ok(f"Copied with the memory of {server.name}: {local}.")
    return ok(
        f"Copied with the memory of {server.name}, unless the source host finds that "
        f"they share their storage: {local}."
    )


@rule("disk.config_drive", about=About.INSTANCE, procedures=(LIVE,))
def config_drive(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """A config drive survives the move.

    "You can't live-migrate if you have a configdrive" was true of Icehouse (2014.1).
    The ban was lifted bit by bit: with shared storage in Juno, for the vfat format in
    Kilo and Liberty, for every format in Newton (14.0). Until 30.0 (2024.2) the target
    first brings ``disk.config`` from the source, for which its nova-compute needs ssh
    to the source by its name; but only if its own ``config_drive_format`` is iso9660,
    whatever the drive is (``pre_live_migration`` in nova/virt/libvirt/driver.py, 22.0
    to 30.0.0). Since 30.1.0 that is gone: Nova makes an empty file
    of the same size, libvirt does not copy what is read-only, and after a block
    migration the drive (iso9660) holds nothing but noughts, for good (seen with 34.0).
    A drive with FAT is a disk that libvirt copies like any other (seen with 34.0).
    A cold migration copies it always, so the adviser prefers that.
    """
    server = facts.server
    if not server.config_drive:
        return ok(f"{server.name} has no config drive.")
    pair, shared = facts.pair(move), share(facts, move)
    if shared:
        return ok(f"The config drive of {server.name} is on shared storage.")
    disks = pair.guest.disks if pair and pair.guest else ()
    drives = [disk for disk in disks if disk.source.endswith("disk.config")]
    brings = _brings_drive(facts, pair)
    if drives and drives[0].device != "cdrom" and not brings:
        return ok(f"The config drive of {server.name} is copied like any disk.")
    if pair and brings and pair.target.nova_returns is False and shared is False:
        return blocks(
            f"{server.name} has a config drive, which Nova on {move.target} brings by"
            f" ssh, and it cannot open SSH to {move.source}{because(pair, 'back')}.",
            "Give nova-compute's user there a key that the source accepts.",
        )
    remedy = (
        "Move it cold, which copies the drive; or make sure that the guest does not "
        "read it any more."
    )
    if brings is False and drives and shared is False:
        return warns(
            f"A live migration empties the config drive of {server.name}: its content"
            " is lost.",
            remedy,
            loses="config drive",
        )
    ssh = "needs ssh between the hosts, by their names, to copy the drive"
    blank = "leaves the drive empty on the target unless its format is vfat"
    risk = f"{ssh} until Nova 30.0; since 30.1 it {blank}"
    if brings is False:
        risk = blank
    elif brings:
        risk = ssh
    where = "" if shared is False else "On shared storage that does not matter. "
    found = warns(
        f"{server.name} has a config drive. {where}A block migration {risk}.",
        remedy,
        loses=None if brings else "config drive",
    )
    # whether the drive is one of these, and the storage shared, was not seen
    return found if brings else found.risking(loss("config drive"))


def _brings_drive(facts: Facts, pair: Pair | None) -> bool | None:
    """Tell whether the target brings the drive itself; None if that is not known."""
    known = host_ways.brings_config_drive(pair.target.nova) if pair else None
    if known is None:
        known = True if facts.before(30) else False if facts.since(31) else None
    if not known or pair is None:
        return known
    form = value(pair.target, "DEFAULT.config_drive_format", default="iso9660")
    return None if form is None else form == "iso9660"


@rule("disk.backend", about=About.TARGET, procedures=BY_NOVA)
def backend(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """Both hosts keep local disks in the same way.

    With ``images_type`` rbd on one host only, disks are not where the other looks for
    them. Disks in LVM cannot be migrated cold (nova/virt/libvirt/driver.py,
    ``migrate_disk_and_power_off``). Where the root disk is a volume Nova does not ask:
    it fails over an ephemeral disk that is in LVM, and to a host that keeps disks in
    LVM it creates it again there, empty (``_create_image``; by its code, not staged).
    """
    pair = facts.pair(move)
    if pair is None:
        return None
    option = "libvirt.images_type"
    both = (pair.source, pair.target)
    kinds = [value(it, option, default="default") for it in both]
    server = facts.server
    local = server.image is not None or server.flavor.ephemeral_gb
    if "lvm" in kinds and procedure in COLDLY and local:
        return blocks(
            f"The disks of {server.name} are in LVM, or would be, and Nova does not "
            "migrate such disks cold.",
            "Move it live.",
        )
    if None in kinds:
        unread = [it.host for it in both if value(it, option, default="") is None]
        return unknown(
            f"How {' and '.join(unread)} keeps local disks could not be read.",
            "Look at [libvirt]images_type in nova.conf of both: where it differs, disks"
            " are not where the other host looks for them.",
        )
    if kinds[0] == kinds[1]:
        return None
    say = blocks if "rbd" in kinds else warns
    return say(
        f"{move.source} keeps disks as {kinds[0]}, {move.target} as {kinds[1]} "
        "(images_type).",
        "Choose a target that keeps them in the same way.",
    )


@rule("disk.image", about=About.TARGET, procedures=BY_NOVA)
def image(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The backing file of the root disk can be had on the target.

    The target takes it from Glance. When the image has been deleted there, and the file
    is not on the target already, Nova copies it from the source by ssh (since 20.0, bug
    1829000).
    """
    if facts.server.image is None or facts.server.host == move.target:
        return None
    if (why := facts.missing("image")) is not None:
        return unknown(
            f"Whether Glance still has the image of {facts.server.name} could not be "
            "found out.",
            "Look again, or let our account read the images of all projects.",
            why=why,
        )
    if facts.image_there is not False or share(facts, move):
        return None
    pair = facts.pair(move)
    if pair is not None and pair.guest is not None:
        needed = {path for disk in pair.guest.local_disks for path in disk.chain}
        if needed <= pair.target.bases.keys():
            return ok(f"{move.target} has the backing files of {facts.server.name}.")
    return warns(
        f"The image of {facts.server.name} is no longer in Glance: {move.target} must "
        "get the backing file from the source by ssh.",
        f"Make sure that Nova on {move.target} opens SSH to {move.source}, or that the"
        " file is there.",
    )


def share(facts: Facts, move: Move) -> bool | None:
    """Tell whether both hosts see the instance's disks; None: not known."""
    pair = facts.pair(move)
    if pair is None:
        return None
    return True if in_ceph(pair) else pair.target.shared


def copies(facts: Facts, move: Move, procedure: str) -> bool | None:
    """Tell whether the move copies the local disks; None: not known.

    A cold migration does, too, where both hosts share the instance's folder.
    """
    pair, shared = facts.pair(move), share(facts, move)
    if shared and procedure in COLDLY:
        return pair is not None and not in_ceph(pair)
    return None if shared is None else not shared


def in_ceph(pair: Pair) -> bool:
    """Tell whether both hosts keep local disks in Ceph."""
    both = [it.settings.get("libvirt.images_type") for it in (pair.source, pair.target)]
    return both == ["rbd", "rbd"]


def local_disks(server: Server, *, swap: bool = True) -> str:
    """Name the local disks for a person, swap if wanted; empty when there is none."""
    flavor, names = server.flavor, []
    if server.image is not None:
        names.append(f"the root disk ({flavor.disk_gb} GiB)")
    if flavor.ephemeral_gb:
        names.append(f"the ephemeral disk ({flavor.ephemeral_gb} GiB)")
    if flavor.swap_mb and swap:
        names.append(f"the swap disk ({flavor.swap_mb} MiB)")
    if server.config_drive:
        names.append("the config drive")
    return ", ".join(names)
