"""What was read of the world, in the words in which steps say what they expect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from migrations_app.integrations.host_commands.instance_files import Census
from migrations_app.integrations.interfaces import Attachment, Migration, Move
from migrations_app.procedures.expected_state import (
    NONE,
    Expected,
    Thing,
    attached,
    hosts,
    words,
)

_POWER = {0: "not known", 1: "running", 3: "paused", 4: "shut down", 7: "suspended"}


@dataclass(frozen=True, slots=True)
class Reading:
    """One thing: what was expected of it, what is so, and whether they agree.

    ``agrees`` is None where nothing was expected, or nothing could be read; then
    ``trouble`` says why not.
    """

    thing: Thing
    title: str
    expected: tuple[str, ...]
    now: str = ""
    detail: str = ""
    trouble: str = ""

    @property
    def wanted(self) -> str:
        """What was expected, in words; empty: anything."""
        return words(self.expected)

    @property
    def agrees(self) -> bool | None:
        """Whether it is as the step wants it."""
        if self.trouble or not self.expected:
            return None
        return self.now in self.expected


def readings(
    move: Move,
    expected: Expected,
    came: Mapping[str, Any],
    trouble: Mapping[str, str],
) -> list[Reading]:
    """Return a reading for each thing that somebody was asked about.

    ``came`` holds the answers by question, ``trouble`` why there is none.
    """
    target = move.target or "the target"
    missing = trouble.get("world", "")
    made = []

    def row(thing: Thing, title: str, of: str, read: Callable[[Any], Any]) -> None:
        wanted = expected.get(thing, ())
        if of not in came:
            why = trouble.get(of) or missing
            if why:
                made.append(Reading(thing, title, wanted, trouble=why))
            return
        now, detail = read(came[of])
        made.append(Reading(thing, title, wanted, str(now), detail))

    row(Thing.STATUS, "Status", "server", lambda s: (s.status, s.fault or ""))
    row(Thing.TASK, "Task under way", "server", lambda s: (s.task_state or NONE, ""))
    row(
        Thing.POWER,
        "Power",
        "server",
        lambda s: (_POWER.get(s.power_state, s.power_state), ""),
    )
    row(Thing.HOST, "Host, says Nova", "server", lambda s: (hosts([s.host]), ""))
    row(
        Thing.DATABASE,
        "Host, says Nova’s database",
        "database",
        lambda r: (r.place.host, f"node {r.place.node}"),
    )
    row(Thing.MIGRATION, "Nova’s last migration", "records", _record)
    row(
        Thing.ALLOCATION,
        "Placement charges, for it",
        "allocations",
        lambda held: (hosts(held), ""),
    )
    row(
        Thing.HELD,
        "Placement charges, for the move",
        "records",
        lambda r: (hosts(r[1]) if r else NONE, ""),
    )
    row(
        Thing.PORTS,
        "Ports are bound to",
        "ports",
        lambda ports: (hosts(p.host for p in ports), ", ".join(p.id for p in ports)),
    )
    row(Thing.VOLUMES, "Volumes beside the root", "volumes", _volumes)
    row(Thing.SOURCE_DOMAIN, f"Domain on {move.source}", "here", _domain)
    row(Thing.TARGET_DOMAIN, f"Domain on {target}", "there", _domain)
    row(Thing.SOURCE_FOLDER, f"Folder on {move.source}", "here", _folder)
    row(Thing.TARGET_FOLDER, f"Folder on {target}", "there", _folder)
    return made


def _record(found: tuple[Migration, Any] | None) -> tuple[str, str]:
    if found is None:
        return NONE, ""
    record = found[0]
    way = f"{record.source or '?'} to {record.target or '?'}"
    return record.status, f"{record.type} {record.id}, {way}"


def _volumes(volumes: list[Attachment]) -> tuple[str, str]:
    beside = [each for each in volumes if not each.root]
    named = ", ".join(f"{each.device} {each.volume_id}" for each in beside)
    return attached(len(beside)), named


def _domain(found: Census) -> tuple[str, str]:
    return found.domain, ""


def _folder(found: Census) -> tuple[str, str]:
    aside = "; one of this move is set aside beside it" if found.beside else ""
    return "there" if found.folder else NONE, aside.lstrip("; ")
