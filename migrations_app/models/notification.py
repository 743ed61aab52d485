"""Notifications, their settings, and deliveries by e-mail and webhook."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import models

from migrations_app.models.lease import Leased


class Told(models.Model):
    """The single row (id 1) with the last audit entry that was dispatched.

    The audit trail is the outbox: an entry exists if and only if its change exists, and
    this row is updated in the transaction that stores the entry's recipients.
    """

    entry = models.BigIntegerField(default=0)

    def __str__(self) -> str:
        return f"told up to entry {self.entry}"


class Notice(models.Model):
    """Notification of one person on the pages; ``read_at`` is when they read it."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notices"
    )
    entry = models.BigIntegerField()
    event = models.CharField(max_length=40)
    verb = models.CharField(max_length=50)
    text = models.TextField()
    note = models.TextField(blank=True)
    request_number = models.BigIntegerField(null=True, blank=True)
    run_number = models.BigIntegerField(null=True, blank=True)
    path = models.CharField(max_length=300)
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.UniqueConstraint(
                fields=("person", "entry"), name="told_once_on_the_pages"
            ),
        )
        indexes = (models.Index(fields=("person", "read_at")),)

    def __str__(self) -> str:
        return self.text


class Choice(models.Model):
    """Notification setting of a person or a group for one event and channel."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="+"
    )
    group = models.ForeignKey(
        Group, on_delete=models.CASCADE, null=True, related_name="+"
    )
    event = models.CharField(max_length=40)
    channel = models.CharField(max_length=10)
    scope = models.CharField(max_length=10)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("person", "event", "channel"), name="one_choice_of_a_person"
            ),
            models.UniqueConstraint(
                fields=("group", "event", "channel"), name="one_choice_of_a_group"
            ),
            models.CheckConstraint(
                condition=models.Q(person__isnull=True) ^ models.Q(group__isnull=True),
                name="choice_of_a_person_or_of_a_group",
            ),
        )

    def __str__(self) -> str:
        return f"{self.event} by {self.channel}: {self.scope}"


class Webhook(models.Model):
    """Address that events are posted to; without a group, all events.

    ``secret`` is encrypted (notifications/webhook_signing.py). After a change
    ``old_secret`` also signs until ``old_until``. ``off_because`` says why novaweb
    switched it off; empty: it did not.
    """

    name = models.CharField(max_length=100, unique=True)
    url = models.CharField(max_length=500)
    group = models.ForeignKey(
        Group, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    events = models.JSONField(default=list)
    active = models.BooleanField(default=True)
    off_because = models.CharField(max_length=300, blank=True)
    secret = models.TextField()
    old_secret = models.TextField(blank=True)
    old_until = models.DateTimeField(null=True, blank=True)
    created_by_name = models.CharField(max_length=150)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Lane(Leased):
    """Delivery queue: ``mail``, or ``webhook:3``; its lease says who may send.

    A lease without a token that has not lapsed: the receiver is left alone until then.
    """

    key = models.CharField(max_length=40, unique=True)

    def __str__(self) -> str:
        return self.key


class Delivery(models.Model):
    """One message to one recipient, and its state.

    ``token`` is the webhook-id or part of the Message-ID: equal at every attempt, so
    that recipients can detect duplicates. ``next_at`` is the time of the next attempt.
    """

    STATES = ("waiting", "delivered", "given up", "dropped")

    token = models.CharField(max_length=40, unique=True)
    channel = models.CharField(max_length=10)
    lane = models.CharField(max_length=40)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    webhook = models.ForeignKey(
        Webhook, on_delete=models.SET_NULL, null=True, related_name="deliveries"
    )
    # The address, or the webhook's name, as it was.
    to = models.CharField(max_length=300)
    event = models.CharField(max_length=40)
    entry = models.BigIntegerField(null=True, blank=True)
    request_number = models.BigIntegerField(null=True, blank=True)
    subject = models.CharField(max_length=250, blank=True)
    body = models.TextField()
    state = models.CharField(max_length=10, default="waiting")
    tries = models.IntegerField(default=0)
    next_at = models.DateTimeField(null=True, blank=True)
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        verbose_name_plural = "deliveries"
        indexes = (
            models.Index(fields=("state", "next_at")),
            models.Index(fields=("lane", "state", "next_at")),
        )

    def __str__(self) -> str:
        return f"{self.event} to {self.to}"


class Attempt(models.Model):
    """One delivery attempt: the first 500 characters of the answer, or the error."""

    delivery = models.ForeignKey(
        Delivery, on_delete=models.CASCADE, related_name="attempts"
    )
    at = models.DateTimeField()
    took_ms = models.IntegerField()
    good = models.BooleanField()
    status = models.IntegerField(null=True, blank=True)
    answer = models.TextField(blank=True)

    class Meta:
        ordering = ("id",)

    def __str__(self) -> str:
        return f"{self.at:%F %T} {'accepted' if self.good else 'failed'}"
