"""Every entry is chained to the one before it, whoever adds it."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from migrations_app.audit import hashing, recorder
from migrations_app.audit.triggers import ENTRIES, HEAD
from migrations_app.models import AuditEntry, AuditHead

pytestmark = pytest.mark.django_db


def record(note: str = "", **fields: Any) -> AuditEntry:
    return recorder.record("account.signed_in", actor_name="rita", note=note, **fields)


def test_an_entry_names_the_digest_of_the_one_before() -> None:
    first, second = record("one"), record("two")
    assert first.previous == hashing.GENESIS
    assert second.previous == first.digest
    assert second.pk == first.pk + 1
    head = AuditHead.objects.get()
    assert (head.count, head.entry, head.digest) == (2, second.pk, second.digest)


def test_the_digest_is_what_the_documentation_says() -> None:
    """Made here with nothing of ours, from the row as it is read back."""
    record("“Grüße” / \u2028", before={"b": 2.0, "a": [1, None, True, 1.5]})
    entry = AuditEntry.objects.get()
    before = '{"a":[1,null,true,1.5],"b":2}'
    text = (
        f'{{"act":"","actor":null,"actor_name":"rita","after":{{}},'
        f'"at":"{entry.at:%Y-%m-%dT%H:%M:%S.%f}Z","before":{before},"cloud":"",'
        f'"id":{entry.pk},"instance":"","instance_name":"",'
        f'"note":"“Grüße” / \u2028","request_number":null,"run_number":null,'
        f'"source":"","target":"","ticket":"","verb":"account.signed_in"}}'
    )
    content = hashlib.sha256(text.encode()).hexdigest()
    expected = hashlib.sha256(("0" * 64 + content).encode()).hexdigest()
    assert entry.digest == expected


@pytest.mark.parametrize(
    "value",
    [
        {"a": 1.0, "b": -0.0, "c": 1e-7, "d": 1e22, "e": 0.1, "f": 10**30},
        {"nul": "a\0b", "half": "\ud800", "pair": "\U0001f600", "\0": 1},
        {
            "when": datetime(2026, 3, 29, 1, 0, 0, 1, tzinfo=UTC),
            "set": {"b", "a"},
            "tuple": (1, 2),
            "nan": float("nan"),
        },
        {"1": {"deep": [[], {}, ""]}, "é": None},
    ],
)
def test_what_is_recorded_hashes_the_same_when_read_back(value: dict[str, Any]) -> None:
    record("read\0back", before=value, after=value)
    entry = AuditEntry.objects.get()
    found = hashing.content(hashing.fields_of(entry))
    assert entry.digest == hashing.digest(entry.previous, found)
    json.loads(hashing.canonical(hashing.fields_of(entry)))


def test_what_is_rolled_back_leaves_no_gap() -> None:
    first = record()
    with pytest.raises(RuntimeError), transaction.atomic():
        record()
        raise RuntimeError
    assert record().pk == first.pk + 1


@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE {HEAD} SET count = count + 1, entry = entry + 1",  # noqa: S608
        f"UPDATE {HEAD} SET digest = ''",  # noqa: S608
        f"DELETE FROM {HEAD}",  # noqa: S608
        f"INSERT INTO {HEAD} (id, count, entry, digest) VALUES (2, 0, 0, '')",  # noqa: S608
        f"INSERT INTO {HEAD} (id, count, entry, digest) VALUES (1, 0, 0, '')",  # noqa: S608
    ],
)
def test_the_head_moves_by_a_new_entry_only(statement: str) -> None:
    record()
    before = AuditHead.objects.values().get()
    with (
        pytest.raises(DatabaseError, match="moves by a new entry only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert AuditHead.objects.values().get() == before


@pytest.mark.parametrize("changed", ["previous", "id"])
def test_the_database_refuses_an_entry_that_does_not_follow(changed: str) -> None:
    first = record()
    names = [f.column for f in AuditEntry._meta.fields if f.column != changed]
    kept = ", ".join(f'"{name}"' for name in names)
    value = {"previous": f"'{hashing.GENESIS}'", "id": "id + 2"}[changed]
    with (
        pytest.raises(DatabaseError, match="must follow the head"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            f"INSERT INTO {ENTRIES} ({kept}, {changed})"  # noqa: S608
            f" SELECT {kept}, {value} FROM {ENTRIES}"
        )
    assert AuditEntry.objects.get().pk == first.pk


@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite's own")
def test_nothing_is_replaced() -> None:
    """INSERT OR REPLACE removes the old row without asking its DELETE trigger."""
    record("kept")
    for table in (ENTRIES, HEAD):
        with (
            pytest.raises(DatabaseError),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(
                f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}"  # noqa: S608
            )
    assert AuditEntry.objects.get().note == "kept"
