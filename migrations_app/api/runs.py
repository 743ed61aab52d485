"""Endpoints for runs: status, log and actions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from migrations_app.access.permissions import Verb
from migrations_app.api.base import Checked, Input, Text, cursor, taken, user_of
from migrations_app.models import Line, Run, Step
from migrations_app.procedures.registry import step_title
from migrations_app.runs import actions as run_actions
from migrations_app.runs import downtime
from migrations_app.runs import queries as run_queries
from migrations_app.wording import LONGEST_TEXT

LINES = 500  # in one answer at most

AFTER = OpenApiParameter(
    "after",
    {"type": "integer", "minimum": 0, "maximum": 2**31 - 1, "default": 0},
    description="The number of the last line that is known already.",
)


class LineSerializer(serializers.ModelSerializer[Line]):
    """A line of a run's log; numbers count from 1 without a gap."""

    class Meta:
        model = Line
        fields = ("number", "at", "step", "text")


class StepSerializer(serializers.ModelSerializer[Step]):
    """Step of a run; ``progress`` has figures in bytes while it runs."""

    title = serializers.SerializerMethodField(help_text="At most five words.")
    progress = serializers.DictField()

    class Meta:
        model = Step
        fields = (
            "key",
            "title",
            "sentence",
            "final",
            "state",
            "begun_at",
            "asked_at",
            "done_at",
            "undone_at",
            "progress",
        )

    def get_title(self, step: Step) -> str:
        """Return the title of the step; it is not stored with the run."""
        return step_title(step.key, step.sentence)


class GapSerializer(serializers.Serializer[Any]):
    """Period without an answer, in UTC; ``whole``: it may have been shorter."""

    seconds = serializers.FloatField()
    begin = serializers.DateTimeField()
    end = serializers.DateTimeField()
    lost = serializers.IntegerField()
    whole = serializers.BooleanField()


class ProbeSerializer(serializers.Serializer[Any]):
    """Result of a probe of the guest; ``unmeasured`` is in seconds."""

    target = serializers.CharField()
    over = serializers.BooleanField()
    sent = serializers.IntegerField()
    lost = serializers.IntegerField()
    longest_gap = GapSerializer(allow_null=True)
    unmeasured = serializers.FloatField()
    words = serializers.CharField()


class DowntimeSerializer(serializers.Serializer[Any]):
    """Downtime of the guest: measured in ms, estimated in seconds.

    ``how``: ``libvirt`` (exact), ``events`` (upper bound by Nova's events) or ``steps``
    (upper bound by the run's steps).
    """

    ms = serializers.IntegerField(allow_null=True)
    how = serializers.CharField(allow_null=True)
    words = serializers.CharField()
    estimate = serializers.ListField(
        child=serializers.FloatField(), min_length=2, max_length=2, allow_null=True
    )
    probe = ProbeSerializer(allow_null=True)


class RunSerializer(serializers.ModelSerializer[Run]):
    """Run of an approved plan, with its steps and the last log line."""

    request = serializers.IntegerField(source="request_id")
    steps = StepSerializer(many=True)
    last_line = LineSerializer(allow_null=True)
    downtime = DowntimeSerializer()

    class Meta:
        model = Run
        fields = (
            "id",
            "request",
            "state",
            "why",
            "started_at",
            "ended_at",
            "stop_asked_at",
            "steps",
            "last_line",
            "downtime",
        )


def shown(row: Run) -> dict[str, Any]:
    """Return the run in its API form."""
    last = run_queries.lines_after(row.pk, row.last_number - 1, limit=1)
    row.last_line = last[0] if last else None  # type: ignore[attr-defined]
    row.downtime = downtime.as_dict(row, run_queries.steps(row))  # type: ignore[attr-defined]
    return dict(RunSerializer(row).data)


@extend_schema(tags=["runs"])
class OneRun(Checked, APIView):
    """One run."""

    @extend_schema(responses=RunSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """Return the run with its steps."""
        return Response(shown(run_queries.run(pk)))


@extend_schema(tags=["runs"])
class Lines(Checked, APIView):
    """The log of a run."""

    parameters = frozenset({"after"})

    @extend_schema(responses=LineSerializer(many=True), parameters=[AFTER])
    def get(self, request: Request, pk: int) -> Response:
        """Return up to 500 lines after the line ``after``."""
        after = cursor(request, "after")
        run_queries.pulse(pk)  # a run that there is not has no empty log
        rows = run_queries.lines_after(pk, after, limit=LINES)
        return Response(LineSerializer(rows, many=True).data)


class NoteRequest(Input):
    """Note, which auditors read."""

    note = Text(required=False, default="", allow_blank=True, max_length=LONGEST_TEXT)


@extend_schema(tags=["runs"])
class RunVerb(Checked, APIView):
    """Base of the actions on a run; their docstrings are in the schema."""

    carry_out: ClassVar[Callable[..., Run]]

    @extend_schema(request=NoteRequest, responses=RunSerializer)
    def post(self, request: Request, pk: int) -> Response:
        # no docstring: it would stand in the schema in place of the verb's
        sent = taken(request, NoteRequest)
        type(self).carry_out(pk, by=user_of(request), note=sent["note"])
        return Response(shown(run_queries.run(pk)))


class Stop(RunVerb):
    """Roll the run back as soon as possible; the running step is aborted."""

    verb = Verb.STOP
    carry_out = staticmethod(run_actions.stop)


class Abort(RunVerb):
    """Abort the running live migration in Nova; the run rolls back."""

    verb = Verb.ABORT
    carry_out = staticmethod(run_actions.abort)


class ForceComplete(RunVerb):
    """Force Nova to complete the live migration, by post-copy or a pause."""

    verb = Verb.FORCE_COMPLETE
    carry_out = staticmethod(run_actions.force_complete)


class LookAgain(RunVerb):
    """Continue a held run in its direction, with a new time limit."""

    verb = Verb.LOOK_AGAIN
    carry_out = staticmethod(run_actions.look_again)


class GoBack(RunVerb):
    """Roll back a held run, unless the point of no return is passed."""

    verb = Verb.GO_BACK
    carry_out = staticmethod(run_actions.go_back)


class Close(RunVerb):
    """Close a held run manually; the note describes findings and repairs."""

    verb = Verb.CLOSE
    carry_out = staticmethod(run_actions.close)


VERBS = (Stop, Abort, ForceComplete, LookAgain, GoBack, Close)
