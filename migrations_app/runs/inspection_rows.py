"""What was read of the world, in the words in which steps say what they expect."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from migrations_app.integrations.host_commands.instance_files import Census
from migrations_app.integrations.interfaces import Attachment, Migration, Move
from migrations_app.procedures.expected_state import (
    NONE,
    Aspect,
    Expected,
    expected_text,
    hosts_text,
    volumes_text,
)

_POWER = {0: "not known", 1: "running", 3: "paused", 4: "shut down", 7: "suspended"}


@dataclass(frozen=True, slots=True)
class Reading:
    """One thing: what was expected of it, what is so, and whether they agree.

    ``agrees`` is None where nothing was expected, or nothing could be read; then
    ``trouble`` says why not.
    """

    thing: Aspect
    title: str
    expected: tuple[str, ...]
    now: str = ""
    detail: str = ""
    trouble: str = ""

    @property
    def wanted(self) -> str:
        """What was expected, in words; empty: anything."""
        return expected_text(self.expected)

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

    def row(thing: Aspect, title: str, of: str, read: Callable[[Any], Any]) -> None:
        wanted = expected.get(thing, ())
        if of not in came:
            why = trouble.get(of) or missing
            if why:
                made.append(Reading(thing, title, wanted, trouble=why))
            return
        now, detail = read(came[of])
        made.append(Reading(thing, title, wanted, str(now), detail))

    row(Aspect.STATUS, "Status", "server", lambda s: (s.status, s.fault or ""))
    row(Aspect.TASK, "Task under way", "server", lambda s: (s.task_state or NONE, ""))
    row(
        Aspect.POWER,
        "Power",
        "server",
        lambda s: (_POWER.get(s.power_state, s.power_state), ""),
    )
    row(Aspect.HOST, "Host, says Nova", "server", lambda s: (hosts_text([s.host]), ""))
    row(
        Aspect.DATABASE,
        "Host, says Nova’s database",
        "database",
        lambda r: (r.place.host, f"node {r.place.node}"),
    )
    row(Aspect.MIGRATION, "Nova’s last migration", "records", _record)
    row(
        Aspect.ALLOCATION,
        "Placement charges, for it",
        "allocations",
        lambda held: (hosts_text(held), ""),
    )
    row(
        Aspect.HELD,
        "Placement charges, for the move",
        "records",
        lambda r: (hosts_text(r[1]) if r else NONE, ""),
    )
    row(
        Aspect.PORTS,
        "Ports are bound to",
        "ports",
        lambda ports: (
            hosts_text(p.host for p in ports),
            ", ".join(p.id for p in ports),
        ),
    )
    row(Aspect.VOLUMES, "Volumes beside the root", "volumes", _volumes)
    row(Aspect.SOURCE_DOMAIN, f"Domain on {move.source}", "here", _domain)
    row(Aspect.TARGET_DOMAIN, f"Domain on {target}", "there", _domain)
    row(Aspect.SOURCE_FOLDER, f"Folder on {move.source}", "here", _folder)
    row(Aspect.TARGET_FOLDER, f"Folder on {target}", "there", _folder)
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
    return volumes_text(len(beside)), named


def _domain(found: Census) -> tuple[str, str]:
    return found.domain, ""


def _folder(found: Census) -> tuple[str, str]:
    aside = "; one of this move is set aside beside it" if found.beside else ""
    return "there" if found.folder else NONE, aside.lstrip("; ")
