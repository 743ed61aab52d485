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


class AuditSignature(models.Model):
    """The last signature of one day and place, as it stands in the file there.

    The file has all of them; an export carries these. They prove themselves: nothing
    rests on this table. ``at`` is the text that was signed. ``place`` is a machine and
    the path of its file.
    """

    place = models.CharField(max_length=300)
    day = models.DateField()
    at = models.CharField(max_length=27)
    count = models.BigIntegerField()
    entry = models.BigIntegerField()
    digest = models.CharField(max_length=64)
    key = models.CharField(max_length=64)
    signature = models.CharField(max_length=128)

    class Meta:
        ordering = ("count", "id")
        constraints = (
            models.UniqueConstraint(fields=("place", "day"), name="one_a_day"),
        )

    def __str__(self) -> str:
        return f"entry {self.entry}, signed at {self.at}"


class AuditWatch(models.Model):
    """What the workers of one place last found of the proof of the trail.

    Pages, metrics and ``check`` read it, so that none of them verifies anything. The
    chain was verified up to ``count``, ``entry`` and ``digest``, of the file of
    signatures the first ``size`` bytes, whose SHA-256 is ``sha256``. ``trouble`` is
    what the last verification found wrong, ``unsigned`` why nothing could be signed;
    empty: nothing. ``signed_at`` is when all entries were last found signed.
    """

    place = models.CharField(max_length=300, unique=True)
    signs = models.BooleanField(default=False)
    tended_at = models.DateTimeField(null=True)
    signed_at = models.DateTimeField(null=True)
    unsigned = models.TextField(blank=True)
    last = models.ForeignKey(
        AuditSignature, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    looked_at = models.DateTimeField(null=True)
    trouble = models.TextField(blank=True)
    count = models.BigIntegerField(default=0)
    entry = models.BigIntegerField(default=0)
    digest = models.CharField(max_length=64, blank=True)
    size = models.BigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True)

    def __str__(self) -> str:
        return f"{self.place}: {self.trouble or self.unsigned or 'nothing wrong'}"
