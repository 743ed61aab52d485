"""Migrations after 0040 let old and new processes work on one database meanwhile.

An old process writes rows that lack what is new, and reads what it knows: so what is
added has a value of the database's own, and nothing is taken away, renamed or
narrowed. No statement rewrites a table or locks it for as long as it has rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from django.db import migrations, models
from django.db.migrations.operations.base import Operation
from django.db.models import NOT_PROVIDED

import migrations_app.migrations

# The last one that may ask for all processes to be stopped.
BEFORE = "0040"
FOLDER = Path(migrations_app.migrations.__file__).parent
NAMES = sorted(path.stem for path in FOLDER.glob("[0-9]*.py") if path.stem[:4] > BEFORE)


def wrong(operations: list[Operation]) -> Iterator[str]:
    """Yield what of it an old process, or a long table, would not bear."""
    made: set[str] = set()
    for operation in operations:
        match operation:
            case migrations.CreateModel():
                made.add(operation.name.lower())
            case migrations.AddField() | migrations.AddIndex() if (
                operation.model_name.lower() in made
            ):
                pass  # nobody knows the table yet
            case migrations.AddField():
                yield from wrong_with(operation)
            case migrations.AlterModelOptions() | migrations.AlterModelManagers():
                pass  # not of the database
            case _:
                yield f"{type(operation).__name__} is no addition to a known table"


def wrong_with(added: migrations.AddField) -> Iterator[str]:
    field = added.field
    given = field.db_default is not NOT_PROVIDED
    if field.many_to_many:
        return
    if not field.null and not given:
        yield f"{added.name}: old processes insert rows without it; give it db_default"
    if getattr(field, "unique", False) or getattr(field, "db_index", False):
        yield f"{added.name}: its index is built under a lock"


@pytest.mark.parametrize("name", NAMES)
def test_an_old_process_can_work_on_after_it(name: str) -> None:
    module = import_module(f"migrations_app.migrations.{name}")
    assert list(wrong(module.Migration.operations)) == []


def test_there_is_one_to_look_at() -> None:
    assert NAMES


@pytest.mark.parametrize(
    "operation",
    [
        migrations.AddField("run", "why", models.TextField(default="")),
        migrations.AddField("run", "at", models.DateTimeField(null=True, unique=True)),
        migrations.RemoveField("run", "why"),
        migrations.RenameField("run", "why", "reason"),
        migrations.AlterField("run", "why", models.CharField(max_length=9)),
        migrations.AddIndex("run", models.Index(fields=["why"], name="run_by_why")),
        migrations.RunSQL("SELECT 1"),
        migrations.DeleteModel("run"),
    ],
    ids=["no_default", "unique", "remove", "rename", "alter", "index", "sql", "delete"],
)
def test_it_sees_what_an_old_process_would_fall_over(operation: Operation) -> None:
    assert len(list(wrong([operation]))) == 1


@pytest.mark.parametrize(
    "operations",
    [
        [migrations.AddField("run", "why", models.TextField(null=True))],
        [migrations.AddField("run", "why", models.TextField(db_default=""))],
        [
            migrations.CreateModel("New", [("id", models.BigAutoField())]),
            migrations.AddIndex("new", models.Index(fields=["id"], name="new_by_id")),
        ],
    ],
    ids=["nullable", "db_default", "new_table"],
)
def test_it_allows_what_is_only_added(operations: list[Operation]) -> None:
    assert list(wrong(operations)) == []
