"""What is charged or held for nothing: found at a look at a host, mended by people."""

from __future__ import annotations

from django.db import models

from migrations_app.models.cloud import Cloud


class Leak(models.Model):
    """One thing that should not be there as of ``last_seen``, by leaks/scan.py.

    ``subject`` is the UUID of what it is about (an instance, a move of Nova, a port);
    ``sentence`` says what is wrong, ``remedy`` what mends it, ``evidence`` what was
    seen. A look that does not find it any more removes it.
    """

    class Kind(models.TextChoices):
        """What is held."""

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
    """When a host was looked at last, what spoke against it, and when it is next."""

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
