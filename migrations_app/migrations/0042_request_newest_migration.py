from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("migrations_app", "0041_account_to_confirm")]

    operations = [
        migrations.AddField(
            model_name="migrationrequest",
            name="newest_migration",
            field=models.PositiveBigIntegerField(blank=True, null=True),
        ),
    ]
