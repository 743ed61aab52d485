"""The configured clouds."""

from __future__ import annotations

from django.db import models


class Cloud(models.Model):
    """A Nova endpoint, by its name in clouds.yaml, and the age of its copy."""

    name = models.CharField(max_length=100, unique=True)
    synced_at = models.DateTimeField(null=True, blank=True)
    # When the last sync began; a sync that died leaves it set and is overtaken.
    sync_began_at = models.DateTimeField(null=True, blank=True)
    # When the last full scan that went well began; null: there was none.
    full_scan_at = models.DateTimeField(null=True, blank=True)
    # Somebody asked for one: what changed is not enough.
    full_scan_asked = models.BooleanField(default=False)
    # Up to when Nova's changes were read; null: a full scan is due.
    changes_until = models.DateTimeField(null=True, blank=True)
    # When server groups were last read.
    layout_read_at = models.DateTimeField(null=True, blank=True)
    # Seconds that the last reading and the last full scan took.
    sync_seconds = models.FloatField(null=True, blank=True)
    full_scan_seconds = models.FloatField(null=True, blank=True)
    # When it is to be read again; null: at once. Who moves it on has rung.
    sync_due_at = models.DateTimeField(null=True, blank=True)
    # When its hosts' copy speeds are measured by themselves next; null: not planned.
    speeds_due_at = models.DateTimeField(null=True, blank=True)
    # When it is looked at next for hosts that a run left disabled; null: at once.
    services_due_at = models.DateTimeField(null=True, blank=True)
    # Why the last sync came to nothing; empty when it went well.
    trouble = models.TextField(blank=True)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name
