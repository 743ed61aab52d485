"""How entries are put behind the last one.

All that record wait for each other between the lock of the chain's head and the end of
their transactions. So all that can be is made ready before, and the ORM, which takes
longer to make an INSERT than PostgreSQL to carry it out, is not asked for one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection, transaction

from migrations_app.models import AuditEntry
from migrations_app.proof import form
from migrations_app.proof.triggers import ENTRIES, HEAD

_FIELDS = AuditEntry._meta.concrete_fields
_NAMES = [field.attname for field in _FIELDS]
_LINKS = [_NAMES.index(name) for name in ("id", "previous", "digest")]
_COLUMNS = ", ".join(f'"{field.column}"' for field in _FIELDS)
_PLACES = ", ".join(["%s"] * len(_FIELDS))
_INSERT = f'INSERT INTO "{ENTRIES}" ({_COLUMNS}) VALUES ({_PLACES})'  # noqa: S608
_HEAD = f"SELECT entry, digest FROM {HEAD} WHERE id = 1"  # noqa: S608


def append(entries: Sequence[AuditEntry]) -> None:
    """Put the entries behind the last one, in that order. A trigger moves the head."""
    rows = [_row(entry) for entry in entries]
    with transaction.atomic(savepoint=False), connection.cursor() as cursor:
        cursor.execute(f"{_HEAD}{_for_update()}")
        last, previous = cursor.fetchone()
        for entry, row in zip(entries, rows, strict=True):
            last += 1
            entry.pk, entry.previous = last, previous
            previous = form.digest(previous, form.content(form.fields_of(entry)))
            entry.digest = previous
            for place, value in zip(
                _LINKS, (entry.pk, entry.previous, previous), strict=True
            ):
                row[place] = value
            cursor.execute(_INSERT, row)
            entry._state.adding, entry._state.db = False, connection.alias


def _row(entry: AuditEntry) -> list[Any]:
    return [
        field.get_db_prep_save(getattr(entry, name), connection)
        for field, name in zip(_FIELDS, _NAMES, strict=True)
    ]


def _for_update() -> str:
    # SQLite has one writer: its transactions begin as such (BEGIN IMMEDIATE)
    return " FOR UPDATE" if connection.features.has_select_for_update else ""
