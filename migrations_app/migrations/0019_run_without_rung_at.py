"""When a run's bell was rung is kept no more: nothing has read or written it."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations


class Migration(migrations.Migration):
    """The column goes; what was in it was always empty."""

    dependencies: ClassVar = [
        ("migrations_app", "0018_instances_are_found"),
    ]

    operations: ClassVar = [
        migrations.RemoveField(model_name="run", name="rung_at"),
    ]
