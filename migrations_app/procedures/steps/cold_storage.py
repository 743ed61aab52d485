"""Which disks a cold migration copies, as the plan says it: not all have any to copy.

Nova copies the local disks unless both hosts keep the instance's folder in one place
(nova/virt/libvirt/driver.py, migrate_disk_and_power_off); volumes, and disks in Ceph,
are connected on the target.
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
    """Return whether the hosts share storage; empty if they do not say so."""
    facts = live_storage.survey_facts(survey)
    return {name: facts[name] for name in ("shared",) if name in facts}


def sentence(move: Move) -> str:
    """Say whether disks are copied. A plan without facts says that they are."""
    source, target = move.source, move.target or "the target"
    way = f"from {source} to {target}"
    if "local" not in move.facts:
        return f"Its disks are copied {way}."
    disks, shared = live_storage.disks_text(move), move.facts.get("shared")
    if not disks:
        return "No disk is copied: it is booted from a volume and has no local disk."
    if shared:
        return f"No disk is copied: {source} and {target} share the storage of {disks}."
    if shared is False:
        return f"Meanwhile {disks} are copied {way}."
    return f"Meanwhile {disks} are copied {way}, unless the hosts share their storage."


def nothing_to_delete(move: Move) -> bool:
    """Tell whether it is known that the source keeps no disk of its own."""
    facts = move.facts
    return facts.get("local") is False or facts.get("shared") is True
