"""Triggers that make the audit trail append-only, for SQLite and PostgreSQL.

Entries are appended to the head of the chain and never changed or removed; the head
changes only with each new entry. Migrations 0010 and 0030 create the triggers; to
change one, write a migration that drops and adds them. The statements are written as
the database tells them again, so that ``unlike`` can compare whole definitions: a
trigger of the right name that does nothing is none of ours.

On PostgreSQL they fire in every session, replication's too (ENABLE ALWAYS), and the
head is moved with the rights of its owner: an account that runs novaweb needs none to
change it (deploy/postgresql-roles.sql). The functions look nothing up in a schema that
others may write to, temporary tables least of all.
"""

from __future__ import annotations

# ruff: noqa: S608 - the names in these statements are our own
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

from migrations_app.audit import search_index

ENTRIES = "migrations_app_auditentry"
HEAD = "migrations_app_audithead"
SENTENCE = "the audit trail is append-only"
LINK = "an audit entry must follow the head of the chain"
MOVE = "the head of the audit trail moves by a new entry only"

_SQLITE = {
    "audit_no_update": f"""CREATE TRIGGER audit_no_update BEFORE UPDATE ON {ENTRIES}
    BEGIN SELECT RAISE(ABORT, '{SENTENCE}'); END""",
    "audit_no_delete": f"""CREATE TRIGGER audit_no_delete BEFORE DELETE ON {ENTRIES}
    BEGIN SELECT RAISE(ABORT, '{SENTENCE}'); END""",
    # INSERT OR REPLACE fires no DELETE trigger: the number must be the next one
    "audit_follows": f"""CREATE TRIGGER audit_follows BEFORE INSERT ON {ENTRIES}
    WHEN NOT EXISTS (SELECT 1 FROM {HEAD} WHERE id = 1 AND digest = NEW.previous
                     AND entry + 1 = NEW.id)
    BEGIN SELECT RAISE(ABORT, '{LINK}'); END""",
    "audit_moves_head": f"""CREATE TRIGGER audit_moves_head AFTER INSERT ON {ENTRIES}
    BEGIN UPDATE {HEAD} SET count = count + 1, entry = NEW.id, digest = NEW.digest
          WHERE id = 1; END""",
    "audit_head_moves": f"""CREATE TRIGGER audit_head_moves BEFORE UPDATE ON {HEAD}
    WHEN NEW.id <> 1 OR NEW.count <> OLD.count + 1 OR NEW.entry <> OLD.entry + 1
      OR NOT EXISTS (SELECT 1 FROM {ENTRIES} WHERE id = NEW.entry
                     AND previous = OLD.digest AND digest = NEW.digest)
    BEGIN SELECT RAISE(ABORT, '{MOVE}'); END""",
    "audit_head_stays": f"""CREATE TRIGGER audit_head_stays BEFORE DELETE ON {HEAD}
    BEGIN SELECT RAISE(ABORT, '{MOVE}'); END""",
    "audit_head_alone": f"""CREATE TRIGGER audit_head_alone BEFORE INSERT ON {HEAD}
    BEGIN SELECT RAISE(ABORT, '{MOVE}'); END""",
}
# Of each function: whether it has its owner's rights, and its body.
_FUNCTIONS = {
    "audit_is_append_only": (
        False,
        f"""
    BEGIN
      RAISE EXCEPTION '{SENTENCE}' USING ERRCODE = 'integrity_constraint_violation';
    END """,
    ),
    "audit_moves_head": (
        True,
        f"""
    BEGIN
      UPDATE {HEAD} SET count = count + 1, entry = NEW.id, digest = NEW.digest
      WHERE id = 1 AND digest = NEW.previous AND entry + 1 = NEW.id;
      IF NOT FOUND THEN
        RAISE EXCEPTION '{LINK}' USING ERRCODE = 'integrity_constraint_violation';
      END IF;
      RETURN NEW;
    END """,
    ),
    # depth 1 is a plain UPDATE, 2 is one by the trigger above
    "audit_head_moves": (
        False,
        f"""
    BEGIN
      IF TG_OP <> 'UPDATE' OR pg_trigger_depth() < 2 THEN
        RAISE EXCEPTION '{MOVE}' USING ERRCODE = 'integrity_constraint_violation';
      END IF;
      RETURN NEW;
    END """,
    ),
}
_POSTGRESQL = {
    "audit_no_update": f"""CREATE TRIGGER audit_no_update BEFORE DELETE OR UPDATE
    ON {ENTRIES} FOR EACH ROW EXECUTE FUNCTION audit_is_append_only()""",
    "audit_no_truncate": f"""CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE
    ON {ENTRIES} FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()""",
    "audit_moves_head": f"""CREATE TRIGGER audit_moves_head BEFORE INSERT
    ON {ENTRIES} FOR EACH ROW EXECUTE FUNCTION audit_moves_head()""",
    "audit_head_moves": f"""CREATE TRIGGER audit_head_moves
    BEFORE INSERT OR DELETE OR UPDATE
    ON {HEAD} FOR EACH ROW EXECUTE FUNCTION audit_head_moves()""",
    "audit_head_no_truncate": f"""CREATE TRIGGER audit_head_no_truncate BEFORE TRUNCATE
    ON {HEAD} FOR EACH STATEMENT EXECUTE FUNCTION audit_head_moves()""",
}
_ALL = {"sqlite": _SQLITE, "postgresql": _POSTGRESQL}
_OF_TABLES = "tgrelid IN (to_regclass(%s), to_regclass(%s))"
# Name and definition of each trigger; what is not in force in every session is told
# with its state: 'D' is disabled, 'O' is passed by with session_replication_role.
_THERE = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
    " AND tbl_name IN (%s, %s)",
    "postgresql": "SELECT tgname, pg_get_triggerdef(oid, true)"
    " || CASE tgenabled WHEN 'A' THEN '' ELSE ' ' || tgenabled::text END"
    f" FROM pg_trigger WHERE NOT tgisinternal AND {_OF_TABLES}",
}
_SCHEMA = f"""SELECT quote_ident(nspname) FROM pg_namespace AS n
    JOIN pg_class AS c ON c.relnamespace = n.oid WHERE c.oid = '{ENTRIES}'::regclass"""
