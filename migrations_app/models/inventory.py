"""Our copy of what the clouds hold: hypervisors, instances, and snapshots of usage."""

from __future__ import annotations

from django.db import models

from migrations_app.models.cloud import Cloud


class Hypervisor(models.Model):
    """A compute host as of ``seen_at``. ``host`` is its nova-compute's name.

    Memory in MiB, disk in GiB. Totals, reserved and used are placement's; capacity
    is (total - reserved) x ratio.
    """

    cloud = models.ForeignKey(Cloud, on_delete=models.CASCADE)
    uuid = models.CharField(max_length=36)
    host = models.CharField(max_length=255)
    node = models.CharField(max_length=255)
    type = models.CharField(max_length=50, blank=True)
    version = models.IntegerField(default=0)
    zone = models.CharField(max_length=255, blank=True)
    aggregates = models.JSONField(default=list, blank=True)
    enabled = models.BooleanField(default=True)
    up = models.BooleanField(default=True)
    disabled_reason = models.CharField(max_length=255, blank=True)
    vcpus_total = models.IntegerField(default=0)
    vcpus_reserved = models.IntegerField(default=0)
    vcpus_ratio = models.FloatField(default=1.0)
    vcpus_used = models.IntegerField(default=0)
    memory_total = models.IntegerField(default=0)
    memory_reserved = models.IntegerField(default=0)
    memory_ratio = models.FloatField(default=1.0)
    memory_used = models.IntegerField(default=0)
    disk_total = models.IntegerField(default=0)
    disk_reserved = models.IntegerField(default=0)
    disk_ratio = models.FloatField(default=1.0)
    disk_used = models.IntegerField(default=0)
    seen_at = models.DateTimeField()

    class Meta:
        ordering = ("host",)
        constraints = (
            models.UniqueConstraint(
                fields=("cloud", "uuid"), name="one_hypervisor_per_uuid"
            ),
        )
        indexes = (models.Index(fields=("cloud", "host")),)

    def __str__(self) -> str:
        return self.host

    @property
    def vcpus_capacity(self) -> int:
        """VCPUs that may be allocated in all."""
        return int((self.vcpus_total - self.vcpus_reserved) * self.vcpus_ratio)

    @property
    def memory_capacity(self) -> int:
        """MiB of memory that may be allocated in all."""
        return int((self.memory_total - self.memory_reserved) * self.memory_ratio)

    @property
    def disk_capacity(self) -> int:
        """GiB of disk that may be allocated in all."""
        return int((self.disk_total - self.disk_reserved) * self.disk_ratio)


class Instance(models.Model):
    """A Nova server as of ``seen_at``. Memory and swap in MiB, disk in GiB."""

    cloud = models.ForeignKey(Cloud, on_delete=models.CASCADE)
    uuid = models.CharField(max_length=36)
    name = models.CharField(max_length=255)
    project_id = models.CharField(max_length=64)
    project_name = models.CharField(max_length=255, blank=True)
    host = models.CharField(max_length=255, blank=True)
    zone = models.CharField(max_length=255, blank=True)
    status = models.CharField(max_length=50)
    task_state = models.CharField(max_length=50, blank=True)
    power_state = models.IntegerField(default=0)
    flavor_name = models.CharField(max_length=255)
    vcpus = models.IntegerField()
    memory = models.IntegerField()
    disk = models.IntegerField()
    config_drive = models.BooleanField(default=False)
    volume_backed = models.BooleanField(default=False)
    locked = models.BooleanField(default=False)
    created_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField()

    class Meta:
        ordering = ("name", "uuid")
        constraints = (
            models.UniqueConstraint(
                fields=("cloud", "uuid"), name="one_instance_per_uuid"
            ),
        )
        indexes = (
            models.Index(fields=("cloud", "host")),
            models.Index(fields=("name", "uuid")),
            models.Index(fields=("project_id",)),
            models.Index(fields=("status",)),
        )

    def __str__(self) -> str:
        return self.name


class Snapshot(models.Model):
    """What one host had and used at one moment."""

    cloud = models.ForeignKey(Cloud, on_delete=models.CASCADE)
    host = models.CharField(max_length=255)
    at = models.DateTimeField()
    instances = models.IntegerField()
    vcpus_capacity = models.IntegerField()
    vcpus_used = models.IntegerField()
    memory_capacity = models.IntegerField()
    memory_used = models.IntegerField()
    disk_capacity = models.IntegerField()
    disk_used = models.IntegerField()

    class Meta:
        ordering = ("at",)
        indexes = (models.Index(fields=("cloud", "host", "at")),)

    def __str__(self) -> str:
        return f"{self.host} at {self.at:%F %T}"
