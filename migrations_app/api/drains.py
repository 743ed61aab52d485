"""Drains: hosts that are emptied under one approval."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from migrations_app import drains as verbs
from migrations_app.api import runs
from migrations_app.api.approvals import StandingShape
from migrations_app.api.base import PAGING, Checked, Input, Text, taken, user_of
from migrations_app.api.requests import ApproveInput, DecisionShape
from migrations_app.emptying import rulings
from migrations_app.errors import NotAllowed
from migrations_app.models import Drain, MigrationRequest
from migrations_app.policy import Verb
from migrations_app.states import Afterwards, DrainState

_STATES = [str(state) for state in DrainState]


class LimitsInput(Input):
    """How many moves may be under way at once; 0: as many as there are."""

    per_source = serializers.IntegerField(required=False, min_value=0, max_value=10_000)
    per_target = serializers.IntegerField(required=False, min_value=0, max_value=10_000)
    per_zone = serializers.IntegerField(required=False, min_value=0, max_value=10_000)
    overall = serializers.IntegerField(required=False, min_value=0, max_value=10_000)


class BackInput(Input):
    """Why instances are moved back, and when."""

    reason = Text(max_length=4000)
    ticket = Text(required=False, allow_blank=True, max_length=100)
    window_start = serializers.DateTimeField(required=False, allow_null=True)
    window_end = serializers.DateTimeField(required=False, allow_null=True)


class DrainInput(BackInput):
    """Which hosts are to be emptied, how, why and when.

    ``targets``: the only hosts that instances may go to; none: every host.
    """

    hosts = serializers.ListField(
        child=Text(max_length=255), min_length=1, max_length=50
    )
    cloud = Text(required=False, max_length=100)
    targets = serializers.ListField(
        child=Text(max_length=255), required=False, allow_null=True, max_length=1000
    )
    limits = LimitsInput(required=False)
    stop_after = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=10_000,
        help_text="It pauses after so many failures; 0: never.",
    )
    afterwards = serializers.ChoiceField(
        required=False,
        choices=[str(each) for each in Afterwards],
        help_text="Whether the hosts stay disabled, or are enabled at the end.",
    )


class DrainMoveShape(serializers.ModelSerializer[MigrationRequest]):
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


class DrainStaysShape(serializers.Serializer[Any]):
    """An instance that the drain cannot move: why, and what to do about that."""

    instance = serializers.CharField()
    name = serializers.CharField()
    host = serializers.CharField()
    sentence = serializers.CharField()
    way_out = serializers.CharField()


class DrainInListShape(serializers.ModelSerializer[Drain]):
    """A drain, without its moves."""

    cloud = serializers.CharField(source="cloud.name")
    hosts = serializers.ListField(child=serializers.CharField())
    targets = serializers.ListField(child=serializers.CharField(), allow_null=True)
    limits = serializers.DictField(child=serializers.IntegerField())
    asked_by = serializers.CharField(source="asked_by_name")
    back_of = serializers.IntegerField(
        source="back_of_id",
        allow_null=True,
        help_text="The drain whose moves this one takes back.",
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
        """Return how many moves its placement has."""
        return len(row.tasks)


class DrainShape(DrainInListShape):
    """A drain with its moves, what stays, the decisions and the approvals needed."""

    moves = serializers.SerializerMethodField()
    stays = DrainStaysShape(many=True)
    decisions = serializers.SerializerMethodField()
    approvals = serializers.SerializerMethodField()

    class Meta(DrainInListShape.Meta):
        fields = (  # type: ignore[assignment]
            *DrainInListShape.Meta.fields,
            "moves",
            "stays",
            "decisions",
            "approvals",
        )

    @extend_schema_field(DrainMoveShape(many=True))
    def get_moves(self, row: Drain) -> list[dict[str, Any]]:
        """Return the moves in their order."""
        return list(DrainMoveShape(row.moves.order_by("place"), many=True).data)

    @extend_schema_field(DecisionShape(many=True))
    def get_decisions(self, row: Drain) -> list[dict[str, Any]]:
        """Return every decision, oldest first."""
        shape = DecisionShape(
            row.decisions.all(), many=True, context={"plan_digest": row.plan_digest}
        )
        return list(shape.data)

    @extend_schema_field(StandingShape(many=True))
    def get_approvals(self, row: Drain) -> list[dict[str, Any]]:
        """Return where the approvals stand under each policy that rules."""
        found = rulings.standings(row) or []
        return [StandingShape(each).data for each in found]


@extend_schema(tags=["drains"])
class Drains(Checked, ListAPIView[Drain]):
    """All drains, newest first."""

    serializer_class = DrainInListShape
    parameters = PAGING | {"state"}

    def get_queryset(self) -> QuerySet[Drain]:
        """Return all, or those in a state."""
        rows = Drain.objects.select_related("cloud").order_by("-pk")
        state = self.request.query_params.get("state")
        if state is None:
            return rows
        if state not in _STATES:
            raise ValidationError({"state": [f"One of {', '.join(_STATES)}."]})
        return rows.filter(state=state)

    @extend_schema(parameters=[OpenApiParameter("state", str, enum=_STATES)])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return a page of drains."""
        return super().get(request, *args, **kwargs)

    @extend_schema(request=DrainInput, responses={202: DrainShape})
    def post(self, request: Request) -> Response:
        """Ask that hosts be emptied. It is planned by itself, then waits."""
        _refuse(request)
        return _begun(
            verbs.ask(by=user_of(request), **taken(request, DrainInput)), request
        )


