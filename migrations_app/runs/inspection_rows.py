"""The rows of an inspection: each aspect of an instance, expected and actual.

Every source is asked once; what it answered is typed, and why it did not is a sentence.
Actual values are in the words in which steps say what they expect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeVar

from migrations_app.integrations.host_commands.instance_files import Census
from migrations_app.integrations.interfaces import (
    Attachment,
    InstanceRow,
    Migration,
    Move,
    Port,
    Server,
)
from migrations_app.procedures.base import StepStatus
from migrations_app.procedures.expected_state import (
    NONE,
    Aspect,
    Expected,
    expected_text,
    hosts_text,
    volumes_text,
)

_POWER = {0: "not known", 1: "running", 3: "paused", 4: "shut down", 7: "suspended"}
_NOT_SAID = "Not known: where this host keeps instances could not be read there."
T = TypeVar("T")


class Source(StrEnum):
    """Who is asked about a run's instance; the values name the fields of Answers."""

    CLOUD = "cloud"  # the connection to the cloud: without it nobody is asked
    SERVER = "server"
    LAST_MIGRATION = "last_migration"
    ALLOCATIONS = "allocations"
    PORTS = "ports"
    VOLUMES = "volumes"
    SOURCE_HOST = "source_host"
    TARGET_HOST = "target_host"
    DATABASE = "database"
    CURRENT_STEP = "current_step"
    FIRST_UNDO = "first_undo"


@dataclass(frozen=True, slots=True)
class StepVerdict:
    """What a step's own check says now; without a status, ``blocked`` or ``trouble``.

    ``blocked`` is the reason that the check gave, and ``holds`` tells whether the run
    is held for it and not rolled back; ``trouble`` is why the check could not be made.
    """

    status: StepStatus | None
    blocked: str = ""
    trouble: str = ""
    holds: bool = False


@dataclass(frozen=True, slots=True)
class LastMigration:
    """Nova's newest migration record, if any, and the hosts it holds in Placement."""

    record: Migration | None
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answers:
    """What each source answered; None: it did not, or it was not asked.

    ``trouble`` says why a source that was asked did not answer.
    """

    server: Server | None = None
    last_migration: LastMigration | None = None
    allocations: Mapping[str, Mapping[str, int]] | None = None
    ports: Sequence[Port] | None = None
    volumes: Sequence[Attachment] | None = None
    source_host: Census | None = None
    target_host: Census | None = None
    database: InstanceRow | None = None
    current_step: StepVerdict | None = None
    first_undo: StepVerdict | None = None
    trouble: Mapping[Source, str] = field(default_factory=dict)

    def trouble_of(self, source: Source) -> str:
        """Return why the source did not answer; empty if it was not to be asked."""
        return self.trouble.get(source) or self.trouble.get(Source.CLOUD, "")


@dataclass(frozen=True, slots=True)
class InspectionRow:
    """One aspect: its expected values, its actual value, and whether they agree.

    ``trouble`` says why the actual value could not be read.
    """

    aspect: Aspect
    title: str
    expected: tuple[str, ...]
    actual: str = ""
    detail: str = ""
    trouble: str = ""

    @property
    def expected_text(self) -> str:
        """The expected values as text; empty: anything."""
        return expected_text(self.expected)

    @property
    def agrees(self) -> bool | None:
        """Whether it is as expected; None: nothing was expected, or it was not read."""
        if self.trouble or not self.expected:
            return None
        return self.actual in self.expected


