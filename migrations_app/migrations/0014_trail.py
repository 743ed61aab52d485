"""Searches are kept, removals noted, and the trail gets its indexes, that of words too.

On a large trail this takes a while: PostgreSQL writes the table anew (about a minute
for a million entries), and nobody can add an entry meanwhile.
"""

from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from migrations_app.audit import search_index


def index_words(apps: StateApps, editor: BaseDatabaseSchemaEditor) -> None:
    """Have the database index the words of each entry, of those that are there too."""
    for statement in search_index.STATEMENTS[editor.connection.vendor]():
        # given apart from any parameters: a per cent sign is one
        with editor.connection.cursor() as cursor:
            cursor.execute(statement)


class Migration(migrations.Migration):
    """The indexes of searches. There is no way back."""

    dependencies: ClassVar = [
        ("migrations_app", "0013_notices"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="Removal",
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
                ("what", models.CharField(max_length=20)),
                ("count", models.BigIntegerField()),
                ("sha256", models.CharField(blank=True, max_length=64)),
                ("at", models.DateTimeField()),
            ],
            options={
                "ordering": ("id",),
            },
        ),
        migrations.CreateModel(
            name="SavedSearch",
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
                ("name", models.CharField(max_length=100)),
                ("filters", models.JSONField()),
                ("shared", models.BooleanField(default=False)),
                ("owner_name", models.CharField(max_length=150)),
                ("made_at", models.DateTimeField()),
            ],
            options={
                "verbose_name_plural": "saved searches",
                "ordering": ("name", "id"),
            },
        ),
        migrations.RemoveIndex(
            model_name="auditentry",
            name="migrations__instanc_d20994_idx",
        ),
        migrations.RemoveIndex(
            model_name="auditentry",
            name="migrations__source_6a7a00_idx",
        ),
        migrations.RemoveIndex(
            model_name="auditentry",
            name="migrations__target_1efaeb_idx",
        ),
        migrations.RemoveIndex(
            model_name="auditentry",
            name="migrations__actor_n_5c8ae1_idx",
        ),
        migrations.RemoveIndex(
            model_name="auditentry",
            name="migrations__ticket_e45271_idx",
        ),
        migrations.RemoveIndex(
            model_name="auditentry",
            name="migrations__verb_a9ed59_idx",
        ),
        migrations.RemoveIndex(
            model_name="auditentry",
            name="migrations__request_348a35_idx",
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(
                fields=["instance", "id"], name="migrations__instanc_ac0fa6_idx"
            ),
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(
                fields=["instance_name", "id"], name="migrations__instanc_9d0782_idx"
            ),
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(
                fields=["source", "id"], name="migrations__source_05aa10_idx"
            ),
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(
                fields=["target", "id"], name="migrations__target_347d43_idx"
            ),
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(
                fields=["actor_name", "id"], name="migrations__actor_n_51b80f_idx"
            ),
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(
                fields=["ticket", "id"], name="migrations__ticket_aebd4b_idx"
            ),
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(
                fields=["verb", "id"], name="migrations__verb_4ac6dd_idx"
            ),
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(
                fields=["request_number", "id"], name="migrations__request_4de942_idx"
            ),
        ),
        migrations.AddIndex(
            model_name="auditentry",
            index=models.Index(fields=["act", "id"], name="migrations__act_e78398_idx"),
        ),
        migrations.AddField(
            model_name="removal",
            name="run",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="removals",
                to="migrations_app.run",
            ),
        ),
        migrations.AddField(
            model_name="savedsearch",
            name="owner",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="saved_searches",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="removal",
            constraint=models.UniqueConstraint(
                fields=("run", "what"), name="removed_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="savedsearch",
            constraint=models.UniqueConstraint(
                fields=("owner", "name"), name="one_search_of_a_name"
            ),
        ),
        migrations.RunPython(index_words),
    ]
