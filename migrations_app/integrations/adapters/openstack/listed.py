"""Items of long lists: one odd answer must not hide all the others.

Who asks for one of them alone gets the error (parsing.py).
"""

from __future__ import annotations

from typing import Any

from migrations_app.integrations.adapters.openstack import parsing
from migrations_app.integrations.interfaces import Flavor, Hypervisor, Server, names


def server(it: Any) -> Server:
    """Return a server of a list; one that cannot be made out is ``unread``.

    Then its id is known, and its host if it was told.
    """
    try:
        return parsing.server(it)
    except Exception as error:  # noqa: BLE001 - it is said with the server
        known = it if isinstance(it, dict) else {}
        return Server(
            id=names.known_name(known.get("id")) or "",
            name=str(known.get("name") or ""),
            project_id="",
            status="UNKNOWN",
            vm_state="unknown",
            task_state=None,
            power_state=0,
            host=names.known_name(known.get("OS-EXT-SRV-ATTR:host")),
            node=None,
            zone=None,
            pinned_zone=None,
            flavor=Flavor("", vcpus=0, ram_mb=0, disk_gb=0),
            image=None,
            unread=_odd(error),
        )


def _odd(error: Exception) -> str:
    return (
        f"What Nova lists of it has a form that novaweb does not understand"
        f" ({type(error).__name__}): what was known before stays."
    )


def hypervisor(it: dict[str, Any], **around: Any) -> Hypervisor:
    """Return a host of the list; one that cannot be made out is ``unread``."""
    try:
        return parsing.hypervisor(it, **around)
    except Exception as error:  # noqa: BLE001 - it is said with the host
        return Hypervisor(
            id=str(it["id"]),
            host=it["service"]["host"],
            node="",
            type="",
            version=0,
            zone="",
            aggregates=(),
            enabled=False,
            up=False,
            disabled_reason=None,
            stock={},
            unread=_odd(error),
        )
