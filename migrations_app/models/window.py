"""Maintenance windows and freezes."""

from __future__ import annotations

from django.db import models


class Window(models.Model):
    """Maintenance window or freeze, single or recurring.

    ``starts`` and ``ends`` are the first occurrence in local time of ``time_zone`` (an
    IANA name), as ISO text without an offset; ``recurrence`` is an RFC 5545 RRULE whose
    UNTIL is also local, or empty; ``exceptions`` lists the starts to skip. Empty scopes
    mean everywhere.
    """

    class Kind(models.TextChoices):
        """Maintenance or freeze."""

        MAINTENANCE = "maintenance", "maintenance window"
        FREEZE = "freeze", "freeze"

    name = models.CharField(max_length=100)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    clouds = models.JSONField(default=list, blank=True)
    zones = models.JSONField(default=list, blank=True)
    hosts = models.JSONField(default=list, blank=True)
    time_zone = models.CharField(max_length=64)
    starts = models.CharField(max_length=19)
    ends = models.CharField(max_length=19)
    recurrence = models.CharField(max_length=500, blank=True)
    exceptions = models.JSONField(default=list, blank=True)
    reason = models.TextField()
    # What names it in calendar files.
    uid = models.CharField(max_length=255, unique=True)
    # False: retired. It says nothing any more and stays to be read.
    active = models.BooleanField(default=True)
    version = models.PositiveIntegerField(default=1)
    # Between which moments it says anything at all; over_at null: it has no end.
    begins_at = models.DateTimeField()
    over_at = models.DateTimeField(null=True, blank=True)
    changed_by_name = models.CharField(max_length=150)
    changed_at = models.DateTimeField()

    class Meta:
        ordering = ("id",)
        indexes = (models.Index(fields=("active", "over_at")),)

    def __str__(self) -> str:
        return self.name
