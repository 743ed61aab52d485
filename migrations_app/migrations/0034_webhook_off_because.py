from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("migrations_app", "0033_failed_items")]

    operations = [
        migrations.AddField(
            model_name="webhook",
            name="off_because",
            field=models.CharField(blank=True, max_length=300),
        ),
    ]
