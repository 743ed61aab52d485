"""The audit trail: who did what, when. Rows are added and never changed."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class AuditEntry(models.Model):
    """One audited action. Triggers refuse every UPDATE and DELETE (audit/triggers.py).

    The actor is stored as id *and* as name, without a constraint: deleting an account
    does not touch the trail. ``act`` groups the entries of one HTTP request or job.
    ``previous`` is the ``digest`` of the entry before: audit/hashing.py defines the
    hashed form. The numbers have no gap.
    """

    at = models.DateTimeField()
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        null=True,
        related_name="+",
    )
    actor_name = models.CharField(max_length=150)
    act = models.CharField(max_length=36, blank=True)
    verb = models.CharField(max_length=50)
    cloud = models.CharField(max_length=100, blank=True)
    request_number = models.BigIntegerField(null=True, blank=True)
    run_number = models.BigIntegerField(null=True, blank=True)
    instance = models.CharField(max_length=36, blank=True)
    instance_name = models.CharField(max_length=255, blank=True)
    source = models.CharField(max_length=255, blank=True)
    target = models.CharField(max_length=255, blank=True)
    ticket = models.CharField(max_length=100, blank=True)
    note = models.TextField(blank=True)
    before = models.JSONField(default=dict, blank=True)
    after = models.JSONField(default=dict, blank=True)
    previous = models.CharField(max_length=64, blank=True)
    digest = models.CharField(max_length=64, blank=True)

    class Meta:
        ordering = ("-id",)
        verbose_name_plural = "audit entries"
        # each in the order of the numbers, so that a page of a search reads no more
        # than it shows; words are in an index of the database's own (search_index.py)
        indexes = (
            models.Index(fields=("instance", "id")),
            models.Index(fields=("instance_name", "id")),
            models.Index(fields=("source", "id")),
            models.Index(fields=("target", "id")),
            models.Index(fields=("actor_name", "id")),
            models.Index(fields=("ticket", "id")),
            models.Index(fields=("verb", "id")),
            models.Index(fields=("request_number", "id")),
            models.Index(fields=("act", "id")),
            models.Index(fields=("at",)),
        )

    def __str__(self) -> str:
        return f"{self.at:%F %T} {self.actor_name} {self.verb}"


class AuditHead(models.Model):
    """The single row (id 1) with the head of the chain; writers lock it.

    ``count`` entries are chained, the last is number ``entry``. Only a trigger updates
    it, with each new entry.
    """

    count = models.BigIntegerField(default=0)
    entry = models.BigIntegerField(default=0)
    digest = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"{self.count} entries, the last is {self.entry}"
