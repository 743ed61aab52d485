from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("migrations_app", "0034_webhook_off_because")]

    operations = [
        migrations.AddField(
            model_name="instance",
            name="addresses",
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name="instance",
            name="image",
            field=models.CharField(blank=True, max_length=36),
        ),
        migrations.AddField(
            model_name="instance",
            name="volumes",
            field=models.JSONField(blank=True, default=list),
        ),
    ]
