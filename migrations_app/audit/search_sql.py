"""The statements that ask the word index of the trail for the next matches, in order.

A page needs the 41 matches next to a number, within 100 ms, however long the trail is
(``bench/audit.py``: a million entries). Numbers have no gaps. SQLite's FTS5 has its
matches in the order of their numbers: it is asked, and stops when it has enough.

PostgreSQL's GIN index has them in no order: it collects all, which are then read and
sorted. A million matches of a common word take seconds; so, from the page on:

1. Where an index of the trail has all entries of one host, actor, ticket … in order
   (search.py), the NEAR next of those are read one by one (``among``).
2. The NEWEST next entries are read one by one: they have enough of what is common.
3. The GIN index is asked block by block: every entry has the number of its block as one
   of its words (search_index.py). Of what is rare in twice as many blocks each time, so
   that a long trail takes few questions; of what is common, in PostgreSQL's own
   estimate, in one block at a time, so that never much is collected: it may all be in
   old entries.

The planner believes that matches are spread evenly. So ``MATERIALIZED`` has the matches
of 3 collected before they are sorted, where it would walk the trail backwards until it
met enough; and none of it is left to one plain statement. At 400,000 entries on a busy
machine, in ms: entries of one instance with a word in them 5, by a plain statement
222; two words of which one is only begun 6, not materialized 41; what is common in the
older half alone 139, always in twice as many blocks 413.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import QuerySet

from migrations_app.audit import search_index
from migrations_app.audit.search_index import TABLE, Mark, Query
from migrations_app.models import AuditEntry

# How many entries of one thing are read one by one.
NEAR = 500
# How many of all entries are.
NEWEST = 2000
# What matches more entries than this is common.
OFTEN = 20_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; what is empty says nothing. Values are whole and exact,
    but ``verb`` may be a family (``run.*``), ``text`` has words (search_index.py), and
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


@dataclass(frozen=True, slots=True)
class Stretch:
    """The entries numbered from ``low`` to ``high``; ``rising``: the lowest first."""

    low: int
    high: int
    rising: bool = False

    def __bool__(self) -> bool:
        return self.low <= self.high

    @property
    def order(self) -> str:
        """How SQL sorts them."""
        return "ASC" if self.rising else "DESC"

    def behind(self, number: int) -> Stretch:
        """Return what follows on the entry of this number."""
        if self.rising:
            return replace(self, low=number + 1)
        return replace(self, high=number - 1)

    def without_first(self, count: int) -> Stretch:
        """Return the stretch after the first ``count`` entries."""
        first = self.low if self.rising else self.high
        return self.behind(first + count - 1 if self.rising else first - count + 1)

    def first_blocks(self, count: int) -> Stretch:
        """Return the entries in the first ``count`` blocks; the outer may be cut."""
        bits = search_index.BLOCK_BITS
        if self.rising:
            end = (((self.low >> bits) + count) << bits) - 1
            return replace(self, high=min(self.high, end))
        begin = ((self.high >> bits) - count + 1) << bits
        return replace(self, low=max(self.low, begin))

    @property
    def blocks(self) -> list[Mark]:
        """The marks of the blocks that the entries are in."""
        first, last = (
            self.low >> search_index.BLOCK_BITS,
            self.high >> search_index.BLOCK_BITS,
        )
        return [
            search_index.block(n << search_index.BLOCK_BITS)
            for n in range(first, last + 1)
        ]


NOTHING = Stretch(low=1, high=0)


def on_sqlite(wanted: Wanted, query: Query, stretch: Stretch, most: int) -> list[int]:
    """Return the first ``most`` numbers that match."""
    in_time, times = _in_time(wanted)
    # the trail is read only for the time; CROSS keeps the words the outer loop
    join = f" CROSS JOIN {TABLE} AS entry ON entry.id = word.rowid" if times else ""
    return _first_column(
        f"SELECT word.rowid FROM {search_index.SQLITE_TABLE} AS word{join}"  # noqa: S608
        f" WHERE word.{search_index.SQLITE_TABLE} MATCH %s"
        f" AND word.rowid BETWEEN %s AND %s{in_time}"
        f" ORDER BY word.rowid {stretch.order} LIMIT %s",
        [query.sqlite, stretch.low, stretch.high, *times, most],
    )


def among(
    near: QuerySet[AuditEntry, int], query: Query, stretch: Stretch
) -> tuple[list[int], Stretch]:
    """Return which of these numbers match, in order, and what else may match.

    ``near`` are the first NEAR of the stretch that an index has, or all of them.
    """
    sql, given = near.query.sql_with_params()
    matches, values = query.postgresql
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT id, words @@ {matches} FROM {TABLE} WHERE id IN ({sql})"  # noqa: S608
            f" ORDER BY id {stretch.order}",
            [*values, *given],
        )
        read = cursor.fetchall()
    numbers = [number for number, matched in read if matched]
    return numbers, stretch.behind(read[-1][0]) if len(read) == NEAR else NOTHING


def on_postgresql(
    wanted: Wanted, query: Query, stretch: Stretch, most: int
) -> list[int]:
    """Return the first ``most`` numbers that match."""
    numbers = _among_first(wanted, query, stretch, most)
    stretch = stretch.without_first(NEWEST)
    if len(numbers) == most or not stretch:
        return numbers
    by_index, afterwards = query.parted()
    count, growth = 1, 1 if _estimated(by_index) > OFTEN else 2
    while stretch and len(numbers) < most:
        blocks = stretch.first_blocks(count)
        left = most - len(numbers)
        numbers += _in_blocks(wanted, by_index, afterwards, blocks, left)
        stretch = stretch.behind(blocks.high if stretch.rising else blocks.low)
        count *= growth
    return numbers


def _among_first(
    wanted: Wanted, query: Query, stretch: Stretch, most: int
) -> list[int]:
    """Read the first NEWEST entries, and no index of words."""
    in_time, times = _in_time(wanted)
    matches, values = query.postgresql
    return _first_column(
        f"SELECT id FROM (SELECT id, at, words FROM {TABLE}"  # noqa: S608
        f" WHERE id BETWEEN %s AND %s ORDER BY id {stretch.order} LIMIT %s)"
        f" AS entry WHERE words @@ {matches}{in_time}"
        f" ORDER BY id {stretch.order} LIMIT %s",
        [stretch.low, stretch.high, NEWEST, *values, *times, most],
    )


def _in_blocks(
    wanted: Wanted, by_index: Query, afterwards: Query, blocks: Stretch, most: int
) -> list[int]:
    """Have GIN collect what matches in these blocks; sort out the rest, and sort."""
    in_time, times = _in_time(wanted)
    marked = Query(by_index.words, [*by_index.marks, blocks.blocks])
    matches, values = marked.postgresql
    also = ""
    more: list[str] = []
    if afterwards:
        sql, more = afterwards.postgresql
        also = f" WHERE words @@ {sql}"
    return _first_column(
        "WITH found AS MATERIALIZED"  # noqa: S608
        f" (SELECT id, words FROM {TABLE} AS entry"
        f" WHERE words @@ {matches} AND id BETWEEN %s AND %s{in_time})"
        f" SELECT id FROM found{also} ORDER BY id {blocks.order} LIMIT %s",
        [*values, blocks.low, blocks.high, *times, *more, most],
    )


def _estimated(query: Query) -> int:
    """Return the number of matches estimated by PostgreSQL's statistics."""
    matches, values = query.postgresql
    (plan,) = _first_column(
        f"EXPLAIN (FORMAT JSON) SELECT 1 FROM {TABLE} WHERE words @@ {matches}",  # noqa: S608
        values,
    )
    found = json.loads(plan) if isinstance(plan, str) else plan
    return int(found[0]["Plan"]["Plan Rows"])


def _in_time(wanted: Wanted) -> tuple[str, list[Any]]:
    """Return the conditions on the time of ``entry``, and their values; both empty."""
    bounds = ((">=", wanted.since), ("<", wanted.until))
    said = [(sign, moment) for sign, moment in bounds if moment is not None]
    sql = "".join(f" AND entry.at {sign} %s" for sign, _ in said)
    return sql, [connection.ops.adapt_datetimefield_value(at) for _, at in said]


def _first_column(sql: str, values: Sequence[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return [row[0] for row in cursor.fetchall()]
