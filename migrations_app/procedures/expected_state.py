"""The expected state of an instance after a step, for comparison with the actual one.

A mapping from an aspect of the instance to the values that are in order; an aspect that
is not in it is shown and not compared. It decides nothing: only ``check`` does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TypeAlias

from migrations_app.integrations.interfaces import Move

NONE = "none"


class Aspect(StrEnum):
    """What of an instance can be read and compared; the values are part of the API."""

    STATUS = "status"
    TASK = "task"
    POWER = "power"
    HOST = "host"
    MIGRATION = "migration"
    ALLOCATION = "allocation"
    HELD = "held"  # what Nova's migration record holds in placement
    PORTS = "ports"
    VOLUMES = "volumes"
    SOURCE_DOMAIN = "source_domain"
    SOURCE_FOLDER = "source_folder"
    TARGET_DOMAIN = "target_domain"
    TARGET_FOLDER = "target_folder"
    DATABASE = "database"


Expected: TypeAlias = Mapping[Aspect, tuple[str, ...]]

_REST = ("ACTIVE", "SHUTOFF", "PAUSED")
_ALIVE = ("running", "shut off", "paused")
# Statuses of migration records about which Nova does nothing more.
AT_REST = (
    NONE,
    "completed",
    "confirmed",
    "reverted",
    "failed",
    "error",
    "cancelled",
    "done",
)


def before_move(move: Move) -> Expected:
    """Return the state before the first step: all on the source, nothing under way."""
    volumes = move.facts.get("volumes")
    expected: dict[Aspect, tuple[str, ...]] = {
        Aspect.STATUS: _REST,
        Aspect.TASK: (NONE,),
        Aspect.HOST: (move.source,),
        Aspect.MIGRATION: AT_REST,
        Aspect.ALLOCATION: (move.source,),
        Aspect.HELD: (NONE,),
        Aspect.PORTS: (move.source, NONE),
        Aspect.SOURCE_DOMAIN: _ALIVE,
        Aspect.SOURCE_FOLDER: ("there",),
        Aspect.TARGET_DOMAIN: (NONE,),
        Aspect.DATABASE: (move.source,),
    }
    if isinstance(volumes, list):
        expected[Aspect.VOLUMES] = (volumes_text(len(volumes)),)
    return expected


def after_move(move: Move, before: Expected, record: str) -> Expected:
    """Return the state when Nova has moved it and removed it from the source.

    ``record`` is the status of Nova's migration record then. That the source has no
    folder any more is expected only where storage is known not to be shared.
    """
    target = target_text(move)
    kept = dict(before)
    kept.pop(Aspect.SOURCE_FOLDER, None)
    if move.facts.get("shared") is False:
        kept[Aspect.SOURCE_FOLDER] = (NONE,)
    return {
        **kept,
        Aspect.STATUS: _REST,
        Aspect.HOST: (target,),
        Aspect.MIGRATION: (record,),
        Aspect.ALLOCATION: (target,),
        Aspect.HELD: (NONE,),
        Aspect.PORTS: (target, NONE),
        Aspect.SOURCE_DOMAIN: (NONE,),
        Aspect.TARGET_DOMAIN: _ALIVE,
        Aspect.TARGET_FOLDER: ("there",),
        Aspect.DATABASE: (target,),
    }


def awaiting_confirmation(move: Move, before: Expected) -> Expected:
    """Return the state while a cold migration waits for its confirmation.

    The record of the migration holds the source's share meanwhile, the source's folder
    has another name, and its domain is still defined (nova/virt/libvirt/driver.py,
    _cleanup_resize).
    """
    return {
        **after_move(move, before, "finished"),
        Aspect.STATUS: ("VERIFY_RESIZE",),
        Aspect.HELD: (move.source,),
        Aspect.SOURCE_DOMAIN: ("shut off",),
    }


def target_text(move: Move) -> str:
    """Return the target host, or words for it while the scheduler has not chosen."""
    return move.target or f"another host than {move.source}"


def hosts_text(names: Iterable[str | None]) -> str:
    """Return the value for some hosts: their names in order, or “none”."""
    return ", ".join(sorted({name for name in names if name})) or NONE


def volumes_text(count: int) -> str:
    """Return the value for a number of volumes beside the root disk."""
    return f"{count} attached" if count else NONE


def expected_text(values: tuple[str, ...]) -> str:
    """Return the expected values as text for a person."""
    if values == AT_REST:
        return "no task"
    # that there may be none of it at all goes without saying
    several = [each for each in values if each != NONE] or list(values)
    *first, last = several or [""]
    return f"{', '.join(first)} or {last}" if first else last