def inspection_rows(
    move: Move, expected: Expected, answers: Answers
) -> tuple[InspectionRow, ...]:
    """Return a row for each aspect about which a source was asked."""
    rows = []

    def add(
        aspect: Aspect,
        title: str,
        source: Source,
        answer: T | None,
        read: Callable[[T], tuple[str, str]],
    ) -> None:
        wanted = expected.get(aspect, ())
        if answer is not None:
            actual, detail = read(answer)
            rows.append(InspectionRow(aspect, title, wanted, actual, detail))
        elif trouble := answers.trouble_of(source):
            rows.append(InspectionRow(aspect, title, wanted, trouble=trouble))

    source, target = move.source, move.target or "the target"
    a, of = answers, Source
    add(Aspect.STATUS, "Status", of.SERVER, a.server, _status)
    add(Aspect.TASK, "Task state", of.SERVER, a.server, _task)
    add(Aspect.POWER, "Power", of.SERVER, a.server, _power)
    add(Aspect.HOST, "Host in Nova", of.SERVER, a.server, _host)
    title = "Host in Nova’s database"
    add(Aspect.DATABASE, title, of.DATABASE, a.database, _database_host)
    title, last = "Last Nova migration", a.last_migration
    add(Aspect.MIGRATION, title, of.LAST_MIGRATION, last, _migration)
    title = "Allocations of the instance (Placement)"
    add(Aspect.ALLOCATION, title, of.ALLOCATIONS, a.allocations, _allocated)
    title = "Allocations of the move (Placement)"
    add(Aspect.HELD, title, of.LAST_MIGRATION, last, _held_by_migration)
    add(Aspect.PORTS, "Port bindings", of.PORTS, a.ports, _ports)
    add(Aspect.VOLUMES, "Attached volumes", of.VOLUMES, a.volumes, _volumes)
    here, there = (of.SOURCE_HOST, a.source_host), (of.TARGET_HOST, a.target_host)
    add(Aspect.SOURCE_DOMAIN, f"libvirt domain on {source}", *here, _domain)
    add(Aspect.TARGET_DOMAIN, f"libvirt domain on {target}", *there, _domain)
    add(Aspect.SOURCE_FOLDER, f"Instance folder on {source}", *here, _folder)
    add(Aspect.TARGET_FOLDER, f"Instance folder on {target}", *there, _folder)
    return tuple(_unknown_if_not_said(each) for each in rows)


# -- an actual value and its detail, out of an answer --------------------------------


def _status(server: Server) -> tuple[str, str]:
    return server.status, server.fault or ""


def _task(server: Server) -> tuple[str, str]:
    return server.task_state or NONE, ""


def _power(server: Server) -> tuple[str, str]:
    return _POWER.get(server.power_state, str(server.power_state)), ""


def _host(server: Server) -> tuple[str, str]:
    return hosts_text([server.host]), ""


def _database_host(row: InstanceRow) -> tuple[str, str]:
    return str(row.place.host), f"node {row.place.node}"


def _migration(last: LastMigration) -> tuple[str, str]:
    if last.record is None:
        return NONE, ""
    record = last.record
    way = f"{record.source or '?'} to {record.target or '?'}"
    return record.status, f"{record.type} {record.id}, {way}"


def _held_by_migration(last: LastMigration) -> tuple[str, str]:
    return hosts_text(last.hosts), ""


def _allocated(hosts: Mapping[str, Mapping[str, int]]) -> tuple[str, str]:
    return hosts_text(hosts), ""


def _ports(ports: Sequence[Port]) -> tuple[str, str]:
    return hosts_text(port.host for port in ports), ", ".join(p.id for p in ports)


def _volumes(volumes: Sequence[Attachment]) -> tuple[str, str]:
    beside = [each for each in volumes if not each.root]
    named = ", ".join(f"{each.device} {each.volume_id}" for each in beside)
    return volumes_text(len(beside)), named


def _domain(found: Census) -> tuple[str, str]:
    return found.domain, ""


def _unknown_if_not_said(row: InspectionRow) -> InspectionRow:
    """Return the row, with trouble in place of an actual value that is none."""
    return row if row.actual or row.trouble else replace(row, trouble=_NOT_SAID)


def _folder(found: Census) -> tuple[str, str]:
    if found.folder is None:
        return "", ""
    detail = "one of this move is set aside beside it" if found.beside else ""
    return "there" if found.folder else NONE, detail
