"""What belongs to the reading of the audit trail: searches that are kept, removals."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from migrations_app.models.run import Run


class SavedSearch(models.Model):
    """A search of the audit trail under a name: its owner's, or everybody's.

    ``filters`` are the parameters of the search's address, as text.
    """

    name = models.CharField(max_length=100)
    filters = models.JSONField()
    shared = models.BooleanField(default=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="saved_searches",
    )
    owner_name = models.CharField(max_length=150)
    made_at = models.DateTimeField()

    class Meta:
        ordering = ("name", "id")
        verbose_name_plural = "saved searches"
        constraints = (
            models.UniqueConstraint(
                fields=("owner", "name"), name="one_search_of_a_name"
            ),
        )

    def __str__(self) -> str:
        return self.name


class Removal(models.Model):
    """What was removed of a run because it was old (trail/retention.py)."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="removals")
    # "log" or "samples"
    what = models.CharField(max_length=20)
    count = models.BigIntegerField()
    # of the log, as its text file reads: what run.completed says of it in the trail
    sha256 = models.CharField(max_length=64, blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ("id",)
        constraints = (
            models.UniqueConstraint(fields=("run", "what"), name="removed_once"),
        )

    def __str__(self) -> str:
        return f"{self.what} of run {self.run_id}"
