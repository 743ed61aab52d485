"""The inspection of a run: its instance as it is, beside what the step expects."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from migrations_app.api.base import Checked
from migrations_app.procedures.registry import step_title
from migrations_app.runs import queries as run_queries
from migrations_app.runs.action_preview import preview_actions
from migrations_app.runs.inspection import inspect_run


class ReadingSerializer(serializers.Serializer[Any]):
    """One aspect. ``agrees`` is null where nothing was expected or nothing was read.

    ``agrees`` is null if nothing was expected or read; then ``trouble`` may have the
    error.
    """

    thing = serializers.CharField(source="aspect")
    title = serializers.CharField()
    expected = serializers.ListField(child=serializers.CharField())
    now = serializers.CharField(source="actual")
    detail = serializers.CharField()
    trouble = serializers.CharField()
    agrees = serializers.BooleanField(allow_null=True)


class AtHandSerializer(serializers.Serializer[Any]):
    """Current step and the result of its own check.

    ``verdict``: ready, waiting, done or null; with null ``blocked`` or ``trouble`` has
    the reason.
    """

    key = serializers.CharField()
    title = serializers.CharField()
    sentence = serializers.CharField()
    verdict = serializers.CharField(allow_null=True)
    blocked = serializers.CharField()
    trouble = serializers.CharField()


class WouldSerializer(serializers.Serializer[Any]):
    """Effect of an action on a held run now; ``refused``: it is not possible."""

    verb = serializers.CharField()
    words = serializers.CharField(source="effect")
    refused = serializers.BooleanField()


class WorldSerializer(serializers.Serializer[Any]):
    """All readings of one moment; ``back``: the step is being undone."""

    run = serializers.IntegerField()
    at = serializers.DateTimeField()
    back = serializers.BooleanField()
    step = AtHandSerializer(allow_null=True)
    readings = ReadingSerializer(many=True)
    would = WouldSerializer(many=True)


@extend_schema(tags=["runs"])
class WorldNow(Checked, APIView):
    """Current state of a run's instance, compared with the expected state."""

    dear = "current state"

    @extend_schema(responses=WorldSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """Query Nova, Placement, Neutron and the hosts for up to 10 s.

        Changes nothing. Failed queries are marked. ``would`` is empty for a run that is
        not held.
        """
        found = inspect_run(run_queries.run(pk))
        current, verdict = found.current_step, found.verdict
        step = current and {
            "key": current.key,
            "title": step_title(current.key, current.sentence),
            "sentence": current.sentence,
            "verdict": verdict.status,
            "blocked": verdict.blocked,
            "trouble": verdict.trouble,
        }
        answer = {
            "run": pk,
            "at": found.at,
            "back": found.going_back,
            "step": step,
            "readings": found.rows,
            "would": preview_actions(found),
        }
        return Response(WorldSerializer(answer).data)
