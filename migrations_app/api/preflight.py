"""The pre-flight: what speaks for and against a move, before it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from migrations_app.api.base import Checked, Input, Text, taken, user_of
from migrations_app.errors import Blocked, Gone
from migrations_app.preflight.advice import Advice
from migrations_app.requests import actions as verbs
from migrations_app.requests.windows import schedule as timetable

A_PROCEDURE = (
    "live (Live), cold (Cold), cold_by_disabling (Cold, forced target), manual"
    " (Manual), or auto (Automatic): live or cold, whichever is possible with the"
    " least downtime. Forced target and manual need a target and two approvals."
)
A_TARGET = "A host; null: for advice every host; for a request the scheduler chooses."


class FindingSerializer(serializers.Serializer[Any]):
    """What one rule of the pre-flight says; severity: blocks, warns, unknown, ok."""

    rule = serializers.CharField()
    severity = serializers.CharField()
    sentence = serializers.CharField()
    remedy = serializers.CharField()
    evidence = serializers.DictField(required=False)


class SpeedBasisSerializer(serializers.Serializer[Any]):
    """The copy speed, in Mbit/s, that an estimate was made with.

    ``measured_at`` is null when it is assumed; else it was measured between these two.
    """

    mbit = serializers.IntegerField()
    measured_at = serializers.DateTimeField(allow_null=True)
    source = serializers.CharField(allow_null=True)  # type: ignore[assignment]
    target = serializers.CharField(allow_null=True)


class EstimateSerializer(serializers.Serializer[Any]):
    """How long it may take: seconds, least and most, and the same in words."""

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
    """What a move does to one host, by placement's names of resources."""

    host = serializers.CharField()
    resources = serializers.DictField(child=ResourceSerializer())


class WhatIfSerializer(serializers.Serializer[Any]):
    """What a move does to both hosts; null for one that is not known.

    While it lasts the source is still charged what it was, the target already what it
    will be.
    """

    source = ChangeSerializer(allow_null=True)  # type: ignore[assignment]
    target = ChangeSerializer(allow_null=True)


class OptionSerializer(serializers.Serializer[Any]):
    """One way to move the instance; verdict is the gravest severity found."""

    procedure = serializers.CharField()
    target = serializers.CharField(allow_null=True)
    verdict = serializers.CharField()
    findings = FindingSerializer(many=True)
    estimate = EstimateSerializer()


class RecommendedSerializer(serializers.Serializer[Any]):
    """The option to take."""

    procedure = serializers.CharField()
    target = serializers.CharField(allow_null=True)


class ConflictSerializer(serializers.Serializer[Any]):
    """What speaks against the time: freeze, no-window, too-short, other-move or over.

    ``window`` or ``request`` is the number of what is in the way.
    """

    kind = serializers.CharField()
    sentence = serializers.CharField()
    begins = serializers.DateTimeField(allow_null=True)
    ends = serializers.DateTimeField(allow_null=True)
    window = serializers.IntegerField(allow_null=True)
    request = serializers.IntegerField(allow_null=True)


class AdviceSerializer(serializers.Serializer[Any]):
    """Every option, best first; recommended is null when all are blocked.

    ``what_if`` is about the one target that was asked about, else about that of the
    recommended option; null where there is none.
    """

    advice = OptionSerializer(many=True)
    recommended = RecommendedSerializer(allow_null=True)
    what_if = WhatIfSerializer(allow_null=True)
    conflicts = ConflictSerializer(many=True)


class PreflightRequest(Input):
    """What would be moved, and when."""

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
    """What speaks for and against a move."""

    @extend_schema(request=PreflightRequest, responses=AdviceSerializer)
    def post(self, request: Request) -> Response:
        """Return every way to move the instance, best first. Changes nothing."""
        sent = taken(request, PreflightRequest)
        window = sent.pop("window_start", None), sent.pop("window_end", None)
        advice: Advice = about_what_was_sent(
            verbs.preflight, by=user_of(request), **sent
        )
        best = advice.recommended
        against = timetable.conflicts_of_instance(
            sent["instance"],
            sent.get("target") or (best.target if best else None),
            window=window,
            estimate=best.estimate.as_dict() if best else None,
        )
        conflicts = ConflictSerializer([it.as_dict() for it in against], many=True).data
        return Response({**advice.as_dict(), "conflicts": conflicts})


def about_what_was_sent(verb: Callable[..., Any], **sent: Any) -> Any:
    """Call the verb; what is gone was named in the body, so the address is right."""
    try:
        return verb(**sent)
    except Gone as error:
        raise Blocked(error.sentence) from error
