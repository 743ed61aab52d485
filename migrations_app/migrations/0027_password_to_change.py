"""Passwords that somebody else set: from now on, of no account that there is."""

from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """One new table."""

    dependencies: ClassVar = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("migrations_app", "0026_sign_in_throttle"),
    ]

    operations: ClassVar = [
        migrations.CreateModel(
            name="PasswordToChange",
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
                    "person",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="password_to_change",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("set_by_name", models.CharField(max_length=150)),
                ("set_at", models.DateTimeField()),
            ],
        ),
    ]
