"""What is known inside alone: on hosts and in Nova's database, of one move.

Only workers have the ways in, the SSH keys and the account of that database. A web
process has them asked, by ``Workers``, and never enters itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from migrations_app.integrations.interfaces.hosts import HostFacts, Survey
from migrations_app.integrations.interfaces.nova_database import InstanceRow, Place

T = TypeVar("T")
NOVA_DB = "nova_db"
PLACE = "place"


@dataclass(frozen=True, slots=True)
class MoveQuestion:
    """Which move is asked about; without a target, whether there are ways in at all.

    ``recorded`` is the machine type that Nova recorded with the instance.
    """

    server_id: str
    source: str | None
    target: str | None
    recorded: str = ""


@dataclass(frozen=True, slots=True)
class InsideFacts:
    """What was found inside about one move.

    ``entered`` and ``database`` tell whether there is a way to the hosts, and to Nova's
    database; ``survey``, ``row`` and ``place`` are None when nobody was asked. Why row
    or place (NOVA_DB, PLACE) could not be read is in ``unread``, and in ``withheld``
    where waiting will not bring it. ``not_looked`` is why nobody went in at all, though
    there may be ways; empty where somebody did, or there are none.
    """

    entered: bool = False
    database: bool = False
    survey: Survey | None = None
    row: InstanceRow | None = None
    place: Place | None = None
    unread: Mapping[str, str] = field(default_factory=dict)
    withheld: Mapping[str, str] = field(default_factory=dict)
    not_looked: str = ""


def not_told(question: MoveQuestion, why: str) -> InsideFacts:
    """Return what is known when nobody went in: nothing, and of everything why.

    It is as if neither host answered, nor the database: whether there are ways in is
    not known either, so nobody may conclude that there are none.
    """
    both = (question.source, question.target)
    hosts = [host for host in both if host] or ["its hosts"]
    source, target = question.source or "", question.target
    return InsideFacts(
        entered=True,
        database=True,
        survey=Survey(
            None,
            HostFacts(source),
            HostFacts(target) if target else None,
            dict.fromkeys(hosts, why),
        ),
        unread={NOVA_DB: why, PLACE: why} if target else {},
        not_looked=why,
    )


class Workers(Protocol):
    """The worker processes, as a process asks them that may not go in itself."""

    def ask(
        self, name: str, question: object, kind: type[T], *, within: float | None = None
    ) -> T:
        """Have one find it out, and return its answer, which is of that kind.

        ``name`` says which question it is: one of a fixed set. Raises Unreachable with
        a sentence when no worker took it, or none brought it to an end; both at the
        latest after ``within`` seconds, if given.
        """
        ...
