"""A rule about the look at the disks before a cold migration is confirmed."""

from __future__ import annotations

from migrations_app.integrations.interfaces import Disk, Move
from migrations_app.preflight.facts import Facts
from migrations_app.preflight.finding import Finding, ok, unknown, warns
from migrations_app.preflight.risk import Chance, attempt
from migrations_app.preflight.rule import COLDLY, About, rule
from migrations_app.preflight.rules.nova_options import value


@rule("disk.compared", about=About.TARGET, procedures=COLDLY)
def compared(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The disks can be compared before the confirmation deletes the source's.

    Where novaweb enters the hosts, it confirms a cold migration only after a look at
    the disks on both, which takes virsh and qemu-img there; where libvirt runs in a
    container they may be missing. Then the run is held, for a person to compare the
    disks. Where ``resize_confirm_window`` is set on the target, Nova confirms by itself
    after that time, what is held, too (nova/compute/manager.py,
    ``_poll_unconfirmed_resizes``).
    """
    pair = facts.pair(move)
    if pair is None:
        return None  # the plan says that nobody looks; hosts.read that one was silent
    without = [it.host for it in (pair.source, pair.target) if not it.libvirt]
    if without or (pair.guest and any(map(_mute, pair.guest.disks))):
        where = " and ".join(without or [pair.source.host])
        return warns(
            f"The disks of {facts.server.name} cannot be compared before the"
            f" confirmation: virsh or qemu-img does not answer on {where}. The run will"
            " be held there.",
            "Install both where novaweb's account finds them; or have somebody compare"
            " the disks and confirm.",
            hosts=without,
        )
    window = value(pair.target, "DEFAULT.resize_confirm_window", default="0")
    if window is None:
        return unknown(
            f"Whether Nova on {move.target} confirms by itself could not be read: then"
            " a rollback may be too late for disks that differ.",
            f"Look at [DEFAULT]resize_confirm_window in nova.conf of {move.target}.",
        ).risking(attempt(Chance.SELDOM))
    if window != "0":
        return warns(
            f"Nova on {move.target} confirms by itself (resize_confirm_window ="
            f" {window}): then a rollback is too late for disks that differ.",
            f"Set it to 0 on {move.target}, at least while instances are moved cold.",
        )
    return ok("The disks on both hosts are compared before the confirmation.")


def _mute(disk: Disk) -> bool:
    """Tell whether qemu-img said nothing of a disk in the instance's folder."""
    return disk.kind == "file" and disk.format == "qcow2" and not disk.virtual_size
