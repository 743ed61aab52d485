"""The rule about disks whose headers may name what is not theirs."""

from __future__ import annotations

from migrations_app.integrations.interfaces import Move
from migrations_app.preflight.facts import Facts
from migrations_app.preflight.finding import Finding, blocks
from migrations_app.preflight.rule import About, rule


@rule("disk.header", about=About.INSTANCE)
def header(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """No disk names a file that is not Nova's, or can be taken for one that does.

    A guest writes the first bytes of a raw disk itself, and the maker of an image those
    of its base image. Where they are those of another format, a tool that finds out the
    format by itself opens what they name, as root (CVE-2024-32498). novaweb does not
    open such files; what Nova and libvirt of its release do with them in a move, nobody
    has looked at.
    """
    pair = facts.pair(move)
    disks = pair.guest.disks if pair and pair.guest else ()
    refused = [disk.refused for disk in disks if disk.refused]
    if not refused:
        return None
    return blocks(
        f"A file of {facts.server.name} on {move.source} is not one to be moved:"
        f" {'; '.join(refused)}.",
        "Look at how that file begins (head -c 512), without qemu-img, and ask the"
        " instance's owner; where the owner put an image straight onto a disk, it must"
        " be overwritten or moved behind a partition table.",
    )
