"""Items that could not be served are noted, in whichever lane."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """A table of its own, empty at first."""

    dependencies: ClassVar = [
        ("migrations_app", "0032_external_identity"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="FailedItem",
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
                ("lane", models.CharField(max_length=20)),
                ("item", models.CharField(max_length=255)),
                ("number", models.BigIntegerField(blank=True, null=True)),
                ("sentence", models.TextField()),
                ("first_at", models.DateTimeField()),
                ("last_at", models.DateTimeField()),
                ("again_at", models.DateTimeField()),
                ("times", models.PositiveIntegerField(default=1)),
            ],
            options={
                "ordering": ("lane", "item"),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("lane", "item"), name="one_failure_an_item"
                    )
                ],
            },
        ),
    ]