@extend_schema(tags=["drains"])
class OneDrain(Checked, APIView):
    """One drain."""

    @extend_schema(responses=DrainShape)
    def get(self, request: Request, pk: int) -> Response:
        """Return the drain with its moves, what stays, and its decisions."""
        return _answer(pk)


@extend_schema(tags=["drains"])
class ApproveDrain(Checked, APIView):
    """Say yes to a drain."""

    verb = Verb.APPROVE

    @extend_schema(request=ApproveInput, responses=DrainShape)
    def post(self, request: Request, pk: int) -> Response:
        """Approve the plan with that digest; with enough approvals it starts."""
        verbs.approve(pk, by=user_of(request), **taken(request, ApproveInput))
        return _answer(pk)


@extend_schema(tags=["drains"])
class MoveBack(Checked, APIView):
    """Move back what a drain has moved."""

    verb = Verb.DRAIN

    @extend_schema(request=BackInput, responses={202: DrainShape})
    def post(self, request: Request, pk: int) -> Response:
        """Ask that instances be moved back, under an approval of its own."""
        row = verbs.move_back(pk, by=user_of(request), **taken(request, BackInput))
        return _begun(row, request)


class _Said(Checked, APIView):
    """What is done to a drain with no more than a note."""

    def act(self, pk: int, **said: Any) -> Drain:
        """Do it."""
        raise NotImplementedError

    @extend_schema(request=runs.NoteInput, responses=DrainShape, tags=["drains"])
    def post(self, request: Request, pk: int) -> Response:
        """Do it; the note says why."""
        self.act(pk, by=user_of(request), **taken(request, runs.NoteInput))
        return _answer(pk)


class RejectDrain(_Said):
    """Say no to a drain and all of its moves, for good."""

    verb = Verb.REJECT
    act = staticmethod(verbs.reject)  # type: ignore[assignment]


class WithdrawDrain(_Said):
    """Take a drain and all of its moves back, before it runs."""

    verb = Verb.WITHDRAW
    act = staticmethod(verbs.withdraw)  # type: ignore[assignment]


class PauseDrain(_Said):
    """Start none of its moves until it goes on."""

    verb = Verb.PAUSE
    act = staticmethod(verbs.pause)  # type: ignore[assignment]


class ResumeDrain(_Said):
    """Have a paused drain go on."""

    verb = Verb.RESUME
    act = staticmethod(verbs.resume)  # type: ignore[assignment]


class CancelDrain(_Said):
    """Start none of its moves any more; those under way end as they do."""

    verb = Verb.CANCEL
    act = staticmethod(verbs.cancel)  # type: ignore[assignment]


SAID = (RejectDrain, WithdrawDrain, PauseDrain, ResumeDrain, CancelDrain)


def _refuse(request: Request) -> None:
    if refusal := verbs.why_not_ask(user_of(request)):
        raise NotAllowed(refusal)


def _begun(row: Drain, request: Request) -> Response:
    address = reverse("api-drain", args=[row.pk], request=request)
    return Response(DrainShape(row).data, status=202, headers={"Location": address})


def _answer(pk: int) -> Response:
    return Response(DrainShape(verbs.load(pk)).data)
