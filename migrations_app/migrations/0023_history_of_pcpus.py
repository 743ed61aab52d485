"""The history of dedicated CPUs, which begins with the next reading of each cloud."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """Two columns beside those of the other classes."""

    dependencies: ClassVar = [
        ("migrations_app", "0022_dedicated_cpus"),
    ]

    operations: ClassVar = [
        migrations.AddField(
            model_name="snapshot",
            name="pcpus_capacity",
            field=models.IntegerField(default=0),
        ),
        migrations.AddField(
            model_name="snapshot",
            name="pcpus_used",
            field=models.IntegerField(default=0),
        ),
    ]
