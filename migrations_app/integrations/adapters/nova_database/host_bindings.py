"""What ties an instance to its host in Nova's database, in words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

# What Nova itself counts as over: nova/db/main/api.py,
# migration_get_in_progress_by_host_and_node. "finished" waits for a confirmation.
OVER = frozenset(
    {
        "cancelled",
        "completed",
        "confirmed",
        "done",
        "error",
        "failed",
        "reverted",
    }
)
COLUMNS = ("numa_topology", "pci_requests", "migration_context")  # in every release
SMALL_PAGE = 4  # KiB: the ordinary page of x86


def words(
    task_state: str | None,
    extra: Mapping[str, str | None],
    *,
    devices: int,
    migrations: list[str | None],
) -> tuple[str, ...]:
    """Return what forbids a manual move; empty if nothing prevents it.

    ``extra`` is the row of instance_extra, ``devices`` counts its rows in pci_devices,
    ``migrations`` has the status of each of its rows in migrations.
    """
    return tuple(_words(task_state, extra, devices, migrations))


def _words(
    task_state: str | None,
    extra: Mapping[str, str | None],
    devices: int,
    migrations: list[str | None],
) -> Iterator[str]:
    if task_state is not None:
        yield f"a running task ({task_state})"
    for status in sorted({status or "no status" for status in migrations} - OVER):
        yield f"an unfinished migration ({status})"
    if extra.get("migration_context"):
        yield "the claim of an unfinished migration"
    if extra.get("numa_topology"):
        yield from _topology(str(extra["numa_topology"]))
    if devices or _holds(extra.get("pci_requests")):
        yield "PCI devices"
    if _holds(extra.get("resources")) or _holds(extra.get("vpmems")):
        yield "resources of its host (persistent memory, TPM)"


def _topology(text: str) -> Iterator[str]:
    """Name what nova/objects/instance_numa.py wrote: which CPUs and pages it has."""
    cells = _cells(text)
    if any(c.get("cpu_pinning_raw") or c.get("pcpuset") for c in cells):
        yield "pinned CPUs"
    if any((c.get("pagesize") or 0) > SMALL_PAGE for c in cells):
        yield "huge pages"
    yield "a NUMA topology"


def _cells(text: str) -> list[dict[str, Any]]:
    """Return the cells' fields; none when the text is of another shape."""
    try:
        cells = json.loads(text)["nova_object.data"]["cells"]
        return [dict(cell["nova_object.data"]) for cell in cells]
    except (KeyError, TypeError, ValueError):
        return []


def _holds(text: str | None) -> bool:
    """Say whether a column of JSON holds anything: not NULL, [], {} or null."""
    if not text:
        return False
    try:
        found = json.loads(text)
    except ValueError:
        return True
    if isinstance(found, dict) and "nova_object.data" in found:
        return any(found["nova_object.data"].values())
    return bool(found)
