from __future__ import annotations

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("migrations_app", "0037_kept_answers"),
    ]

    operations = [
        migrations.CreateModel(
            name="Display",
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
                ("time_zone", models.CharField(blank=True, max_length=100)),
                (
                    "dates",
                    models.CharField(
                        choices=[
                            ("iso", "2026-07-01 14:30"),
                            ("locale", "as the browser writes it"),
                        ],
                        default="iso",
                        max_length=10,
                    ),
                ),
                ("rows", models.PositiveSmallIntegerField(default=0)),
                (
                    "theme",
                    models.CharField(
                        blank=True,
                        choices=[("light", "light"), ("dark", "dark")],
                        max_length=10,
                    ),
                ),
                (
                    "person",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="display",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
    ]
