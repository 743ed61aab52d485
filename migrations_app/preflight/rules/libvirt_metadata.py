"""A rule about what libvirt itself keeps of a guest, beside its disks."""

from __future__ import annotations

from migrations_app.integrations.interfaces import Move
from migrations_app.preflight.facts import Facts
from migrations_app.preflight.finding import Finding, blocks, ok, unknown, warns
from migrations_app.preflight.rule import COLDLY, LIVE, MANUAL, About, rule

# What libvirt 9.0 said when it was tried; Nova 34.0 undefines with no other flags than
# for saved memory and firmware (nova/virt/libvirt/guest.py, delete_configuration).
_NOT_LIVE = "libvirt does not migrate a guest that has snapshots."
_NOT_COLD = (
    "libvirt refuses to undefine such a guest, so that the confirmation ends in ERROR,"
    " after the disks on the source were deleted."
)


@rule("source.kept", about=About.TARGET)
def kept(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """libvirt on the source keeps no snapshot, checkpoint or saved memory of the guest.

    They are made by backup tools and by hand, never by Nova, and only the libvirt of
    the source knows them. It migrates no guest live that has snapshots, and undefines
    none that has snapshots or checkpoints unless it is told to forget them, which Nova
    does not: the confirmation of a cold migration then fails. A manual move has libvirt
    forget them, and sets their XML aside; but a snapshot may stand on files of its own.
    Checkpoints are for incremental backups: without them the next one must be a full
    one. A saved memory (managed save, as libvirt-guests makes it when a host is shut
    down) is lost in each move, and at the next start by Nova.
    """
    pair = facts.pair(move)
    if pair is None or pair.guest is None:
        return None
    name, domain, found = facts.server.name, pair.guest.domain, pair.guest.kept
    on = f"libvirt on {move.source}"
    if found is None:
        return unknown(
            f"Whether {on} keeps snapshots or a saved memory of {name} could not be"
            " found out.",
            f"Look there with “virsh snapshot-list {domain}” and “virsh list --all"
            " --with-managed-save”.",
        )
    if "snapshot" in found:
        why = {LIVE: _NOT_LIVE, MANUAL: "A manual move would lose them."}
        return blocks(
            f"{on} has snapshots of {name}. {why.get(procedure, _NOT_COLD)}",
            f"Delete them first: “virsh snapshot-list {domain}”, then “virsh"
            " snapshot-delete”.",
        )
    if "checkpoint" in found and procedure in COLDLY:
        return blocks(
            f"{on} has checkpoints of {name}, for incremental backups. {_NOT_COLD}",
            f"Delete them first: “virsh checkpoint-list {domain}”, then “virsh"
            " checkpoint-delete”; the next backup must be a full one. Or move it live.",
        )
    if "managed-save" in found:
        lost = f"{on} has saved the memory of {name} (managed save), which is lost."
        resume = f"Resume it there with “virsh start {domain}”"
        if procedure == MANUAL:
            return blocks(
                lost,
                f"{resume}, or discard it as Nova does at the next start: “virsh"
                f" managedsave-remove {domain}”.",
            )
        return warns(lost, f"{resume} if it is needed: Nova's start discards it, too.")
    if "checkpoint" in found:
        return warns(
            f"{on} has checkpoints of {name}, for incremental backups, which are lost.",
            "Have its next backup be a full one.",
        )
    return ok(f"{on} keeps no snapshots of {name}.")
