from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("migrations_app", "0040_display")]

    operations = [
        migrations.AddField(
            model_name="migrationrequest",
            name="newest_migration",
            field=models.PositiveBigIntegerField(blank=True, null=True),
        ),
    ]
