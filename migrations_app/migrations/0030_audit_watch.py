"""The triggers of the trail are made anew, and what workers find of its proof is kept."""

from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from migrations_app.audit import triggers


def renew(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Have them fire in every session, with the rights that they need and no more."""
    triggers.drop(editor.connection)
    triggers.add(editor.connection)


class Migration(migrations.Migration):
    """There is no way back, on purpose."""

    dependencies: ClassVar = [
        ("migrations_app", "0028_sessions"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="AuditSignature",
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
                ("place", models.CharField(max_length=300)),
                ("day", models.DateField()),
                ("at", models.CharField(max_length=27)),
                ("count", models.BigIntegerField()),
                ("entry", models.BigIntegerField()),
                ("digest", models.CharField(max_length=64)),
                ("key", models.CharField(max_length=64)),
                ("signature", models.CharField(max_length=128)),
            ],
            options={
                "ordering": ("count", "id"),
                "constraints": [
                    models.UniqueConstraint(fields=("place", "day"), name="one_a_day")
                ],
            },
        ),
        migrations.CreateModel(
            name="AuditWatch",
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
                ("place", models.CharField(max_length=300, unique=True)),
                ("signs", models.BooleanField(default=False)),
                ("tended_at", models.DateTimeField(null=True)),
                ("signed_at", models.DateTimeField(null=True)),
                ("unsigned", models.TextField(blank=True)),
                ("looked_at", models.DateTimeField(null=True)),
                ("trouble", models.TextField(blank=True)),
                ("count", models.BigIntegerField(default=0)),
                ("entry", models.BigIntegerField(default=0)),
                ("digest", models.CharField(blank=True, max_length=64)),
                ("size", models.BigIntegerField(default=0)),
                ("sha256", models.CharField(blank=True, max_length=64)),
                (
                    "last",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="migrations_app.auditsignature",
                    ),
                ),
            ],
        ),
        migrations.RunPython(renew),
    ]
