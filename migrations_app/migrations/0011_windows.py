from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("migrations_app", "0010_audit_chain"),
    ]

    operations = [
        migrations.CreateModel(
            name="Window",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("maintenance", "maintenance window"),
                            ("freeze", "freeze"),
                        ],
                        max_length=20,
                    ),
                ),
                ("clouds", models.JSONField(blank=True, default=list)),
                ("zones", models.JSONField(blank=True, default=list)),
                ("hosts", models.JSONField(blank=True, default=list)),
                ("time_zone", models.CharField(max_length=64)),
                ("starts", models.CharField(max_length=19)),
                ("ends", models.CharField(max_length=19)),
                ("recurrence", models.CharField(blank=True, max_length=500)),
                ("exceptions", models.JSONField(blank=True, default=list)),
                ("reason", models.TextField()),
                ("uid", models.CharField(max_length=255, unique=True)),
                ("active", models.BooleanField(default=True)),
                ("version", models.PositiveIntegerField(default=1)),
                ("begins_at", models.DateTimeField()),
                ("over_at", models.DateTimeField(blank=True, null=True)),
                ("changed_by_name", models.CharField(max_length=150)),
                ("changed_at", models.DateTimeField()),
            ],
            options={
                "ordering": ("id",),
                "indexes": [
                    models.Index(
                        fields=["active", "over_at"],
                        name="migrations__active_8c990f_idx",
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="migrationrequest",
            name="differences",
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name="run",
            name="findings",
            field=models.JSONField(blank=True, default=list),
        ),
    ]
