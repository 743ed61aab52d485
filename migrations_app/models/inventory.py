"""novaweb's copy of the clouds: hosts, instances, groups, moves, and history."""

from __future__ import annotations

from django.db import models

from migrations_app.models.cloud import Cloud


class Hypervisor(models.Model):
    """A compute host as of ``seen_at``. ``host`` is its nova-compute's name.

    Memory in MiB, disk in GiB. Totals, reserved and used are placement's; capacity
    is (total - reserved) x ratio. ``stock`` has all of placement's classes: name ->
    total, reserved, ratio, used, max_unit, as ``interfaces.Stock``; empty where
    placement does not know the host. ``nova_…`` is what Nova itself counts
    (os-hypervisors up to 2.87), which knows no ratio; null where Nova does not tell.
    """

    cloud = models.ForeignKey(Cloud, on_delete=models.CASCADE)
    uuid = models.CharField(max_length=36)
    host = models.CharField(max_length=255)
    node = models.CharField(max_length=255)
    type = models.CharField(max_length=50, blank=True)
    version = models.IntegerField(default=0)
    zone = models.CharField(max_length=255, blank=True)
    aggregates = models.JSONField(default=list, blank=True)
    # ids of the projects that it is set aside for; empty: for all
    tenants = models.JSONField(default=list, blank=True)
    enabled = models.BooleanField(default=True)
    up = models.BooleanField(default=True)
    disabled_reason = models.CharField(max_length=255, blank=True)
    vcpus_total = models.IntegerField(default=0)
    vcpus_reserved = models.IntegerField(default=0)
    vcpus_ratio = models.FloatField(default=1.0)
    vcpus_used = models.IntegerField(default=0)
    # dedicated to one instance each (placement's PCPU)
    pcpus_total = models.IntegerField(default=0)
    pcpus_reserved = models.IntegerField(default=0)
    pcpus_ratio = models.FloatField(default=1.0)
    pcpus_used = models.IntegerField(default=0)
    memory_total = models.IntegerField(default=0)
    memory_reserved = models.IntegerField(default=0)
    memory_ratio = models.FloatField(default=1.0)
    memory_used = models.IntegerField(default=0)
    disk_total = models.IntegerField(default=0)
    disk_reserved = models.IntegerField(default=0)
    disk_ratio = models.FloatField(default=1.0)
    disk_used = models.IntegerField(default=0)
    stock = models.JSONField(default=dict, blank=True)
    nova_vcpus = models.IntegerField(null=True, blank=True)
    nova_vcpus_used = models.IntegerField(null=True, blank=True)
    nova_memory = models.IntegerField(null=True, blank=True)
    nova_memory_used = models.IntegerField(null=True, blank=True)
    nova_disk = models.IntegerField(null=True, blank=True)
    nova_disk_used = models.IntegerField(null=True, blank=True)
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
        """VCPUs that can be allocated in total."""
        return int((self.vcpus_total - self.vcpus_reserved) * self.vcpus_ratio)

    @property
    def pcpus_capacity(self) -> int:
        """Dedicated CPUs that can be allocated in total."""
        return int((self.pcpus_total - self.pcpus_reserved) * self.pcpus_ratio)

    @property
    def memory_capacity(self) -> int:
        """MiB of memory that can be allocated in total."""
        return int((self.memory_total - self.memory_reserved) * self.memory_ratio)

    @property
    def disk_capacity(self) -> int:
        """GiB of disk that can be allocated in total."""
        return int((self.disk_total - self.disk_reserved) * self.disk_ratio)


