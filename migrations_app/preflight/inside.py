"""What only hosts and Nova's database know of a move: looked up, or a worker asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from migrations_app.errors import Unreachable, WorldError
from migrations_app.integrations.host_commands.host_survey import survey
from migrations_app.integrations.interfaces import (
    NOVA_DB,
    PLACE,
    Hosts,
    InsideFacts,
    MoveQuestion,
    NovaDb,
    World,
    not_told,
)

T = TypeVar("T")
LOOK = "move"  # what workers call the question


def inside(world: World, question: MoveQuestion) -> InsideFacts:
    """Return what is known there about the move. Raises nothing of a neighbour.

    What no worker found out is unknown, and its sentence names the worker.
    """
    if world.workers is None:
        return look_inside(world.hosts, world.nova_db, question)
    try:
        return world.workers.ask(LOOK, question, InsideFacts)
    except Unreachable as error:
        return not_told(question, error.sentence)


def look_inside(
    hosts: Hosts | None, database: NovaDb | None, question: MoveQuestion
) -> InsideFacts:
    """Enter both hosts and the database, as far as there are ways, and look.

    Nobody is asked where the question names no target.
    """
    key, source, target = question.server_id, question.source, question.target
    unread: dict[str, str] = {}
    withheld: dict[str, str] = {}

    def read(what: str, look: Callable[[], T]) -> T | None:
        try:
            return look()
        except Unreachable as error:
            unread[what] = error.sentence
        except WorldError as error:
            withheld[what] = error.sentence
        return None

    row = place = found = None
    if target is not None and database is not None:
        row = read(NOVA_DB, lambda: database.row(key))
        place = read(PLACE, lambda: database.place_of(target))
    if target is not None and hosts is not None and source is not None:
        found = survey(
            hosts,
            server_id=key,
            source=source,
            target=target,
            recorded=question.recorded,
        )
    return InsideFacts(
        entered=hosts is not None,
        database=database is not None,
        survey=found,
        row=row,
        place=place,
        unread=unread,
        withheld=withheld,
    )
