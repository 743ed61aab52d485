"""Runs: how far they are, their log, and what may be asked of them."""

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
from migrations_app.runs import actions as verbs
from migrations_app.runs import downtime as standstill
from migrations_app.runs import queries as runs_queries
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
    """A step of a run. ``progress`` holds figures of what is under way, in bytes."""

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
    """A time without an answer, in UTC. ``whole``: it lasted at most so long."""

    seconds = serializers.FloatField()
    begin = serializers.DateTimeField()
    end = serializers.DateTimeField()
    lost = serializers.IntegerField()
    whole = serializers.BooleanField()


class ProbeSerializer(serializers.Serializer[Any]):
    """What a probe of the guest told; ``unmeasured`` is in seconds."""

    target = serializers.CharField()
    over = serializers.BooleanField()
    sent = serializers.IntegerField()
    lost = serializers.IntegerField()
    longest_gap = GapSerializer(allow_null=True)
    unmeasured = serializers.FloatField()
    words = serializers.CharField()


class DowntimeSerializer(serializers.Serializer[Any]):
    """How long the guest stood still: measured in ms, estimated before in seconds.

    ``how`` it was measured: by ``libvirt``; at most, by Nova's ``events`` or by the
    run's own ``steps``.
    """

    ms = serializers.IntegerField(allow_null=True)
    how = serializers.CharField(allow_null=True)
    words = serializers.CharField()
    estimate = serializers.ListField(
        child=serializers.FloatField(), min_length=2, max_length=2, allow_null=True
    )
    probe = ProbeSerializer(allow_null=True)


class RunSerializer(serializers.ModelSerializer[Run]):
    """One execution of an approved plan, with its steps and its log's last line."""

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
    """Return the run as the interface shows it."""
    last = runs_queries.lines_after(row.pk, row.last_number - 1, limit=1)
    row.last_line = last[0] if last else None  # type: ignore[attr-defined]
    row.downtime = standstill.as_dict(row, runs_queries.steps(row))  # type: ignore[attr-defined]
    return dict(RunSerializer(row).data)


@extend_schema(tags=["runs"])
class OneRun(Checked, APIView):
    """One run."""

    @extend_schema(responses=RunSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """Return the run with its steps."""
        return Response(shown(runs_queries.run(pk)))


@extend_schema(tags=["runs"])
class Lines(Checked, APIView):
    """The log of a run."""

    parameters = frozenset({"after"})

    @extend_schema(responses=LineSerializer(many=True), parameters=[AFTER])
    def get(self, request: Request, pk: int) -> Response:
        """Return the lines that follow ``after``: 500 at most, then ask again."""
        after = cursor(request, "after")
        runs_queries.pulse(pk)  # a run that there is not has no empty log
        rows = runs_queries.lines_after(pk, after, limit=LINES)
        return Response(LineSerializer(rows, many=True).data)


class NoteRequest(Input):
    """Why; an auditor will read it."""

    note = Text(required=False, default="", allow_blank=True, max_length=LONGEST_TEXT)


@extend_schema(tags=["runs"])
class RunVerb(Checked, APIView):
    """What may be asked of a run; each verb's own docstring is in the schema."""

    carry_out: ClassVar[Callable[..., Run]]

    @extend_schema(request=NoteRequest, responses=RunSerializer)
    def post(self, request: Request, pk: int) -> Response:
        # no docstring: it would stand in the schema in place of the verb's
        sent = taken(request, NoteRequest)
        type(self).carry_out(pk, by=user_of(request), note=sent["note"])
        return Response(shown(runs_queries.run(pk)))


class Stop(RunVerb):
    """Have the run turn back as soon as it may; what is under way is called off."""

    verb = Verb.STOP
    carry_out = staticmethod(verbs.stop)


class Abort(RunVerb):
    """Have Nova abort the live migration under way; the run turns back."""

    verb = Verb.ABORT
    carry_out = staticmethod(verbs.abort)


class ForceComplete(RunVerb):
    """Have Nova complete the live migration now: by post-copy, or by a pause."""

    verb = Verb.FORCE_COMPLETE
    carry_out = staticmethod(verbs.force_complete)


class LookAgain(RunVerb):
    """Have a held run go on the way it was going, with its patience renewed."""

    verb = Verb.LOOK_AGAIN
    carry_out = staticmethod(verbs.look_again)


class GoBack(RunVerb):
    """Send a held run back, unless the point of no return is passed."""

    verb = Verb.GO_BACK
    carry_out = staticmethod(verbs.go_back)


class Close(RunVerb):
    """Close a held run by hand: the note says what was found and done."""

    verb = Verb.CLOSE
    carry_out = staticmethod(verbs.close)


VERBS = (Stop, Abort, ForceComplete, LookAgain, GoBack, Close)
