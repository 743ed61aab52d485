"""How the index of words is asked for the next matches, in their order."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from migrations_app.audit import search_index as words
from migrations_app.audit.search_index import TABLE, Mark, Query
from migrations_app.models import AuditEntry

# So many of the newest entries are read one by one before PostgreSQL's index is asked,
# which gives all matches of a block and not the newest: what matches often is found in
# the one, what matches seldom in the other.
NEWEST = 2000
# So many entries of one thing are read one by one, by its own index, before that.
NEAR = 500
# What matches more often than this is sought for in one block at a time; what is rarer,
# in twice as many each time.
OFTEN = 20_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; what is empty says nothing. Values are whole and exact,
    but ``verb`` may be a family (``run.*``), ``text`` has words (see words.py), and
    ``instance`` is a UUID or a name, ``host`` a source or a target."""

    instance: str = ""
    host: str = ""
    actor: str = ""
    ticket: str = ""
    verb: str = ""
    cloud: str = ""
    request: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str = ""


def _times(wanted: Wanted, table: str) -> tuple[str, list[Any]]:
    sql, given = "", []
    for sign, moment in ((">=", wanted.since), ("<", wanted.until)):
        if moment is not None:
            sql += f" AND {table}.at {sign} %s"
            given.append(connection.ops.adapt_datetimefield_value(moment))
    return sql, given


def on_sqlite(
    wanted: Wanted, asked: Query, low: int, high: int, rising: bool, most: int
) -> list[int]:
    """Ask FTS5, which has its matches in the order of their numbers."""
    times, given = _times(wanted, "entry")
    # the trail is read only for the time; CROSS keeps the words the outer loop
    joined = f" CROSS JOIN {TABLE} AS entry ON entry.id = word.rowid" if times else ""
    return _first_column(
        f"SELECT word.rowid FROM {words.SQLITE_TABLE} AS word{joined}"  # noqa: S608
        f" WHERE word.{words.SQLITE_TABLE} MATCH %s"
        f" AND word.rowid BETWEEN %s AND %s{times}"
        f" ORDER BY word.rowid {'ASC' if rising else 'DESC'} LIMIT %s",
        [asked.sqlite, low, high, *given, most],
    )


def among(
    near: QuerySet[AuditEntry, int], asked: Query, rising: bool
) -> tuple[list[int], int | None]:
    """Return which of these numbers match, in order; and the last of them, if there
    may be more behind it (they are NEAR then)."""
    sql, given = near.query.sql_with_params()
    right, what = asked.postgresql
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id, words @@ {right} FROM {TABLE} WHERE id IN ({sql})"  # noqa: S608
            f" ORDER BY id {'ASC' if rising else 'DESC'}",
            [*what, *given],
        )
        looked_at = cursor.fetchall()
    numbers = [number for number, matches in looked_at if matches]
    return numbers, looked_at[-1][0] if len(looked_at) == NEAR else None


def on_postgresql(
    wanted: Wanted, asked: Query, low: int, high: int, rising: bool, most: int
) -> list[int]:
    """Read the entries next to the page, then ask the index, block by block."""
    times, given = _times(wanted, "entry")
    order = "ASC" if rising else "DESC"
    right, what = asked.postgresql
    # OFFSET 0 keeps the planner from asking the index for these as well
    numbers = _first_column(
        f"SELECT id FROM (SELECT id, at, words FROM {TABLE}"  # noqa: S608
        f" WHERE id BETWEEN %s AND %s ORDER BY id {order} LIMIT %s OFFSET 0) AS entry"
        f" WHERE words @@ {right}{times} ORDER BY id {order} LIMIT %s",
        [low, high, NEWEST, *what, *given, most],
    )
    if rising:
        low += NEWEST
    else:
        high -= NEWEST
    if len(numbers) == most or low > high:
        return numbers
    fast, rest = asked.parted()
    at_once, growth = 1, 1 if _estimated(fast) > OFTEN else 2
    beginnings = ""
    begun: list[str] = []
    if rest:
        right, begun = rest.postgresql
        beginnings = f" WHERE words @@ {right}"
    while len(numbers) < most and low <= high:
        begin, end = _blocks(low, high, at_once, rising)
        right, what = Query(fast.words, [*fast.marks, _marks(begin, end)]).postgresql
        # MATERIALIZED: sorted afterwards, and never sought for by walking the trail
        numbers += _first_column(
            "WITH found AS MATERIALIZED"  # noqa: S608
            f" (SELECT id, words FROM {TABLE} AS entry"
            f" WHERE words @@ {right} AND id BETWEEN %s AND %s{times})"
            f" SELECT id FROM found{beginnings} ORDER BY id {order} LIMIT %s",
            [*what, begin, end, *given, *begun, most - len(numbers)],
        )
        if rising:
            low = end + 1
        else:
            high = begin - 1
        at_once *= growth
    return numbers


def _estimated(asked: Query) -> int:
    """Return how many entries match, as PostgreSQL's statistics have it."""
    right, what = asked.postgresql
    plan = _first_column(
        f"EXPLAIN (FORMAT JSON) SELECT 1 FROM {TABLE} WHERE words @@ {right}",  # noqa: S608
        what,
    )[0]
    found = json.loads(plan) if isinstance(plan, str) else plan
    return int(found[0]["Plan"]["Plan Rows"])


def _marks(begin: int, end: int) -> list[Mark]:
    """Return the marks of the blocks from the one of an entry to that of another."""
    first, last = begin >> words.BLOCK_BITS, end >> words.BLOCK_BITS
    return [
        words.block(number << words.BLOCK_BITS) for number in range(first, last + 1)
    ]


def _blocks(low: int, high: int, at_once: int, rising: bool) -> tuple[int, int]:
    """Return the next so many blocks of what is left, from its one end."""
    bits = words.BLOCK_BITS
    if rising:
        return low, min(high, ((((low >> bits) + at_once) << bits) - 1))
    return max(low, ((high >> bits) - at_once + 1) << bits), high


def _first_column(sql: str, given: list[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        return [row[0] for row in cursor.fetchall()]