_BODIES = f"""SELECT DISTINCT p.proname, p.prosrc, p.prosecdef, l.lanname,
    array_to_string(p.proconfig, ';')
    FROM pg_trigger AS t JOIN pg_proc AS p ON p.oid = t.tgfoid
    JOIN pg_language AS l ON l.oid = p.prolang
    WHERE NOT tgisinternal AND {_OF_TABLES}"""
# A rule is asked before any trigger: DO INSTEAD NOTHING would swallow an entry. A
# policy hides rows; those of a table that inherits are shown with ours, unguarded.
_OTHERS = """WITH ours (id) AS (VALUES (%s::regclass::oid), (%s::regclass::oid))
    SELECT rulename::text FROM pg_rewrite WHERE ev_class IN (SELECT id FROM ours)
    UNION SELECT polname::text FROM pg_policy WHERE polrelid IN (SELECT id FROM ours)
    UNION SELECT inhrelid::regclass::text FROM pg_inherits
    WHERE inhparent IN (SELECT id FROM ours)"""


def unlike(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the names of triggers, functions and rules that are not as made here.

    Those that are missing, not in force in every session, defined otherwise, or none of
    ours; policies and tables that inherit, too.
    """
    with connection.cursor() as cursor:
        found = {name: _one_line(text) for name, text in _there(cursor, connection)}
        wanted = dict(_ALL[connection.vendor])
        if connection.vendor == "sqlite":
            # no guard, but what has its name could swallow entries before they are one
            wanted["audit_words"] = search_index.sqlite_trigger()
        wrong = {name for name in wanted if found.get(name) != _one_line(wanted[name])}
        wrong |= found.keys() - wanted.keys()
        if connection.vendor == "postgresql":
            wrong |= _functions_unlike(cursor)
            cursor.execute(_OTHERS, [ENTRIES, HEAD])
            wrong |= {row[0] for row in cursor.fetchall()}
    return sorted(wrong)


def may_be_dropped(connection: BaseDatabaseWrapper) -> bool:
    """Return whether this account of PostgreSQL has the rights of the trail's owner."""
    if connection.vendor != "postgresql":
        return False
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_has_role(relowner, 'USAGE') FROM pg_class"
            " WHERE oid = to_regclass(%s)",
            [ENTRIES],
        )
        return any(row[0] for row in cursor.fetchall())


def _there(
    cursor: CursorWrapper, connection: BaseDatabaseWrapper
) -> list[tuple[str, str]]:
    cursor.execute(_THERE[connection.vendor], [ENTRIES, HEAD])
    return list(cursor.fetchall())


def _one_line(statement: str) -> str:
    # bytes: what is a blank beyond ASCII is a letter of a name to a database
    return b" ".join(statement.encode().split()).decode()


def _functions_unlike(cursor: CursorWrapper) -> set[str]:
    path = f"search_path={_schema(cursor)}, pg_temp"
    cursor.execute(_BODIES, [ENTRIES, HEAD])
    found = {row[0]: row[1:] for row in cursor.fetchall()}
    wanted = {
        name: (body, definer, "plpgsql", path)
        for name, (definer, body) in _FUNCTIONS.items()
    }
    return {name for name in found if found[name] != wanted.get(name)}


def _schema(cursor: CursorWrapper) -> str:
    cursor.execute(_SCHEMA)
    return str(cursor.fetchone()[0])


def add(connection: BaseDatabaseWrapper) -> None:
    """Create the triggers that do not exist.

    Raises NotImplementedError for databases other than SQLite and PostgreSQL.
    """
    if connection.vendor not in _ALL:
        raise NotImplementedError(
            "novaweb keeps its audit trail in SQLite or PostgreSQL, not in"
            f" {connection.vendor}."
        )
    with connection.cursor() as cursor:
        there = {name for name, _ in _there(cursor, connection)}
        if connection.vendor == "postgresql":
            _add_functions(cursor)
        for name, statement in _ALL[connection.vendor].items():
            if name in there:
                continue
            cursor.execute(statement)
            if connection.vendor == "postgresql":
                table = _table(statement)
                cursor.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")


def _add_functions(cursor: CursorWrapper) -> None:
    schema = _schema(cursor)
    for name, (definer, body) in _FUNCTIONS.items():
        rights = "DEFINER" if definer else "INVOKER"
        cursor.execute(
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql"
            f" SECURITY {rights} SET search_path = {schema}, pg_temp AS $${body}$$"
        )


def drop(connection: BaseDatabaseWrapper) -> None:
    """Drop the triggers, for migrations and tests."""
    with connection.cursor() as cursor:
        there = {name for name, _ in _there(cursor, connection)}
        for name, statement in _ALL[connection.vendor].items():
            if name in there:
                postgresql = connection.vendor == "postgresql"
                on = f" ON {_table(statement)}" if postgresql else ""
                cursor.execute(f"DROP TRIGGER {name}{on}")


def _table(statement: str) -> str:
    return ENTRIES if f"ON {ENTRIES}" in statement else HEAD
