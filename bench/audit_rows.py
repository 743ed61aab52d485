"""A chained audit trail of many entries, for what is measured."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any


def rows(entries: int) -> Iterator[tuple[Any, ...]]:
    """Yield the columns of so many chained entries."""
    from migrations_app.audit import hashing

    begin = datetime(2026, 1, 1, tzinfo=UTC)
    verbs = ("request.asked", "request.approved", "run.asked", "run.completed")
    previous = hashing.GENESIS
    for number in range(1, entries + 1):
        fields: dict[str, Any] = dict.fromkeys(hashing.FIELDS, "")
        at = begin + timedelta(seconds=20 * number)
        fields |= {
            "id": number,
            "at": hashing.moment(at),
            "actor": number % 50 + 1,
            "actor_name": f"person-{number % 50}",
            "verb": "policy.changed" if number % 9973 == 0 else verbs[number % 4],
            "cloud": "pretend",
            "request_number": number // 4 + 1,
            "run_number": None,
            "instance": f"00000000-0000-4000-8000-{number // 4 % 50000:012}",
            "instance_name": f"web-{number // 4 % 50000}",
            "source": f"compute-{number // 4 % 1000:04}",
            "target": f"compute-{number // 4 * 7 % 1000:04}",
            "ticket": f"OPS-{number // 40}",
            "note": "The host is to be emptied for new memory.",
            "before": {},
            "after": {"digest": previous[:16]},
        }
        own = hashing.digest(previous, hashing.content(fields))
        values = [fields[name] for name in hashing.FIELDS]
        values[1] = at
        values[-2:] = ["{}", json.dumps(fields["after"])]
        yield (*values, previous, own)
        previous = own


def fill(entries: int) -> None:
    """Put them in at once, past the triggers of ours; the head with them."""
    from django.db import connection

    from migrations_app.audit import hashing, triggers
    from migrations_app.models import AuditEntry, AuditHead

    columns = [f"{n}_id" if n == "actor" else n for n in hashing.FIELDS]
    names = ", ".join(f'"{name}"' for name in (*columns, "previous", "digest"))
    table = AuditEntry._meta.db_table
    triggers.drop(connection)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = %s"
                " AND indexname NOT LIKE '%%_pkey'",
                [table],
            )
            indexes = cursor.fetchall()
            for name, _ in indexes:
                cursor.execute(f'DROP INDEX "{name}"')
            with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
                for row in rows(entries):
                    copy.write_row(row)
            for _, definition in indexes:
                cursor.execute(definition)
        else:
            places = ", ".join(["%s"] * (len(columns) + 2))
            cursor.execute("BEGIN IMMEDIATE")
            cursor.executemany(
                f"INSERT INTO {table} ({names}) VALUES ({places})",  # noqa: S608
                # Django passes on what SQLite reads row by row
                ((*r[:1], r[1].strftime("%F %T.%f"), *r[2:]) for r in rows(entries)),  # type: ignore[arg-type]
            )
            cursor.execute("COMMIT")
    last = AuditEntry.objects.get(pk=entries)
    AuditHead.objects.update(count=entries, entry=entries, digest=last.digest)
    triggers.add(connection)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
