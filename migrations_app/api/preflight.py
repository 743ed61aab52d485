"""Pre-flight checks of a move, before it is requested."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from migrations_app.access.permissions import Verb
from migrations_app.api.base import Checked, Input, Text, taken, user_of
from migrations_app.errors import Blocked, Gone
from migrations_app.preflight.advice import Advice
from migrations_app.requests import actions as request_actions
from migrations_app.requests.windows import schedule

A_PROCEDURE = (
    "live (Live), cold (Cold), cold_by_disabling (Cold, forced target), manual"
    " (Manual), or auto (Automatic): live or cold, whichever harms the guest"
    " least. Forced target and manual need a target and two approvals."
)
A_TARGET = "A host; null: for advice every host; for a request the scheduler chooses."


class FindingSerializer(serializers.Serializer[Any]):
    """Result of one rule; severity: blocks, warns, unknown, ok."""

    rule = serializers.CharField()
    severity = serializers.CharField()
    sentence = serializers.CharField()
    remedy = serializers.CharField()
    evidence = serializers.DictField(required=False)


class SpeedBasisSerializer(serializers.Serializer[Any]):
    """Copy speed in Mbit/s that an estimate uses.

    ``measured_at`` is null for an assumed speed; otherwise it was measured between
    these hosts.
    """

    mbit = serializers.IntegerField()
    measured_at = serializers.DateTimeField(allow_null=True)
    source = serializers.CharField(allow_null=True)  # type: ignore[assignment]
    target = serializers.CharField(allow_null=True)


class EstimateSerializer(serializers.Serializer[Any]):
    """Estimated duration: least and most in seconds, and the same in words."""

    duration = serializers.ListField(child=serializers.FloatField())
    downtime = serializers.ListField(child=serializers.FloatField())
    words = serializers.CharField()
    speed = SpeedBasisSerializer()


class ResourceSerializer(serializers.Serializer[Any]):
    """One resource of a host before and after, in VCPUs, MiB or GiB."""

    capacity = serializers.IntegerField()
    used_before = serializers.IntegerField()
    used_after = serializers.IntegerField()
    free_before = serializers.IntegerField()
    free_after = serializers.IntegerField()


class ChangeSerializer(serializers.Serializer[Any]):
    """Effect of a move on one host, by Placement's resource class."""

    host = serializers.CharField()
    resources = serializers.DictField(child=ResourceSerializer())


class WhatIfSerializer(serializers.Serializer[Any]):
    """Effect of a move on both hosts; null for an unknown host.

    During the move the source keeps the allocation "before", and the target already has
    the allocation "after".
    """

    source = ChangeSerializer(allow_null=True)  # type: ignore[assignment]
    target = ChangeSerializer(allow_null=True)


class OptionSerializer(serializers.Serializer[Any]):
    """One option for the move; verdict is its gravest severity."""

    procedure = serializers.CharField()
    target = serializers.CharField(allow_null=True)
    verdict = serializers.CharField()
    findings = FindingSerializer(many=True)
    estimate = EstimateSerializer()


class RecommendedSerializer(serializers.Serializer[Any]):
    """Recommended option."""

    procedure = serializers.CharField()
    target = serializers.CharField(allow_null=True)


class ConflictSerializer(serializers.Serializer[Any]):
    """Conflict with the time: freeze, no-window, too-short, other-move or over.

    ``window`` or ``request`` is the number of the conflicting object.
    """

    kind = serializers.CharField()
    sentence = serializers.CharField()
    begins = serializers.DateTimeField(allow_null=True)
    ends = serializers.DateTimeField(allow_null=True)
    window = serializers.IntegerField(allow_null=True)
    request = serializers.IntegerField(allow_null=True)


class AdviceSerializer(serializers.Serializer[Any]):
    """All options, best first; recommended is null if all are blocked, or if even the
    best may well leave the guest off until a person repairs it.

    ``why`` says why it is better than the next best, in plain words; it can be empty.
    ``what_if`` is about the requested target, otherwise about the target of the
    recommended option; null if there is none.
    """

    advice = OptionSerializer(many=True)
    recommended = RecommendedSerializer(allow_null=True)
    why = serializers.CharField()
    what_if = WhatIfSerializer(allow_null=True)
    conflicts = ConflictSerializer(many=True)


class PreflightRequest(Input):
    """Input of a pre-flight: the instance, the options and the time."""

    instance = Text(max_length=100, help_text="UUID")
    procedure = Text(required=False, max_length=30, help_text=A_PROCEDURE)
    target = Text(
        required=False,
        allow_null=True,
        allow_blank=True,
        max_length=255,
        help_text=A_TARGET,
    )
    cloud = Text(required=False, max_length=100)
    window_start = serializers.DateTimeField(required=False, allow_null=True)
    window_end = serializers.DateTimeField(required=False, allow_null=True)


@extend_schema(tags=["requests"])
class Preflight(Checked, APIView):
    """Pre-flight checks of a move."""

    verb = Verb.ASK
    once = False

    @extend_schema(request=PreflightRequest, responses=AdviceSerializer)
    def post(self, request: Request) -> Response:
        """Return every option for the move, best first. Changes nothing."""
        sent = taken(request, PreflightRequest)
        window = sent.pop("window_start", None), sent.pop("window_end", None)
        advice: Advice = about_what_was_sent(
            request_actions.preflight, by=user_of(request), **sent
        )
        best = advice.recommended
        against = schedule.conflicts_of_instance(
            sent["instance"],
            sent.get("target") or (best.target if best else None),
            window=window,
            estimate=best.estimate.as_dict() if best else None,
        )
        conflicts = ConflictSerializer([it.as_dict() for it in against], many=True).data
        return Response({**advice.as_dict(), "conflicts": conflicts})


def about_what_was_sent(verb: Callable[..., Any], **sent: Any) -> Any:
    """Map Gone to 422: the missing object was named in the body."""
    try:
        return verb(**sent)
    except Gone as error:
        raise Blocked(error.sentence) from error
