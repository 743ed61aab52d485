"""Dedicated CPUs of hosts, which the next reading of each cloud fills in."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """Four columns beside those of the other classes."""

    dependencies: ClassVar = [
        ("migrations_app", "0021_state_names"),
    ]

    operations: ClassVar = [
        migrations.AddField(
            model_name="hypervisor",
            name="pcpus_total",
            field=models.IntegerField(default=0),
        ),
        migrations.AddField(
            model_name="hypervisor",
            name="pcpus_reserved",
            field=models.IntegerField(default=0),
        ),
        migrations.AddField(
            model_name="hypervisor",
            name="pcpus_ratio",
            field=models.FloatField(default=1.0),
        ),
        migrations.AddField(
            model_name="hypervisor",
            name="pcpus_used",
            field=models.IntegerField(default=0),
        ),
    ]
