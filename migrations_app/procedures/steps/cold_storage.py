"""Which disks a cold migration copies, as the plan says it: not all have any to copy.

Nova gives the instance's folder another name and copies the local disks from there,
within the storage where both hosts share it; the confirmation deletes the folder of the
other name (nova/virt/libvirt/driver.py, migrate_disk_and_power_off and _cleanup_resize,
26.2 to 34.0). Volumes, and disks in Ceph, are connected on the target.
"""

from __future__ import annotations

from typing import Any

from migrations_app.integrations.interfaces import Move, Server, Survey
from migrations_app.procedures.steps import live_storage

_SERVER = ("disk", "local", "config_drive")


def server_facts(server: Server) -> dict[str, Any]:
    """Return what the plan needs to know of the instance, for ``Move.facts``."""
    facts = live_storage.server_facts(server)
    return {name: facts[name] for name in _SERVER}


def survey_facts(survey: Survey) -> dict[str, Any]:
    """Return whether the hosts share storage, and if that is Ceph's.

    Empty if they do not say so.
    """
    facts = live_storage.survey_facts(survey)
    found = {name: facts[name] for name in ("shared",) if name in facts}
    return {**found, "ceph": True} if live_storage.in_ceph(survey) else found


def sentence(move: Move) -> str:
    """Say whether disks are copied. A plan without facts says that they are."""
    source, target = move.source, move.target or "the target"
    way = f"from {source} to {target}"
    if "local" not in move.facts:
        return f"Its disks are copied {way}."
    disks, shared = live_storage.disks_text(move), move.facts.get("shared")
    if not disks:
        return "No disk is copied: it is booted from a volume and has no local disk."
    if shared and move.facts.get("ceph"):
        return f"No disk is copied: {source} and {target} share Ceph, with {disks}."
    if shared:
        within = f"within the storage that {source} and {target} share"
        return f"Meanwhile {disks} are copied {within}."
    if shared is False:
        return f"Meanwhile {disks} are copied {way}."
    return f"Meanwhile {disks} are copied {way}, unless they are in Ceph."


def nothing_to_delete(move: Move) -> bool:
    """Tell whether it is known that the confirmation deletes no disk."""
    return move.facts.get("local") is False or move.facts.get("ceph") is True
