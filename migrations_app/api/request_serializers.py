"""How the API shows migration requests."""

from __future__ import annotations

from typing import Any, cast

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from migrations_app.api import runs
from migrations_app.api.approval_status import StandingSerializer
from migrations_app.api.approvals import GlassSerializer
from migrations_app.api.preflight import ConflictSerializer, FindingSerializer
from migrations_app.models import Decision, MigrationRequest
from migrations_app.procedures.registry import step_title
from migrations_app.requests import queries as request_queries
from migrations_app.requests.approvals import evaluate
from migrations_app.requests.approvals.status import ApprovalStatus
from migrations_app.requests.windows import schedule


class PlannedSerializer(serializers.Serializer[Any]):
    """Step of a plan; ``final`` marks the point of no return."""

    key = serializers.CharField()
    title = serializers.SerializerMethodField(help_text="At most five words.")
    sentence = serializers.CharField()
    final = serializers.BooleanField()
    commands = serializers.ListField(
        child=serializers.CharField(),
        default=list,
        help_text="Commands on hosts, calls to Nova and SQL in Nova's database.",
    )

    def get_title(self, step: dict[str, Any]) -> str:
        """Return the title of the step; it is not stored with the plan."""
        return step_title(step["key"], step["sentence"])


class DecisionSerializer(serializers.ModelSerializer[Decision]):
    """Decision on a plan; ``counts``: the plan is still the current one."""

    by = serializers.CharField(source="by_name")
    on_behalf_of = serializers.CharField(source="on_behalf_of_name")
    counts = serializers.SerializerMethodField()

    class Meta:
        model = Decision
        fields = (
            "by",
            "on_behalf_of",
            "approves",
            "note",
            "plan_digest",
            "at",
            "counts",
        )

    def get_counts(self, row: Decision) -> bool:
        """Return whether the decision is about the current plan."""
        return bool(row.plan_digest == self.context["plan_digest"])


class DifferenceSerializer(serializers.Serializer[Any]):
    """One difference between the plan and the previous plan.

    ``kind``: added, removed or changed; ``what``: procedure, place, step, order,
    command, fact or finding. Either ``text`` is set, or ``before`` and ``after``.
    """

    kind = serializers.CharField()
    what = serializers.CharField()
    text = serializers.CharField(required=False)
    before = serializers.CharField(required=False)
    after = serializers.CharField(required=False)
    step = serializers.CharField(required=False)
    name = serializers.CharField(required=False)


class ShortRunSerializer(serializers.Serializer[Any]):
    """Run in a list."""

    id = serializers.IntegerField()
    state = serializers.CharField()


_FACTS = (
    "id",
    "state",
    "why",
    "cloud",
    "instance",
    "instance_name",
    "project",
    "procedure",
    "asked_procedure",
    "source",
    "target",
    "options",
    "reason",
    "ticket",
    "window_start",
    "window_end",
    "expires_at",
    "asked_by",
    "asked_at",
    "ended_at",
    "plan_digest",
    "drain",
)


class RequestInListSerializer(serializers.ModelSerializer[MigrationRequest]):
    """A request without its plan and findings."""

    cloud = serializers.CharField(source="cloud.name")
    asked_by = serializers.CharField(source="asked_by_name")
    options = serializers.DictField()
    drain = serializers.IntegerField(
        source="drain_id",
        allow_null=True,
        help_text="The drain that the request belongs to; null: none.",
    )
    run = serializers.SerializerMethodField()

    class Meta:
        model = MigrationRequest
        fields: tuple[str, ...] = (*_FACTS, "run")

    @extend_schema_field(ShortRunSerializer(allow_null=True))
    def get_run(self, row: MigrationRequest) -> dict[str, Any] | None:
        """Return the run's number and state; null before the start."""
        run = getattr(row, "run", None)
        return {"id": run.pk, "state": run.state} if run else None


class RequestSerializer(RequestInListSerializer):
    """Request with plan, findings, decisions and run."""

    plan = PlannedSerializer(many=True)
    findings = FindingSerializer(many=True)
    estimate = serializers.DictField()
    what_if = serializers.DictField()
    approvals_needed = serializers.SerializerMethodField()
    approvals = serializers.SerializerMethodField()
    changed_by = serializers.CharField(source="changed_by_name")
    broken_glass = GlassSerializer(many=True)
    decisions = serializers.SerializerMethodField()
    differences = DifferenceSerializer(many=True)
    conflicts = serializers.SerializerMethodField()
    run = serializers.SerializerMethodField()

    class Meta(RequestInListSerializer.Meta):
        fields = (
            *_FACTS,
            "plan",
            "findings",
            "estimate",
            "what_if",
            "approvals_needed",
            "approvals",
            "changed_by",
            "broken_glass",
            "decisions",
            "differences",
            "conflicts",
            "run",
        )

    def get_approvals_needed(self, row: MigrationRequest) -> int:
        """Return the number of approvals needed."""
        found = self.approval_status(row)
        return found.needed if found else 0

    @extend_schema_field(StandingSerializer(allow_null=True))
    def get_approvals(self, row: MigrationRequest) -> dict[str, Any] | None:
        """Return the approval status; null if no policy matches."""
        found = self.approval_status(row)
        return StandingSerializer(found).data if found else None

    def approval_status(self, row: MigrationRequest) -> ApprovalStatus | None:
        """Return where the request's approvals stand, looked at once."""
        context = cast(dict[str, Any], self.context)
        known: dict[int, ApprovalStatus | None] = context.setdefault(
            "approval_status", {}
        )
        if row.pk not in known:
            known[row.pk] = evaluate.approval_status_of(row)
        return known[row.pk]

    @extend_schema_field(ConflictSerializer(many=True))
    def get_conflicts(self, row: MigrationRequest) -> list[dict[str, Any]]:
        """Return the conflicts with its time; empty after the start."""
        found = schedule.conflicts_of(row)
        return [dict(ConflictSerializer(each.as_dict()).data) for each in found]

    @extend_schema_field(DecisionSerializer(many=True))
    def get_decisions(self, row: MigrationRequest) -> list[dict[str, Any]]:
        """Return every decision, oldest first."""
        context = {"plan_digest": row.plan_digest}
        rows = request_queries.decisions(row)
        return list(DecisionSerializer(rows, many=True, context=context).data)

    @extend_schema_field(runs.RunSerializer(allow_null=True))
    def get_run(self, row: MigrationRequest) -> dict[str, Any] | None:
        """Return the run with its steps; null before the start."""
        run = getattr(row, "run", None)
        return runs.shown(run) if run else None
