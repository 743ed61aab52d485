"""Approval policies, their versions, delegations, emergency starts."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from migrations_app.models.request import MigrationRequest


class ApprovalPolicy(models.Model):
    """An approval policy, with conditions and stages as data (approvals/rules.py).

    Among the active ones that match a move the one with the highest weight applies.
    ``version`` is the number of the newest PolicyVersion, which has the same rule.
    """

    name = models.CharField(max_length=100, unique=True)
    active = models.BooleanField(default=True)
    weight = models.IntegerField(default=0)
    version = models.PositiveIntegerField(default=1)
    rule = models.JSONField()

    class Meta:
        ordering = ("-weight", "id")
        verbose_name_plural = "approval policies"

    def __str__(self) -> str:
        return self.name


class PolicyVersion(models.Model):
    """A policy as it was from ``at`` until its next version; rows are only added."""

    policy = models.ForeignKey(
        ApprovalPolicy, on_delete=models.PROTECT, related_name="versions"
    )
    number = models.PositiveIntegerField()
    # {"name", "active", "weight"} and the rule
    rule = models.JSONField()
    note = models.TextField(blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True
    )
    by_name = models.CharField(max_length=150)
    at = models.DateTimeField()

    class Meta:
        ordering = ("-number",)
        constraints = (
            models.UniqueConstraint(
                fields=("policy", "number"), name="one_version_per_number"
            ),
        )

    def __str__(self) -> str:
        return f"{self.policy_id} version {self.number}"


class PolicyProposal(models.Model):
    """A change that lowers what moves take: it waits for a second person.

    ``version`` is the one that it is to follow; 0: the policy is to be new.
    """

    policy = models.ForeignKey(
        ApprovalPolicy,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="proposals",
    )
    version = models.PositiveIntegerField(default=0)
    name = models.CharField(max_length=100)
    weight = models.IntegerField()
    active = models.BooleanField()
    rule = models.JSONField()
    note = models.TextField()
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
    )
    by_name = models.CharField(max_length=150)
    at = models.DateTimeField()
    # When it was confirmed or discarded, and by whom.
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by_name = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return f"{self.name} by {self.by_name}"


class Delegation(models.Model):
    """An approval right, delegated by ``giver`` to ``taker`` for a limited time.

    Both may use it from ``starts_at`` to ``ends_at``, but it counts once for a plan. It
    ends early if it is revoked.
    """

    giver = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="says_given"
    )
    giver_name = models.CharField(max_length=150)
    taker = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="says_taken"
    )
    taker_name = models.CharField(max_length=150)
    reason = models.TextField()
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    made_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by_name = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")), name="delegation_has_a_span"
            ),
            models.CheckConstraint(
                condition=~Q(giver=F("taker")), name="delegation_is_to_another"
            ),
        )

    def __str__(self) -> str:
        return f"{self.taker_name} for {self.giver_name}"


class BrokenGlass(models.Model):
    """The emergency start of a plan without its approvals, and its review.

    It is valid for the plan with that digest only.
    """

    request = models.ForeignKey(
        MigrationRequest, on_delete=models.CASCADE, related_name="broken_glass"
    )
    plan_digest = models.CharField(max_length=64)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
    )
    by_name = models.CharField(max_length=150)
    reason = models.TextField()
    at = models.DateTimeField()
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    reviewed_by_name = models.CharField(max_length=150, blank=True)
    reviewed_at = models.DateTimeField(null=True, blank=True)
    review = models.TextField(blank=True)

    class Meta:
        ordering = ("-id",)
        verbose_name = "emergency start"
        constraints = (
            models.UniqueConstraint(
                fields=("request", "plan_digest"), name="one_broken_glass_per_plan"
            ),
        )
        indexes = (
            # the question of every page: is any not reviewed yet?
            models.Index(
                fields=("id",),
                name="glass_to_review",
                condition=Q(reviewed_at__isnull=True),
            ),
        )

    def __str__(self) -> str:
        return f"{self.by_name} at #{self.request_id}"
