"""Audit entries are chained, those that are there as well, and the chain has a head."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from migrations_app.audit import hashing, triggers


def chain(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Chain what was written before there was a chain, and put the triggers in force."""
    entries = apps.get_model("migrations_app", "AuditEntry").objects
    triggers.drop(editor.connection)
    count, last, previous = 0, 0, hashing.GENESIS
    for entry in entries.order_by("id").iterator(chunk_size=1000):
        found = hashing.digest(previous, hashing.content(hashing.fields_of(entry)))
        entries.filter(pk=entry.pk).update(previous=previous, digest=found)
        count, last, previous = count + 1, entry.pk, found
    apps.get_model("migrations_app", "AuditHead").objects.create(
        pk=1, count=count, entry=last, digest=previous
    )
    triggers.add(editor.connection)


class Migration(migrations.Migration):
    """There is no way back, on purpose."""

    dependencies: ClassVar = [("migrations_app", "0009_aside")]
    operations: ClassVar = [
        migrations.CreateModel(
            name="AuditHead",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("count", models.BigIntegerField(default=0)),
                ("entry", models.BigIntegerField(default=0)),
                ("digest", models.CharField(max_length=64)),
            ],
        ),
        migrations.RunPython(chain),
    ]
