"""Tokens get a scope: those that there are may no longer decide."""

from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def give_scopes(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Let each token read and request, as programs that watch and ask need it."""
    tokens = apps.get_model("knox", "AuthToken")
    scopes = apps.get_model("migrations_app", "TokenScope")
    scopes.objects.bulk_create(
        scopes(token_id=digest, scope="ask")
        for digest in tokens.objects.values_list("pk", flat=True)
    )


class Migration(migrations.Migration):
    """One table beside knox's."""

    dependencies: ClassVar = [
        ("migrations_app", "0023_history_of_pcpus"),
        ("knox", "0009_extend_authtoken_field"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="TokenScope",
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
                (
                    "scope",
                    models.CharField(
                        choices=[
                            ("read", "read"),
                            ("ask", "read and request"),
                            ("decide", "read, request and decide"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "token",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="granted",
                        to="knox.authtoken",
                    ),
                ),
            ],
        ),
        migrations.RunPython(give_scopes, migrations.RunPython.noop, elidable=False),
    ]
