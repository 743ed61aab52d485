"""One execution of an approved plan: the run, its steps and its log lines."""

from __future__ import annotations

from django.db import models

from migrations_app.models.lease import Leased
from migrations_app.models.request import MigrationRequest
from migrations_app.models.states import RunState, StepState


class Run(Leased):
    """One execution of an approved plan. Only runs/ writes here."""

    request = models.OneToOneField(
        MigrationRequest, on_delete=models.PROTECT, related_name="run"
    )
    state = models.CharField(
        max_length=20,
        choices=RunState.choices,
        default=RunState.RUNNING,
    )
    # Which way a held run was going: True when it was on its way back.
    was_going_back = models.BooleanField(default=False)
    why = models.TextField(blank=True)
    started_at = models.DateTimeField()
    # What the pre-flight found when it began, as MigrationRequest.findings.
    findings = models.JSONField(default=list, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    # When it is to be looked at next; null when it is over or held.
    look_again_at = models.DateTimeField(null=True, blank=True)
    looked_at = models.DateTimeField(null=True, blank=True)
    last_number = models.IntegerField(default=0)

    # What people asked of it while it ran; the walk reads these.
    stop_asked_at = models.DateTimeField(null=True, blank=True)
    stop_asked_by = models.CharField(max_length=150, blank=True)
    force_asked_at = models.DateTimeField(null=True, blank=True)
    force_sent_at = models.DateTimeField(null=True, blank=True)

    # When a move by hand has removed for good what it had set aside, and when that is
    # tried next.
    swept_at = models.DateTimeField(null=True, blank=True)
    sweep_again_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=("look_again_at",)),)

    def __str__(self) -> str:
        return f"run {self.pk} of {self.request_id}"


class Step(models.Model):
    """One step of a run.

    ``mark`` is the state of the cloud just before the step was requested. ``progress``
    has figures for the page: {"memory_remaining": bytes, …}.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="steps")
    position = models.IntegerField()
    key = models.CharField(max_length=50)
    sentence = models.TextField()
    final = models.BooleanField(default=False)
    commands = models.JSONField(default=list, blank=True)
    state = models.CharField(
        max_length=20,
        choices=StepState.choices,
        default=StepState.TODO,
    )
    begun_at = models.DateTimeField(null=True, blank=True)
    asked_at = models.DateTimeField(null=True, blank=True)
    mark = models.TextField(blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    undo_begun_at = models.DateTimeField(null=True, blank=True)
    undo_asked_at = models.DateTimeField(null=True, blank=True)
    undo_mark = models.TextField(blank=True)
    undone_at = models.DateTimeField(null=True, blank=True)
    progress = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ("position",)
        constraints = (
            models.UniqueConstraint(fields=("run", "key"), name="one_step_per_key"),
        )

    def __str__(self) -> str:
        return self.key


class Line(models.Model):
    """One line of a run's log; ``number`` counts from 1 without a gap.

    ``previous_step`` is the step of the line before, where it was read along.
    """

    previous_step = ""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="lines")
    number = models.IntegerField()
    step = models.CharField(max_length=50, blank=True)
    at = models.DateTimeField()
    text = models.TextField()

    class Meta:
        ordering = ("number",)
        constraints = (
            models.UniqueConstraint(fields=("run", "number"), name="one_line_a_number"),
        )

    def __str__(self) -> str:
        return f"{self.number} {self.text}"


class Pacer(Leased):
    """The single row (id 1) by which worker processes elect the pacer."""

    # When somebody last looked for due runs: pages warn when this grows old.
    seen_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return "pacer"


class Removal(models.Model):
    """Record of a run's data removed because of its age (runs/retention.py)."""

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
