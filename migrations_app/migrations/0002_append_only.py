"""The audit trail refuses every UPDATE and DELETE, by trigger."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

TABLE = "migrations_app_auditentry"
SENTENCE = "the audit trail is append-only"

SQLITE = [
    f"""CREATE TRIGGER audit_no_{verb.lower()} BEFORE {verb} ON {TABLE}
    BEGIN SELECT RAISE(ABORT, '{SENTENCE}'); END"""
    for verb in ("UPDATE", "DELETE")
]
POSTGRESQL = [
    f"""CREATE FUNCTION audit_is_append_only() RETURNS trigger AS $$
    BEGIN RAISE EXCEPTION '{SENTENCE}' USING ERRCODE = 'integrity_constraint_violation';
    END $$ LANGUAGE plpgsql""",
    f"""CREATE TRIGGER audit_no_update BEFORE UPDATE OR DELETE ON {TABLE}
    FOR EACH ROW EXECUTE FUNCTION audit_is_append_only()""",
    f"""CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON {TABLE}
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()""",
]
STATEMENTS = {"sqlite": SQLITE, "postgresql": POSTGRESQL}


def add_triggers(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Make the table append-only. Refuses a database that we have no triggers for."""
    vendor = editor.connection.vendor
    if vendor not in STATEMENTS:
        raise NotImplementedError(
            f"novaweb keeps its audit trail in SQLite or PostgreSQL, not in {vendor}."
        )
    for statement in STATEMENTS[vendor]:
        editor.execute(statement)


class Migration(migrations.Migration):
    """Triggers on the audit trail. There is no way back, on purpose."""

    dependencies: ClassVar = [("migrations_app", "0001_initial")]
    operations: ClassVar = [migrations.RunPython(add_triggers)]
