"""Serializers of drains."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from migrations_app.api.approval_status import StandingSerializer
from migrations_app.api.base import Input, Text
from migrations_app.api.request_serializers import DecisionSerializer
from migrations_app.drains import approvals as drain_approvals
from migrations_app.models import Drain, MigrationRequest
from migrations_app.models.states import Afterwards, DrainState
from migrations_app.wording import LONGEST_TEXT

STATES = DrainState.values


class LimitsRequest(Input):
    """Input of limits for parallel moves; 0 means no limit."""

    per_source = serializers.IntegerField(required=False, min_value=0, max_value=10_000)
    per_target = serializers.IntegerField(required=False, min_value=0, max_value=10_000)
    per_zone = serializers.IntegerField(required=False, min_value=0, max_value=10_000)
    overall = serializers.IntegerField(required=False, min_value=0, max_value=10_000)


class BackRequest(Input):
    """Input to move instances back: reason and window."""

    reason = Text(max_length=LONGEST_TEXT)
    ticket = Text(required=False, allow_blank=True, max_length=100)
    window_start = serializers.DateTimeField(required=False, allow_null=True)
    window_end = serializers.DateTimeField(required=False, allow_null=True)


class DrainRequest(BackRequest):
    """Input of a new drain: hosts, limits, reason and window.

    ``targets`` are the only hosts that instances may move to; null or empty: every
    host.
    """

    hosts = serializers.ListField(
        child=Text(max_length=255), min_length=1, max_length=50
    )
    cloud = Text(required=False, max_length=100)
    targets = serializers.ListField(
        child=Text(max_length=255), required=False, allow_null=True, max_length=1000
    )
    limits = LimitsRequest(required=False)
    stop_after = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=10_000,
        help_text="Number of failures after which the drain pauses; 0: never.",
    )
    afterwards = serializers.ChoiceField(
        required=False,
        choices=Afterwards.values,
        help_text=(
            "keep: the hosts stay disabled; enable: novaweb enables them at the end."
        ),
    )


class DrainMoveSerializer(serializers.ModelSerializer[MigrationRequest]):
    """One move of a drain; ``request`` is its number among the requests."""

    request = serializers.IntegerField(source="pk")

    class Meta:
        model = MigrationRequest
        fields = (
            "request",
            "place",
            "instance",
            "instance_name",
            "procedure",
            "source",
            "target",
            "fallbacks",
            "state",
            "why",
            "plan_digest",
        )


class DrainStaysSerializer(serializers.Serializer[Any]):
    """Instance that the drain cannot move, with the reason and a remedy."""

    instance = serializers.CharField()
    name = serializers.CharField()
    host = serializers.CharField()
    sentence = serializers.CharField()
    way_out = serializers.CharField()


class DrainInListSerializer(serializers.ModelSerializer[Drain]):
    """A drain, without its moves."""

    cloud = serializers.CharField(source="cloud.name")
    hosts = serializers.ListField(child=serializers.CharField())
    targets = serializers.ListField(child=serializers.CharField(), allow_null=True)
    limits = serializers.DictField(child=serializers.IntegerField())
    asked_by = serializers.CharField(source="asked_by_name")
    back_of = serializers.IntegerField(
        source="back_of_id",
        allow_null=True,
        help_text="The drain whose moves this drain reverses.",
    )
    to_look_at = serializers.SerializerMethodField(
        help_text="How many moves there are to plan."
    )
    looked_at = serializers.IntegerField(source="looked_at_moves")

    class Meta:
        model = Drain
        fields = (
            "id",
            "cloud",
            "hosts",
            "targets",
            "limits",
            "stop_after",
            "afterwards",
            "back_of",
            "reason",
            "ticket",
            "window_start",
            "window_end",
            "expires_at",
            "state",
            "why",
            "to_look_at",
            "looked_at",
            "plan_digest",
            "asked_by",
            "asked_at",
            "started_at",
            "ended_at",
        )

    def get_to_look_at(self, row: Drain) -> int:
        """Return the number of moves that placement has planned."""
        return len(row.tasks)


class DrainSerializer(DrainInListSerializer):
    """Drain with moves, remaining instances, decisions and approval status."""

    moves = serializers.SerializerMethodField()
    stays = DrainStaysSerializer(many=True)
    decisions = serializers.SerializerMethodField()
    approvals = serializers.SerializerMethodField()

    class Meta(DrainInListSerializer.Meta):
        fields = (  # type: ignore[assignment]
            *DrainInListSerializer.Meta.fields,
            "moves",
            "stays",
            "decisions",
            "approvals",
        )

    @extend_schema_field(DrainMoveSerializer(many=True))
    def get_moves(self, row: Drain) -> list[dict[str, Any]]:
        """Return the moves in order."""
        return list(DrainMoveSerializer(row.moves.order_by("place"), many=True).data)

    @extend_schema_field(DecisionSerializer(many=True))
    def get_decisions(self, row: Drain) -> list[dict[str, Any]]:
        """Return every decision, oldest first."""
        shape = DecisionSerializer(
            row.decisions.all(), many=True, context={"plan_digest": row.plan_digest}
        )
        return list(shape.data)

    @extend_schema_field(StandingSerializer(many=True))
    def get_approvals(self, row: Drain) -> list[dict[str, Any]]:
        """Return the approval status under each policy that applies."""
        found = drain_approvals.approval_statuses(row) or []
        return [StandingSerializer(each).data for each in found]
