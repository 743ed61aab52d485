"""Broken glass is called an emergency start in the administration, too."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    """The name alone: table, columns and permissions stay."""

    dependencies: ClassVar = [
        ("migrations_app", "0019_run_without_rung_at"),
    ]

    operations: ClassVar = [
        migrations.AlterModelOptions(
            name="brokenglass",
            options={"ordering": ("-id",), "verbose_name": "emergency start"},
        ),
    ]
