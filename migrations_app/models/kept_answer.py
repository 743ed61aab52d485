"""What the API answered to POSTs with an idempotency key, for a day."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import models
from django.db.models import QuerySet

KEPT_FOR = timedelta(hours=24)


class KeptAnswer(models.Model):
    """One POST with a key of one account, and what was answered.

    ``key`` and ``asked`` are SHA-256 in hexadecimal: of the key, and of the address
    with the body. Until ``ended_at`` a process is at it, or has died; without a
    ``status`` after that it failed where nobody knows whether it was carried out. An
    empty ``body`` beside a status: the answer had a secret, which is not kept.
    """

    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="kept_answers"
    )
    key = models.CharField(max_length=64)
    asked = models.CharField(max_length=64)
    begun_at = models.DateTimeField(db_index=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    status = models.PositiveSmallIntegerField(null=True, blank=True)
    headers = models.JSONField(default=dict, blank=True)
    body = models.TextField(blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("account", "key"), name="one_answer_for_a_key"
            ),
        )

    def __str__(self) -> str:
        return f"{self.account_id}: {self.status or 'unanswered'}"


def too_old(now: datetime) -> QuerySet[KeptAnswer]:
    """Return those whose keys mean nothing any more."""
    return KeptAnswer.objects.filter(begun_at__lt=now - KEPT_FOR)
