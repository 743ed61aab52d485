"""Probe measurements of a guest during its run, kept as evidence."""

from __future__ import annotations

from django.db import models

from migrations_app.models.lease import Leased
from migrations_app.models.run import Run


class Probe(Leased):
    """The probing of one run's guest. Written by requests/start.py and probe/prober.py.

    ``target`` has the form of integrations/interfaces/probe_target.py. ``result`` is
    calculated by runs/probe/gaps.py when the probe ends.
    """

    run = models.OneToOneField(
        Run, on_delete=models.CASCADE, related_name="probe", primary_key=True
    )
    target = models.CharField(max_length=80)
    begun_at = models.DateTimeField(null=True, blank=True)
    over_at = models.DateTimeField(null=True, blank=True)
    sent = models.IntegerField(default=0)
    lost = models.IntegerField(default=0)
    # Why it cannot be probed, as a sentence; empty while it can.
    trouble = models.TextField(blank=True)
    result = models.JSONField(default=dict, blank=True)

    class Meta:
        indexes = (models.Index(fields=("over_at",)),)

    def __str__(self) -> str:
        return f"probe of run {self.run_id}"


class Sample(models.Model):
    """Answers of about one second of a probe.

    ``answers`` is a list of [ms after ``at`` when the probe was sent, ms until its
    answer or null].
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="samples")
    at = models.DateTimeField()
    lost = models.IntegerField()
    answers = models.JSONField()

    class Meta:
        ordering = ("at",)
        indexes = (models.Index(fields=("run", "at")),)

    def __str__(self) -> str:
        return f"{self.run_id} {self.at:%H:%M:%S}"
