"""What novaweb asks of Nova's database: to read one instance's row, and to move it.

Only the procedure ``manual`` does, with an account that may do nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Place:
    """Where Nova's database says that an instance is.

    ``node_id`` is compute_nodes.id; None where instances has no compute_id (before
    28.0.0, 2023.2). ``zone`` is None where it has no availability_zone.
    """

    host: str
    node: str
    node_id: int | None = None
    zone: str | None = None


@dataclass(frozen=True, slots=True)
class InstanceRow:
    """A row of ``instances``, and what else there ties it to its host.

    ``bound`` names what forbids a manual move: "pinned CPUs", "PCI devices", "an
    unfinished migration", …
    """

    place: Place
    vm_state: str
    task_state: str | None
    power_state: int | None
    updated_at: datetime | None
    bound: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Statement:
    """One SQL statement with its values, and as a person reads it."""

    text: str  # with %(name)s where a value goes
    values: Mapping[str, object]
    shown: str


@dataclass(frozen=True, slots=True)
class RowMove:
    """The guarded change of one row, made of statements that run in one transaction.

    The first statement must change exactly one row, else all is rolled back.
    """

    server_id: str
    before: Place
    after: Place
    statements: tuple[Statement, ...]


class NovaDb(Protocol):
    """The database of one cell."""

    def row(self, server_id: str) -> InstanceRow:
        """Return the instance's row. Raises Gone when this cell has none.

        Every method may also raise Unreachable, Refused (the account), and Blocked:
        the schema is not one that novaweb knows.
        """
        ...

    def place_of(self, host: str) -> Place:
        """Return the place that the host's one compute node is; Gone when none.

        Its zone may be None: a cell's database does not know it, the cloud does.
        """
        ...

    def move(self, change: RowMove) -> bool:
        """Carry the change out; False when the guard let no row through.

        Raises Conflict when somebody else holds the row, and Unreachable also when
        nobody knows whether the change holds: the row will show.
        """
        ...
