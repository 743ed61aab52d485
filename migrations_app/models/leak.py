"""Stale resources found by host scans; people repair them."""

from __future__ import annotations

from django.db import models

from migrations_app.models.cloud import Cloud


class Leak(models.Model):
    """Resource that should not exist, as of ``last_seen``; scan.py writes it.

    ``subject`` is the UUID of the holder (an instance, a Nova migration, a port);
    ``sentence`` is the fault, ``remedy`` the repair, ``evidence`` the facts. A scan
    that no longer finds it deletes it.
    """

    class Kind(models.TextChoices):
        """Kind of the resource."""

        ALLOCATION = "allocation", "allocation"
        MOVE = "move", "stale move"
        VERIFY = "verify", "not confirmed"
        PORT = "port", "port elsewhere"
        DOMAIN = "domain", "domain elsewhere"

    cloud = models.ForeignKey(Cloud, on_delete=models.CASCADE)
    host = models.CharField(max_length=255)
    kind = models.CharField(max_length=20, choices=Kind.choices)
    subject = models.CharField(max_length=64)
    sentence = models.TextField()
    remedy = models.TextField()
    evidence = models.JSONField(default=dict, blank=True)
    first_seen = models.DateTimeField()
    last_seen = models.DateTimeField()

    class Meta:
        ordering = ("host", "kind", "subject")
        constraints = (
            models.UniqueConstraint(
                fields=("cloud", "host", "kind", "subject"), name="one_leak_a_subject"
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.subject} on {self.host}"


class LeakLook(models.Model):
    """Last scan of a host, its error, and the time of the next scan."""

    cloud = models.ForeignKey(Cloud, on_delete=models.CASCADE)
    host = models.CharField(max_length=255)
    due_at = models.DateTimeField(db_index=True)
    looked_at = models.DateTimeField(null=True, blank=True)
    trouble = models.TextField(blank=True)

    class Meta:
        ordering = ("host",)
        constraints = (
            models.UniqueConstraint(fields=("cloud", "host"), name="one_look_a_host"),
        )

    def __str__(self) -> str:
        return self.host
