"""Drains: many moves under one approval that empty hosts."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from migrations_app.models.cloud import Cloud
from migrations_app.models.lease import Leased
from migrations_app.models.states import Afterwards, DrainState


class Drain(Leased):
    """Hosts to empty, with reason, limits and requester.

    Its moves are MigrationRequests with ``drain`` set, in the order of ``place``.
    Approvals are for ``plan_digest``, which covers the hosts, the options, the digest
    of each move, and the remaining instances. A drain without ``hosts`` moves back the
    instances of ``back_of``, and disables nothing.
    """

    cloud = models.ForeignKey(Cloud, on_delete=models.PROTECT)
    # Names of nova-compute services, sorted; and the only targets allowed, or null.
    hosts = models.JSONField(default=list, blank=True)
    targets = models.JSONField(null=True, blank=True)
    # {per_source, per_target, per_zone, overall}: moves at once; 0 is no limit.
    limits = models.JSONField(default=dict)
    # Pauses when so many moves have failed since it last began or went on; 0: never.
    stop_after = models.PositiveIntegerField(default=3)
    afterwards = models.CharField(
        max_length=10,
        choices=Afterwards.choices,
        default=Afterwards.KEEP,
    )
    back_of = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="backs"
    )
    reason = models.TextField()
    ticket = models.CharField(max_length=100, blank=True)
    window_start = models.DateTimeField(null=True, blank=True)
    window_end = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField()

    state = models.CharField(
        max_length=20,
        choices=DrainState.choices,
        default=DrainState.PLANNING,
    )
    # Why it stands where it stands, as a sentence; empty when there is nothing to say.
    why = models.TextField(blank=True)
    # Marks the services that it disables (8 hexadecimal digits).
    token = models.CharField(max_length=8)
    # While it is planned: the placement's tasks, [{instance, procedure, source, target,
    # fallbacks, zone_…}], and how many of them were looked at: "12 of 40 looked at".
    tasks = models.JSONField(default=list, blank=True)
    looked_at_moves = models.PositiveIntegerField(default=0)
    # What cannot be moved: [{instance, name, host, sentence, way_out}]; ``arrived``
    # ones were found there at the end, and the plan that was approved knew them not.
    stays = models.JSONField(default=list, blank=True)
    # What became of the hosts: [{host, was_enabled, reason, disabled_at, enabled_at,
    # trouble}]; ``was_enabled`` false: somebody else disabled it, and it is left so.
    services = models.JSONField(default=list, blank=True)
    plan_digest = models.CharField(max_length=64, blank=True)

    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="drains",
    )
    asked_by_name = models.CharField(max_length=150)
    asked_at = models.DateTimeField()
    planned_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    # So many of its failures were known when it last went on: they pause it no more.
    forgiven = models.PositiveIntegerField(default=0)

    # When it is to be looked at next.
    look_again_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("state", "look_again_at")),
            models.Index(fields=("token",)),
        )

    def __str__(self) -> str:
        return f"drain {self.pk} of {', '.join(self.hosts) or 'moves'}"
