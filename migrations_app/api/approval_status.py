"""Serializers of where the approvals of a request or drain stand."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from migrations_app.requests.approvals.status import ApprovalStatus


class StageSerializer(serializers.Serializer[Any]):
    """Approval stage with the approvals that count for it."""

    groups = serializers.ListField(child=serializers.CharField(), source="stage.groups")
    approvers = serializers.IntegerField(source="stage.approvers")
    done = serializers.BooleanField()
    approved_by = serializers.SerializerMethodField()

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_approved_by(self, row: Any) -> list[str]:
        """Return the approvers; for delegates in the form "A for B"."""
        return [each.words for each in row.approvals]


class StandingSerializer(serializers.Serializer[ApprovalStatus]):
    """Policy that applies to a request, with the status of its stages."""

    policy = serializers.CharField(source="rule.name")
    policy_version = serializers.IntegerField(source="rule.version")
    satisfied = serializers.BooleanField()
    sentence = serializers.CharField()
    not_counted = serializers.ListField(
        child=serializers.CharField(),
        source="void",
        help_text="Why some approvals do not count, a sentence each.",
    )
    stages = StageSerializer(many=True)
