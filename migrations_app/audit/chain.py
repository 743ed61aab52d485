"""Appends entries to the chain.

All writers wait for each other from the lock of the chain's head until the end of their
transactions, so everything possible is prepared before. PostgreSQL locks the head,
hashes and inserts in one statement, without a round trip. SQLite has no SHA-256 and
only one writer, so the hash is calculated here.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from migrations_app.audit import hashing
from migrations_app.audit.triggers import ENTRIES, HEAD
from migrations_app.models import AuditEntry

# ruff: noqa: S608 - the names in these statements are our own
_LINKS = ("id", "previous", "digest")
_FIELDS = [
    field for field in AuditEntry._meta.concrete_fields if field.attname not in _LINKS
]
_COLUMNS = ", ".join(f'"{name}"' for name in (*_LINKS, *(f.column for f in _FIELDS)))
_PLACES = ", ".join(["%s"] * len(_FIELDS))
_HEAD = f"SELECT entry, digest FROM {HEAD} WHERE id = 1"
_INSERT = f'INSERT INTO "{ENTRIES}" ({_COLUMNS}) VALUES (%s, %s, %s, {_PLACES})'
# as hashing.digest and hashing.canonical have it: %s are what stands around the number
_HASHED = "encode(sha256(convert_to({}, 'UTF8')), 'hex')"
_DIGEST = _HASHED.format(f"digest || {_HASHED.format('%s || entry + 1 || %s')}")
_LINKED = f"""WITH head AS MATERIALIZED ({_HEAD} FOR UPDATE)
    INSERT INTO "{ENTRIES}" ({_COLUMNS})
    SELECT entry + 1, digest, {_DIGEST}, {_PLACES} FROM head
    RETURNING id, previous, digest"""


def append(entries: Sequence[AuditEntry]) -> None:
    """Append the entries in this order. A trigger updates the head."""
    postgresql = connection.vendor == "postgresql"
    add = _append_on_postgresql if postgresql else _append_on_sqlite
    ready = [
        (hashing.around_number(hashing.fields_of(entry)), _values(entry))
        for entry in entries
    ]
    # one statement needs no transaction around it
    alone = postgresql and len(ready) == 1
    whole = nullcontext() if alone else transaction.atomic(savepoint=False)
    with whole, connection.cursor() as cursor:
        for entry, (around, values) in zip(entries, ready, strict=True):
            entry.pk, entry.previous, entry.digest = add(cursor, around, values)
            entry._state.adding, entry._state.db = False, connection.alias


def _append_on_postgresql(
    cursor: CursorWrapper, around: tuple[str, str], values: list[Any]
) -> Any:
    cursor.execute(_LINKED, [*around, *values])
    return cursor.fetchone()


def _append_on_sqlite(
    cursor: CursorWrapper, around: tuple[str, str], values: list[Any]
) -> Any:
    # a transaction of SQLite begins as the one writer (BEGIN IMMEDIATE)
    cursor.execute(_HEAD)
    last, previous = cursor.fetchone()
    content = hashing.hashed(f"{around[0]}{last + 1}{around[1]}")
    links = (last + 1, previous, hashing.digest(previous, content))
    cursor.execute(_INSERT, [*links, *values])
    return links


def _values(entry: AuditEntry) -> list[Any]:
    return [
        field.get_db_prep_save(getattr(entry, field.attname), connection)
        for field in _FIELDS
    ]
