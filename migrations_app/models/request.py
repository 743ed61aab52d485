"""Migration requests and decisions."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from migrations_app.models.cloud import Cloud
from migrations_app.models.drain import Drain
from migrations_app.models.states import RequestState


class MigrationRequest(models.Model):
    """Request to move an instance: procedure, hosts, reason and requester.

    ``plan`` is a list of {key, sentence, final, commands}, ``findings`` a list of
    {rule, severity, sentence, remedy, evidence}; ``plan_digest`` covers both, the
    procedure, its inputs and the edition. Approvals are for a digest.
    """

    cloud = models.ForeignKey(Cloud, on_delete=models.PROTECT)
    instance = models.CharField(max_length=36)
    instance_name = models.CharField(max_length=255)
    project = models.CharField(max_length=255, blank=True)
    # Set while the request is open: one open request per instance, on every database.
    open_instance = models.CharField(max_length=140, null=True, blank=True, unique=True)
    procedure = models.CharField(max_length=30)
    # What was asked for: may be "auto", and a target that the adviser was to choose.
    asked_procedure = models.CharField(max_length=30)
    source = models.CharField(max_length=255)
    target = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001 - null: the scheduler chooses
    options = models.JSONField(default=dict, blank=True)
    # What marks all that this move leaves in the world, and what the world was when
    # the plan was made (ports.Move).
    token = models.CharField(max_length=8, blank=True)
    facts = models.JSONField(default=dict, blank=True)
    reason = models.TextField()
    ticket = models.CharField(max_length=100, blank=True)
    window_start = models.DateTimeField(null=True, blank=True)
    window_end = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField()

    state = models.CharField(
        max_length=20,
        choices=RequestState.choices,
        default=RequestState.REQUESTED,
    )
    # Why it stands where it stands, as a sentence; empty when there is nothing to say.
    why = models.TextField(blank=True)
    plan = models.JSONField()
    findings = models.JSONField()
    estimate = models.JSONField(default=dict, blank=True)
    # What the move would do to both hosts' capacity, by the pre-flight of that plan.
    what_if = models.JSONField(default=dict, blank=True)
    plan_digest = models.CharField(max_length=64)
    # How many plans there were: an approval of one that was replaced stays void, even
    # when the world turns back and the plan reads again as it did.
    edition = models.PositiveIntegerField(default=1)
    # How the plan differs from the one that it replaced, line by line (plan_diff.py).
    differences = models.JSONField(default=list, blank=True)

    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="migration_requests",
    )
    asked_by_name = models.CharField(max_length=150)
    asked_at = models.DateTimeField()
    # Who last changed what was asked; neither they nor the asker may approve it.
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    changed_by_name = models.CharField(max_length=150, blank=True)
    # The drain that it is a move of, its place in the drain's order, from 1, and the
    # other targets that the drain's approval is for.
    drain = models.ForeignKey(
        Drain, on_delete=models.PROTECT, null=True, blank=True, related_name="moves"
    )
    place = models.PositiveIntegerField(default=0)
    fallbacks = models.JSONField(default=list, blank=True)
    # The pre-flight of its last approval, until its run begins or its plan changes
    # (requests/recent_check.py); empty when there is none.
    checked = models.JSONField(default=dict, blank=True)
    # The number of Nova's newest record of a move of the instance when the plan was
    # made, 0 for none; null when it was not read (runs/engine/unknown_moves.py).
    newest_migration = models.PositiveBigIntegerField(null=True, blank=True)
    # When an approved request is tried next; null when nothing is to be tried.
    look_again_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("state", "look_again_at")),
            models.Index(fields=("instance",)),
            models.Index(fields=("asked_by",)),
        )

    def __str__(self) -> str:
        return f"#{self.pk} {self.procedure} {self.instance_name}"


class Decision(models.Model):
    """Approval or rejection of a plan by one person, by digest; never changed.

    It is about a request or about a drain: about one of the two.

    An approval counts only while the request's digest is the one that it names, and as
    the policy that applies counts it (approvals/status.py). ``groups`` are the groups
    at that time of the person whose right it was: ``on_behalf_of``, if that is set.
    """

    request = models.ForeignKey(
        MigrationRequest,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="decisions",
    )
    drain = models.ForeignKey(
        Drain,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="decisions",
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True
    )
    by_name = models.CharField(max_length=150)
    on_behalf_of = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    on_behalf_of_name = models.CharField(max_length=150, blank=True)
    groups = models.JSONField(default=list, blank=True)
    approves = models.BooleanField()
    note = models.TextField()
    plan_digest = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        # a person may decide again about a plan when the first time counts no more
        ordering = ("id",)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(request__isnull=False, drain__isnull=True)
                | models.Q(request__isnull=True, drain__isnull=False),
                name="decision_about_one_thing",
            ),
        )

    def __str__(self) -> str:
        return f"{self.by_name} {'approves' if self.approves else 'rejects'}"
