"""A rule about the file that the root disk stands on, where it is not its image's."""

from __future__ import annotations

import hashlib
import re
from posixpath import basename

from migrations_app.integrations.interfaces import Disk, Guest, Move
from migrations_app.preflight.facts import Facts
from migrations_app.preflight.finding import Finding, blocks, ok
from migrations_app.preflight.rule import BY_NOVA, LIVE, About, rule
from migrations_app.preflight.rules.disks import share


@rule("disk.backing", about=About.TARGET, procedures=BY_NOVA)
def backing(facts: Facts, move: Move, procedure: str) -> Finding | None:
    """The root disk stands on the file of its image, or the target has what it is on.

    Nova names that file by the SHA-1 of the image's id (``get_cache_fname`` in
    nova/virt/libvirt/imagecache.py). An instance that was unshelved by a Nova before
    22.0 stands on another one, that of a snapshot, while Nova says the first image (bug
    1732428). A live migration to a host that does not have that file fetches the image
    under its name: the disk then has another content, for Nova a success
    (nova/virt/libvirt/driver.py, ``_create_images_and_backing``; 26.2 and 34.0; by its
    code, not staged). A cold one fetches the image under the image's own name: the disk
    then stands on a file that is not there, and the instance ends in ERROR. Where
    Glance no longer has the image, a live migration copies the right file from the
    source.
    """
    image, pair = facts.server.image, facts.pair(move)
    if image is None or pair is None or pair.guest is None or share(facts, move):
        return None
    disk = _root(pair.guest)
    if disk is None or not disk.chain:
        return None
    path = disk.chain[0]
    if _is_of(path, image):
        return ok(f"The root disk of {facts.server.name} stands on its image's file.")
    here, there = pair.source.bases.get(path), pair.target.bases.get(path)
    named = f"The root disk of {facts.server.name} stands on {path}"
    if there is not None and there == here:
        return ok(f"{named}, which {move.target} has.")
    if there is None and procedure == LIVE and facts.image_there is False:
        return ok(f"{named}, which Nova copies from {move.source}.")
    if there is not None:
        end = f"{move.target} has another file of that name."
    elif procedure == LIVE:
        end = (
            f"{move.target} does not have that file. It is not that of the image: Nova"
            " would fetch the image under its name, and the disk would have another"
            " content."
        )
    else:
        end = (
            f"{move.target} does not have that file. It is not that of the image, and"
            " Nova would not bring it: the instance would end in ERROR."
        )
    other = "Choose another target"
    if there is None:
        other = f"First copy it to {move.target}, under its name (rsync -S)"
    return blocks(
        f"{named}, and {end}",
        f"{other}; or use a manual move, which carries it along.",
        file=path,
    )


def _root(guest: Guest) -> Disk | None:
    """Return the root disk, if it is a file of its own above another one."""
    for disk in guest.disks:
        place = (disk.kind, disk.format, disk.source)
        if place == ("file", "qcow2", f"{guest.folder}/disk"):
            return disk
    return None


def _is_of(path: str, image: str) -> bool:
    """Tell whether Nova makes a file of that name for the image.

    Before 2012.2 it put a size in GiB behind the name, and still makes such a file
    where a disk stands on one (``Qcow2.create_image`` in imagebackend.py).
    """
    name = hashlib.sha1(image.encode(), usedforsecurity=False).hexdigest()
    return re.fullmatch(rf"{name}(_\d+)?", basename(path)) is not None
