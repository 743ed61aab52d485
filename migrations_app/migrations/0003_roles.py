"""The four roles, as groups, and the pacer's one row."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def add_rows(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Add what must be there from the first day."""
    for name in ("requester", "approver", "operator", "auditor"):
        apps.get_model("auth", "Group").objects.get_or_create(name=name)
    apps.get_model("migrations_app", "Pacer").objects.get_or_create(pk=1)


class Migration(migrations.Migration):
    """Roles and the pacer's row."""

    dependencies: ClassVar = [
        ("migrations_app", "0002_append_only"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]
    operations: ClassVar = [
        migrations.RunPython(add_rows, migrations.RunPython.noop, elidable=False)
    ]
