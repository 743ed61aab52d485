"""Failed tries to sign in, so that all web processes count them together."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """Two new tables."""

    dependencies: ClassVar = [
        ("migrations_app", "0025_policy_proposals"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="SignInTries",
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
                ("key", models.CharField(max_length=64, unique=True)),
                ("tries", models.PositiveIntegerField()),
                ("last_at", models.DateTimeField(db_index=True)),
                ("next_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="RefusedSignIns",
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
                ("minute", models.DateTimeField(unique=True)),
                ("entries", models.PositiveIntegerField(default=0)),
                ("counted", models.PositiveIntegerField(default=0)),
            ],
        ),
    ]
