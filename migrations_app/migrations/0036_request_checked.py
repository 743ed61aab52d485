from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("migrations_app", "0035_instance_details")]

    operations = [
        migrations.AddField(
            model_name="migrationrequest",
            name="checked",
            field=models.JSONField(blank=True, default=dict),
        ),
    ]
