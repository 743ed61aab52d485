"""The inventory has what a move of many needs to know, and a history in three grains.

The new columns are filled by the next reading of each cloud, which is a full one.
"""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("migrations_app", "0014_trail"),
    ]

    operations = [
        migrations.CreateModel(
            name="NovaMigration",
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
                ("number", models.BigIntegerField()),
                ("uuid", models.CharField(max_length=36)),
                ("instance", models.CharField(max_length=36)),
                ("type", models.CharField(max_length=50)),
                ("status", models.CharField(max_length=50)),
                ("source", models.CharField(blank=True, max_length=255)),
                ("target", models.CharField(blank=True, max_length=255)),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "ordering": ("-created_at", "-number"),
            },
        ),
        migrations.CreateModel(
            name="ServerGroup",
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
                ("uuid", models.CharField(max_length=36)),
                ("name", models.CharField(max_length=255)),
                ("policy", models.CharField(max_length=255)),
                ("max_per_host", models.IntegerField(default=1)),
                ("seen_at", models.DateTimeField()),
            ],
            options={
                "ordering": ("name", "uuid"),
            },
        ),
        migrations.RemoveIndex(
            model_name="snapshot",
            name="migrations__cloud_i_72bc5b_idx",
        ),
        migrations.AddField(
            model_name="cloud",
            name="changes_until",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="cloud",
            name="full_scan_asked",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="cloud",
            name="full_scan_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="cloud",
            name="full_scan_seconds",
            field=models.FloatField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="cloud",
            name="layout_read_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="cloud",
            name="sync_seconds",
            field=models.FloatField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="hypervisor",
            name="nova_disk",
            field=models.IntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="hypervisor",
            name="nova_disk_used",
            field=models.IntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="hypervisor",
            name="nova_memory",
            field=models.IntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="hypervisor",
            name="nova_memory_used",
            field=models.IntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="hypervisor",
            name="nova_vcpus",
            field=models.IntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="hypervisor",
            name="nova_vcpus_used",
            field=models.IntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="hypervisor",
            name="stock",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name="hypervisor",
            name="tenants",
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name="instance",
            name="flavor_disk",
            field=models.IntegerField(default=0),
        ),
        migrations.AddField(
            model_name="instance",
            name="group",
            field=models.CharField(blank=True, db_index=True, max_length=36),
        ),
        migrations.AddField(
            model_name="instance",
            name="pinned_zone",
            field=models.CharField(blank=True, max_length=255),
        ),
        migrations.AddField(
            model_name="instance",
            name="resources",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name="instance",
            name="updated_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="instance",
            name="vm_state",
            field=models.CharField(blank=True, max_length=50),
        ),
        migrations.AddField(
            model_name="snapshot",
            name="grain",
            field=models.IntegerField(default=5),
        ),
        migrations.AddIndex(
            model_name="snapshot",
            index=models.Index(
                fields=["cloud", "grain", "at"], name="migrations__cloud_i_f6f3a9_idx"
            ),
        ),
        migrations.AddConstraint(
            model_name="snapshot",
            constraint=models.UniqueConstraint(
                fields=("cloud", "host", "grain", "at"), name="one_snapshot_a_moment"
            ),
        ),
        migrations.AddField(
            model_name="novamigration",
            name="cloud",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, to="migrations_app.cloud"
            ),
        ),
        migrations.AddField(
            model_name="servergroup",
            name="cloud",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, to="migrations_app.cloud"
            ),
        ),
        migrations.AddIndex(
            model_name="novamigration",
            index=models.Index(
                fields=["cloud", "instance"], name="migrations__cloud_i_ecbc9c_idx"
            ),
        ),
        migrations.AddIndex(
            model_name="novamigration",
            index=models.Index(
                fields=["cloud", "source"], name="migrations__cloud_i_fea188_idx"
            ),
        ),
        migrations.AddIndex(
            model_name="novamigration",
            index=models.Index(
                fields=["cloud", "target"], name="migrations__cloud_i_fd50c1_idx"
            ),
        ),
        migrations.AddConstraint(
            model_name="novamigration",
            constraint=models.UniqueConstraint(
                fields=("cloud", "uuid"), name="one_nova_move"
            ),
        ),
        migrations.AddConstraint(
            model_name="servergroup",
            constraint=models.UniqueConstraint(
                fields=("cloud", "uuid"), name="one_group_a_uuid"
            ),
        ),
    ]
