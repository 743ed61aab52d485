"""The definitions of the triggers are looked at: a name alone guards nothing."""

from __future__ import annotations

# ruff: noqa: S608 - the names in these statements are our own
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection
from psycopg import sql

from migrations_app.audit import recorder, triggers
from migrations_app.audit.triggers import ENTRIES, HEAD
from tests.postgresql import PostgreSQL
from tests.upgrades import old_site

ROOT = Path(__file__).resolve().parents[2]
SITE = "novaweb_site"
NAMES = sorted(triggers._SQLITE)


@pytest.mark.django_db
def test_those_that_the_migrations_make_are_as_they_should_be() -> None:
    assert triggers.unlike(connection) == []


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite's own")
@pytest.mark.parametrize("name", NAMES)
def test_one_of_the_same_name_that_does_nothing_is_told(name: str) -> None:
    hollow = re.sub(
        r"\bWHEN\b.*?BEGIN|BEGIN",
        "WHEN 0 BEGIN",
        triggers._SQLITE[name],
        count=1,
        flags=re.DOTALL,
    )
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {name}")
        cursor.execute(hollow)
    assert triggers.unlike(connection) == [name]


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite's own")
def test_a_letter_that_looks_like_a_blank_is_none() -> None:
    text = triggers._SQLITE["audit_follows"].replace("digest =", "digest\xa0=")
    with connection.cursor() as cursor:
        cursor.execute(f'ALTER TABLE {HEAD} ADD COLUMN "digest\xa0" text')
        cursor.execute("DROP TRIGGER audit_follows")
        cursor.execute(text)
    assert triggers.unlike(connection) == ["audit_follows"]


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite's own")
def test_one_more_than_ours_is_told() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TRIGGER helpful BEFORE INSERT ON {ENTRIES} BEGIN SELECT 1; END"
        )
    assert triggers.unlike(connection) == ["helpful"]


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "sqlite", reason="SQLite's own")
def test_that_of_the_index_of_words_does_nothing_else() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER audit_words")
        cursor.execute(
            f"CREATE TRIGGER audit_words BEFORE INSERT ON {ENTRIES} BEGIN SELECT 1; END"
        )
    assert triggers.unlike(connection) == ["audit_words"]


HOLLOW = (
    # what it does, and which names are told
    (
        "CREATE OR REPLACE FUNCTION audit_is_append_only() RETURNS trigger"
        " LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
        ["audit_is_append_only"],
    ),
    (
        "ALTER FUNCTION audit_moves_head() SET search_path = public",
        ["audit_moves_head"],
    ),
    (
        f"ALTER TABLE {ENTRIES} DISABLE TRIGGER audit_no_truncate",
        ["audit_no_truncate"],
    ),
    (f"ALTER TABLE {HEAD} ENABLE TRIGGER audit_head_moves", ["audit_head_moves"]),
    (
        f"DROP TRIGGER audit_no_update ON {ENTRIES}; CREATE TRIGGER audit_no_update"
        f" BEFORE DELETE OR UPDATE ON {ENTRIES} FOR EACH ROW WHEN (false)"
        " EXECUTE FUNCTION audit_is_append_only();"
        f" ALTER TABLE {ENTRIES} ENABLE ALWAYS TRIGGER audit_no_update",
        ["audit_no_update"],
    ),
    (
        f"CREATE RULE helpful AS ON INSERT TO {ENTRIES} DO INSTEAD NOTHING",
        ["helpful"],
    ),
    (f"CREATE POLICY helpful ON {ENTRIES} USING (verb <> 'run.held')", ["helpful"]),
    (f"CREATE TABLE helpful () INHERITS ({ENTRIES})", ["helpful"]),
)


@contextmanager
def on_postgresql(postgresql: PostgreSQL, blocker: Any) -> Iterator[Any]:
    url = postgresql.create("guarded", template=postgresql.migrated())
    with blocker.unblock(), old_site.database(url):
        yield connection


def test_hollow_ones_are_told_on_postgresql(
    postgresql: PostgreSQL, django_db_blocker: Any
) -> None:
    with on_postgresql(postgresql, django_db_blocker):
        assert triggers.unlike(connection) == []
        assert triggers.may_be_dropped(connection)
        for statement, told in HOLLOW:
            with connection.cursor() as cursor:
                cursor.execute(f"BEGIN; {statement}")
                assert triggers.unlike(connection) == told
                cursor.execute("ROLLBACK")


def test_they_fire_for_replication_too(
    postgresql: PostgreSQL, django_db_blocker: Any
) -> None:
    with on_postgresql(postgresql, django_db_blocker):
        recorder.record("account.signed_in", actor_name="rita")
    with postgresql.connect("guarded") as admin:
        admin.execute("SET session_replication_role = replica")
        for statement in (
            f"UPDATE {ENTRIES} SET note = ''",
            f"DELETE FROM {ENTRIES}",
            f"TRUNCATE {ENTRIES}",
            f"UPDATE {HEAD} SET count = 0",
        ):
            with pytest.raises(psycopg.IntegrityError):
                admin.execute(sql.SQL(statement))


REFUSED = (
    f"UPDATE {ENTRIES} SET note = ''",
    f"DELETE FROM {ENTRIES}",
    f"TRUNCATE {ENTRIES}",
    f"UPDATE {HEAD} SET count = 0",
    f"DELETE FROM {HEAD}",
    f"ALTER TABLE {ENTRIES} DISABLE TRIGGER ALL",
    f"DROP TRIGGER audit_no_update ON {ENTRIES}",
    "CREATE OR REPLACE FUNCTION audit_is_append_only() RETURNS trigger"
    " LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
    "SET session_replication_role = replica",
    "CREATE TABLE more (id int)",
    f"CREATE TEMPORARY TABLE {HEAD} (id int)",
    "DELETE FROM django_migrations",
)


def test_the_account_that_runs_it_may_add_entries_and_change_no_guard(
    postgresql: PostgreSQL, django_db_blocker: Any
) -> None:
    """As deploy/postgresql-roles.sql makes it, on a database that is in use already."""
    url = postgresql.create("roles", template=postgresql.migrated())
    text = (ROOT / "deploy/postgresql-roles.sql").read_text(encoding="utf-8")
    try:
        with postgresql.connect("roles") as admin:
            for _ in range(2):  # it may be run again
                admin.execute(text.replace(":database", "roles"))
        site = url.replace("novaweb@", f"{SITE}@")
        with django_db_blocker.unblock(), old_site.database(site):
            recorder.record("account.signed_in", actor_name="rita")
            recorder.record("account.signed_out", actor_name="rita")
            assert triggers.unlike(connection) == []
            assert not triggers.may_be_dropped(connection)
            with connection.cursor() as cursor:
                cursor.execute(f"SELECT id FROM {HEAD} FOR UPDATE")
                cursor.execute("INSERT INTO auth_group (name) VALUES ('site')")
                cursor.execute("DELETE FROM auth_group WHERE name = 'site'")
                for statement in REFUSED:
                    with pytest.raises(Exception, match=r"denied|must be owner"):
                        cursor.execute(statement)
    finally:
        postgresql.run(
            "DROP DATABASE roles WITH (FORCE)", f"DROP ROLE IF EXISTS {SITE}"
        )
