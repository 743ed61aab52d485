"""The pre-flight: what speaks for and against a move, before it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from migrations_app import requests as verbs
from migrations_app.api.base import Checked, Input, Text, taken, user_of
from migrations_app.errors import Blocked, Gone

A_PROCEDURE = "live, cold, or auto: the one with the least downtime that is possible."
A_TARGET = (
    "A host; null: the best one, where advice is asked for, else the scheduler's."
)


class FindingShape(serializers.Serializer[Any]):
    """What one rule of the pre-flight says; severity: blocks, warns, unknown, ok."""

    rule = serializers.CharField()
    severity = serializers.CharField()
    sentence = serializers.CharField()
    remedy = serializers.CharField()
    evidence = serializers.DictField(required=False)


class EstimateShape(serializers.Serializer[Any]):
    """How long it may take: seconds, least and most, and the same in words."""

    duration = serializers.ListField(child=serializers.FloatField())
    downtime = serializers.ListField(child=serializers.FloatField())
    words = serializers.CharField()


class OptionShape(serializers.Serializer[Any]):
    """One way to move the instance; verdict is the gravest severity found."""

    procedure = serializers.CharField()
    target = serializers.CharField(allow_null=True)
    verdict = serializers.CharField()
    findings = FindingShape(many=True)
    estimate = EstimateShape()


class RecommendedShape(serializers.Serializer[Any]):
    """The option to take."""

    procedure = serializers.CharField()
    target = serializers.CharField(allow_null=True)


class AdviceShape(serializers.Serializer[Any]):
    """Every option, best first; recommended is null when all are blocked."""

    advice = OptionShape(many=True)
    recommended = RecommendedShape(allow_null=True)


class PreflightInput(Input):
    """What would be moved."""

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


@extend_schema(tags=["requests"])
class Preflight(Checked, APIView):
    """What speaks for and against a move."""

    @extend_schema(request=PreflightInput, responses=AdviceShape)
    def post(self, request: Request) -> Response:
        """Return every way to move the instance, best first. Changes nothing."""
        sent = taken(request, PreflightInput)
        advice = about_what_was_sent(verbs.preflight, by=user_of(request), **sent)
        return Response(advice.as_dict())


def about_what_was_sent(verb: Callable[..., Any], **sent: Any) -> Any:
    """Call the verb; what is gone was named in the body, so the address is right."""
    try:
        return verb(**sent)
    except Gone as error:
        raise Blocked(error.sentence) from error
