"""Paths of a manual move on its hosts.

On the target an instance's folder grows under another name and gets its own in one
rename, when it is whole; on the source it is set aside under that other name. So Nova
never sees half a folder, and what carries the move's token is ours.
"""

from __future__ import annotations

from migrations_app.integrations.host_commands.detached_job import ROOT
from migrations_app.integrations.interfaces import Move


def known(move: Move) -> bool:
    """Tell whether the plan knows where things are; else it must not run."""
    return "instances" in move.facts and "before" in move.facts


def instances(move: Move) -> str:
    """Return the path of Nova's instances_path, the same on both hosts."""
    return str(move.facts["instances"])


def folder(move: Move) -> str:
    """Return the path of the instance's folder, as Nova knows it."""
    return f"{instances(move)}/{move.server_id}"


def beside(move: Move) -> str:
    """Return its path while it grows on the target, and once it is set aside."""
    return f"{folder(move)}.novaweb-{move.token}"


def notes(move: Move) -> str:
    """Return the folder in which this move leaves word for itself, on each host."""
    return f"{ROOT}/{move.token}"


def bases(move: Move) -> list[str]:
    """Return the paths of the backing files of the instance's disks."""
    return list(move.facts["bases"])


def renamed(move: Move) -> dict[str, str]:
    """Return the disks whose backing file has another content on the target.

    By the disk's name, with the path of that file on the source.
    """
    return dict(move.facts.get("renamed", {}))


def base_there(move: Move, path: str) -> str:
    """Return the path that a backing file of the source has on the target.

    It is the same, but where the target has another one under it, which other guests
    may stand on. Nova's image cache takes names with a hyphen for nobody's, and leaves
    them alone (nova/virt/libvirt/imagecache.py, _scan_base_images; 26.2 and 34.0).
    """
    return f"{path}-{move.token}" if path in renamed(move).values() else path
