"""What the world shows once a step is done, for a person to compare with what is so.

A mapping from a thing to the readings that are in order; a thing that is not in it is
shown and not compared. It decides nothing: only ``check`` does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TypeAlias

from migrations_app.integrations.interfaces import Move

NONE = "none"


class Thing(StrEnum):
    """What can be looked at."""

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


Expected: TypeAlias = Mapping[Thing, tuple[str, ...]]

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


def at_rest(move: Move) -> Expected:
    """Return what is so before the first step: all of it on the source, and nothing
    under way."""
    volumes = move.facts.get("volumes")
    shown: dict[Thing, tuple[str, ...]] = {
        Thing.STATUS: _REST,
        Thing.TASK: (NONE,),
        Thing.HOST: (move.source,),
        Thing.MIGRATION: AT_REST,
        Thing.ALLOCATION: (move.source,),
        Thing.HELD: (NONE,),
        Thing.PORTS: (move.source, NONE),
        Thing.SOURCE_DOMAIN: _ALIVE,
        Thing.SOURCE_FOLDER: ("there",),
        Thing.TARGET_DOMAIN: (NONE,),
        Thing.DATABASE: (move.source,),
    }
    if isinstance(volumes, list):
        shown[Thing.VOLUMES] = (attached(len(volumes)),)
    return shown


def arrived(move: Move, before: Expected, record: str) -> Expected:
    """Return what is so when Nova has moved it and forgotten about the source.

    ``record`` is the status of Nova's migration record then. That the source has no
    folder any more is expected only where storage is known not to be shared.
    """
    target = target_of(move)
    kept = dict(before)
    kept.pop(Thing.SOURCE_FOLDER, None)
    if move.facts.get("shared") is False:
        kept[Thing.SOURCE_FOLDER] = (NONE,)
    return {
        **kept,
        Thing.STATUS: _REST,
        Thing.HOST: (target,),
        Thing.MIGRATION: (record,),
        Thing.ALLOCATION: (target,),
        Thing.HELD: (NONE,),
        Thing.PORTS: (target, NONE),
        Thing.SOURCE_DOMAIN: (NONE,),
        Thing.TARGET_DOMAIN: _ALIVE,
        Thing.TARGET_FOLDER: ("there",),
        Thing.DATABASE: (target,),
    }


def unconfirmed(move: Move, before: Expected) -> Expected:
    """Return what is so while a cold migration waits for its confirmation.

    The record of the migration holds the source's share meanwhile, and the source's
    folder has another name.
    """
    return {
        **arrived(move, before, "finished"),
        Thing.STATUS: ("VERIFY_RESIZE",),
        Thing.HELD: (move.source,),
    }


def target_of(move: Move) -> str:
    """Return where it is to go, in words when the scheduler has not said."""
    return move.target or f"another host than {move.source}"


def hosts(names: Iterable[str | None]) -> str:
    """Return the reading of some hosts: their names in order, or that there is none."""
    return ", ".join(sorted({name for name in names if name})) or NONE


def attached(count: int) -> str:
    """Return the reading of so many volumes beside the root disk."""
    return f"{count} attached" if count else NONE


def words(readings: tuple[str, ...]) -> str:
    """Return the readings that are in order, as a person says it."""
    if readings == AT_REST:
        return "nothing under way"
    # that there may be none of it at all goes without saying
    several = [each for each in readings if each != NONE] or list(readings)
    *first, last = several or [""]
    return f"{', '.join(first)} or {last}" if first else last
