"""Saved searches of the audit trail, and records of removed data."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class SavedSearch(models.Model):
    """Named search of the audit trail, private or shared.

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