class Instance(models.Model):
    """A Nova server as of ``seen_at``. Memory and swap in MiB, disk in GiB.

    ``disk`` is the disk allocated on its host in Placement, ``flavor_disk`` the disk of
    its flavor (root and ephemeral): Nova counts that even for an instance that boots
    from a volume.
    """

    cloud = models.ForeignKey(Cloud, on_delete=models.CASCADE)
    uuid = models.CharField(max_length=36)
    name = models.CharField(max_length=255)
    project_id = models.CharField(max_length=64)
    project_name = models.CharField(max_length=255, blank=True)
    host = models.CharField(max_length=255, blank=True)
    zone = models.CharField(max_length=255, blank=True)
    # the zone that it was asked to stay in; empty: it may leave
    pinned_zone = models.CharField(max_length=255, blank=True)
    # UUID of its server group; empty: in none
    group = models.CharField(max_length=36, blank=True)
    status = models.CharField(max_length=50)
    vm_state = models.CharField(max_length=50, blank=True)
    task_state = models.CharField(max_length=50, blank=True)
    power_state = models.IntegerField(default=0)
    flavor_name = models.CharField(max_length=255)
    vcpus = models.IntegerField()
    memory = models.IntegerField()
    disk = models.IntegerField()
    flavor_disk = models.IntegerField(default=0)
    # what placement charges for it on one host: resource class -> amount
    resources = models.JSONField(default=dict, blank=True)
    config_drive = models.BooleanField(default=False)
    volume_backed = models.BooleanField(default=False)
    # its own, fixed and floating; UUIDs of its image and of its volumes
    addresses = models.JSONField(default=list, blank=True)
    image = models.CharField(max_length=36, blank=True)
    volumes = models.JSONField(default=list, blank=True)
    locked = models.BooleanField(default=False)
    created_at = models.DateTimeField(null=True, blank=True)
    # when Nova last changed its record of it
    updated_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField()

    class Meta:
        ordering = ("name", "uuid")
        constraints = (
            # the UUID first: an address has it without a cloud
            models.UniqueConstraint(
                fields=("uuid", "cloud"), name="one_instance_per_uuid"
            ),
        )
        indexes = (
            models.Index(fields=("cloud", "host")),
            models.Index(fields=("cloud", "group")),
            models.Index(fields=("name", "uuid")),
            models.Index(fields=("project_id",)),
            models.Index(fields=("status",)),
            # the largest flavor in use
            models.Index(fields=("memory", "vcpus", "disk")),
        )

    def __str__(self) -> str:
        return self.name


class ServerGroup(models.Model):
    """A server group as of ``seen_at``; its members are the instances that name it."""

    cloud = models.ForeignKey(Cloud, on_delete=models.CASCADE)
    uuid = models.CharField(max_length=36)
    name = models.CharField(max_length=255)
    # affinity, anti-affinity, soft-affinity, soft-anti-affinity
    policy = models.CharField(max_length=255)
    # of an anti-affinity group: so many members one host may have
    max_per_host = models.IntegerField(default=1)
    seen_at = models.DateTimeField()

    class Meta:
        ordering = ("name", "uuid")
        constraints = (
            models.UniqueConstraint(fields=("cloud", "uuid"), name="one_group_a_uuid"),
        )

    def __str__(self) -> str:
        return self.name


class NovaMigration(models.Model):
    """Nova's record of a move: running ones, and those ended within a day.

    ``number`` is Nova's id, unique only in its cell; hosts may be empty until the
    scheduler has chosen.
    """

    cloud = models.ForeignKey(Cloud, on_delete=models.CASCADE)
    number = models.BigIntegerField()
    uuid = models.CharField(max_length=36)
    instance = models.CharField(max_length=36)
    # live-migration, migration, resize, evacuation
    type = models.CharField(max_length=50)
    status = models.CharField(max_length=50)
    source = models.CharField(max_length=255, blank=True)
    target = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-created_at", "-number")
        constraints = (
            models.UniqueConstraint(fields=("cloud", "uuid"), name="one_nova_move"),
        )
        indexes = (
            models.Index(fields=("cloud", "instance")),
            models.Index(fields=("cloud", "source")),
            models.Index(fields=("cloud", "target")),
        )

    def __str__(self) -> str:
        return f"{self.type} of {self.instance} from {self.source} to {self.target}"


class Snapshot(models.Model):
    """Capacity and usage of a host at one time, or the maximum of an hour or a day.

    ``grain`` in minutes: 5 (read at ``at``), 60 or 1440 (the highest of each figure in
    the UTC hour or day that starts at ``at``).
    """

    cloud = models.ForeignKey(Cloud, on_delete=models.CASCADE)
    host = models.CharField(max_length=255)
    grain = models.IntegerField(default=5)
    at = models.DateTimeField()
    instances = models.IntegerField()
    vcpus_capacity = models.IntegerField()
    vcpus_used = models.IntegerField()
    pcpus_capacity = models.IntegerField(default=0)  # dedicated to instances
    pcpus_used = models.IntegerField(default=0)
    memory_capacity = models.IntegerField()
    memory_used = models.IntegerField()
    disk_capacity = models.IntegerField()
    disk_used = models.IntegerField()

    class Meta:
        ordering = ("at",)
        constraints = (
            models.UniqueConstraint(
                fields=("cloud", "host", "grain", "at"), name="one_snapshot_a_moment"
            ),
        )
        indexes = (models.Index(fields=("cloud", "grain", "at")),)

    def __str__(self) -> str:
        return f"{self.host} at {self.at:%F %T}"
