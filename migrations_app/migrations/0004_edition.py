"""Which plan of its request a plan is, so that void approvals stay void."""

from __future__ import annotations

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):
    """One more column."""

    dependencies: ClassVar = [("migrations_app", "0003_roles")]
    operations: ClassVar = [
        migrations.AddField(
            model_name="migrationrequest",
            name="edition",
            field=models.PositiveIntegerField(default=1),
        )
    ]
