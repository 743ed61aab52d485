"""Triggers that make the audit trail append-only, for SQLite and PostgreSQL.

Entries are appended to the head of the chain and never changed or removed; the head
changes only with each new entry. Migration 0010 creates the triggers; to change one,
write a migration that drops and adds them.
"""

from __future__ import annotations

# ruff: noqa: S608 - the names in these statements are our own
from django.db.backends.base.base import BaseDatabaseWrapper

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
_FUNCTIONS = {
    "audit_is_append_only": f"""CREATE OR REPLACE FUNCTION audit_is_append_only()
    RETURNS trigger AS $$
    BEGIN
      RAISE EXCEPTION '{SENTENCE}' USING ERRCODE = 'integrity_constraint_violation';
    END $$ LANGUAGE plpgsql""",
    "audit_moves_head": f"""CREATE OR REPLACE FUNCTION audit_moves_head()
    RETURNS trigger AS $$
    BEGIN
      UPDATE {HEAD} SET count = count + 1, entry = NEW.id, digest = NEW.digest
      WHERE id = 1 AND digest = NEW.previous AND entry + 1 = NEW.id;
      IF NOT FOUND THEN
        RAISE EXCEPTION '{LINK}' USING ERRCODE = 'integrity_constraint_violation';
      END IF;
      RETURN NEW;
    END $$ LANGUAGE plpgsql""",
    # depth 1 is a plain UPDATE, 2 is one by the trigger above
    "audit_head_moves": f"""CREATE OR REPLACE FUNCTION audit_head_moves()
    RETURNS trigger AS $$
    BEGIN
      IF TG_OP <> 'UPDATE' OR pg_trigger_depth() < 2 THEN
        RAISE EXCEPTION '{MOVE}' USING ERRCODE = 'integrity_constraint_violation';
      END IF;
      RETURN NEW;
    END $$ LANGUAGE plpgsql""",
}
_POSTGRESQL = {
    "audit_no_update": f"""CREATE TRIGGER audit_no_update BEFORE UPDATE OR DELETE
    ON {ENTRIES} FOR EACH ROW EXECUTE FUNCTION audit_is_append_only()""",
    "audit_no_truncate": f"""CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE
    ON {ENTRIES} FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()""",
    "audit_moves_head": f"""CREATE TRIGGER audit_moves_head BEFORE INSERT
    ON {ENTRIES} FOR EACH ROW EXECUTE FUNCTION audit_moves_head()""",
    "audit_head_moves": f"""CREATE TRIGGER audit_head_moves
    BEFORE INSERT OR UPDATE OR DELETE
    ON {HEAD} FOR EACH ROW EXECUTE FUNCTION audit_head_moves()""",
    "audit_head_no_truncate": f"""CREATE TRIGGER audit_head_no_truncate BEFORE TRUNCATE
    ON {HEAD} FOR EACH STATEMENT EXECUTE FUNCTION audit_head_moves()""",
}
_ALL = {"sqlite": _SQLITE, "postgresql": _POSTGRESQL}
_THERE = {
    "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    " AND tbl_name IN (%s, %s)",
    # 'D' is one that ALTER TABLE … DISABLE TRIGGER has put out of force
    "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
    " AND tgenabled IN ('O', 'A') AND tgrelid IN (to_regclass(%s), to_regclass(%s))",
}


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """Return the names of the triggers that do not exist or are disabled."""
    with connection.cursor() as cursor:
        cursor.execute(_THERE[connection.vendor], [ENTRIES, HEAD])
        there = {row[0] for row in cursor.fetchall()}
    return sorted(set(_ALL[connection.vendor]) - there)


def add(connection: BaseDatabaseWrapper) -> None:
    """Create the missing triggers.

    Raises NotImplementedError for databases other than SQLite and PostgreSQL.
    """
    if connection.vendor not in _ALL:
        raise NotImplementedError(
            "novaweb keeps its audit trail in SQLite or PostgreSQL, not in"
            f" {connection.vendor}."
        )
    lacking = missing(connection)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            for statement in _FUNCTIONS.values():
                cursor.execute(statement)
        for name in lacking:
            cursor.execute(_ALL[connection.vendor][name])


def drop(connection: BaseDatabaseWrapper) -> None:
    """Drop the triggers, for migrations and tests."""
    lacking = missing(connection)
    with connection.cursor() as cursor:
        for name, statement in _ALL[connection.vendor].items():
            if name in lacking:
                continue
            table = ENTRIES if f"ON {ENTRIES}" in statement else HEAD
            on = f" ON {table}" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER {name}{on}")
