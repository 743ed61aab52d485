"""Measurements of the copy speed between hosts."""

from __future__ import annotations

from django.db import models

from migrations_app.models.cloud import Cloud


class CopySpeed(models.Model):
    """One measurement: requested, running or ended.

    Only inventory/copy_speeds/ writes it. It has ended when ``at`` is set: then either
    ``mbit`` has the speed, or ``trouble`` the error. ``token`` marks its files on the
    hosts; one measurement at a time runs in a cloud.
    """

    cloud = models.ForeignKey(Cloud, on_delete=models.CASCADE)
    source = models.CharField(max_length=255)
    target = models.CharField(max_length=255)
    mbit = models.PositiveIntegerField(null=True, blank=True)
    at = models.DateTimeField(null=True, blank=True)
    trouble = models.TextField(blank=True)
    # The newest that went well, of its pair: what estimates are made with.
    latest = models.BooleanField(default=False)
    asked_by_name = models.CharField(max_length=150)
    asked_at = models.DateTimeField()
    begun_at = models.DateTimeField(null=True, blank=True)
    token = models.CharField(max_length=8)
    # When it is to be looked at next; null when it is over.
    look_again_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("cloud", "source", "target"),
                condition=models.Q(at=None),
                name="one_open_measurement_a_pair",
            ),
            models.UniqueConstraint(
                fields=("cloud",),
                condition=models.Q(at=None, begun_at__isnull=False),
                name="one_measurement_at_a_time",
            ),
        )
        indexes = (
            models.Index(fields=("look_again_at",)),
            models.Index(fields=("cloud", "latest")),
            models.Index(fields=("cloud", "source", "target", "-id")),
        )

    def __str__(self) -> str:
        return f"{self.source} to {self.target}: {self.mbit or 'not known'}"
