"""The database of an older version of novaweb, with rows in every table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import environ
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.state import StateApps
from django.db.utils import load_backend

from migrations_app.audit import hashing
from tests.upgrades.old_rows import rows
from tests.upgrades.old_rows_of_people import AT

APP = "migrations_app"
# A transaction that failed has left a gap in the numbers of before there was a chain.
ENTRIES = (1, 2, 5)

PEOPLE = ("auth_user", "auth_group", "auth_user_groups")

Tables = dict[str, dict[Any, dict[str, Any]]]


@contextmanager
def database(url: str) -> Iterator[None]:
    """Have that database in the place of the one that the tests share."""
    old = connections[DEFAULT_DB_ALIAS]
    values = {**old.settings_dict, **environ.Env.db_url_config(url)}
    if not values["ENGINE"].endswith("sqlite3"):
        values["OPTIONS"] = {}
    new = load_backend(values["ENGINE"]).DatabaseWrapper(values, DEFAULT_DB_ALIAS)
    connections[DEFAULT_DB_ALIAS] = new
    try:
        yield
    finally:
        new.close()
        connections[DEFAULT_DB_ALIAS] = old


def migrate(version: str) -> StateApps:
    """Have all tables as of that migration; return the models that they had then."""
    executor = MigrationExecutor(connection)
    others = [key for key in executor.loader.graph.leaf_nodes() if key[0] != APP]
    targets = [*others, (APP, version)]
    executor.migrate(targets)
    return executor.loader.project_state(targets).apps


def fill(apps: StateApps) -> list[str]:
    """Write rows to each of our tables that there were; return the tables."""
    _people(apps)
    for name, fields in rows():
        _write(apps, name, fields)
    _entries(apps)
    ours = apps.app_configs[APP].get_models()
    return [*PEOPLE, *(model._meta.db_table for model in ours)]


def _people(apps: StateApps) -> None:
    people, groups = (apps.get_model("auth", name) for name in ("User", "Group"))
    for pk, name in enumerate(("rita", "otto", "anna"), 1):
        person = people.objects.create(pk=pk, username=name, password="!")
        person.groups.set(
            groups.objects.filter(name__in=("operator", "auditor", "approver"))
        )


def _write(apps: StateApps, name: str, fields: dict[str, Any]) -> None:
    """Write what of the row there was a place for then."""
    try:
        model = apps.get_model(APP, name)
    except LookupError:
        return
    places = {field.attname for field in model._meta.concrete_fields}
    if name == "Decision" and fields.get("drain_id") and "drain_id" not in places:
        return
    row = model(**{key: value for key, value in fields.items() if key in places})
    row.save()


def _entries(apps: StateApps) -> None:
    """Write entries of the trail, chained where there was a chain."""
    entries = apps.get_model(APP, "AuditEntry")
    chained = any(model.__name__ == "AuditHead" for model in apps.get_models())
    previous = hashing.GENESIS
    for place, number in enumerate(ENTRIES, 1):
        entry = entries(
            pk=place if chained else number,
            at=AT,
            actor_id=1,
            actor_name="rita",
            act="5b0c2f7e",
            verb="request.asked",
            cloud="pretend",
            request_number=place,
            instance_name="web-“Ü”",
            source="compute-30",
            note="Seldom words: quokka.\u2028",
            before={"b": 2.0, "a": [1, None, 1.5]},
            after={"state": "requested"},
        )
        if chained:
            entry.previous = previous
            entry.digest = hashing.digest(
                previous, hashing.content(hashing.fields_of(entry))
            )
            previous = entry.digest
        entry.save(force_insert=True)


def content(tables: Iterable[str]) -> Tables:
    """Return all rows of these tables as they are: table, key, column."""
    found: Tables = {}
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT * FROM {table}")  # noqa: S608 - a model's name
            names = [column[0] for column in cursor.description]
            kept = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
            found[table] = {row.get("id", row.get("run_id")): row for row in kept}
    return found
