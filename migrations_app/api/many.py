"""Endpoints that request several moves, or decide several requests, at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from migrations_app.access.permissions import Verb
from migrations_app.api import problem_details
from migrations_app.api.base import Checked, Input, Text, taken, user_of
from migrations_app.api.preflight import A_PROCEDURE, A_TARGET
from migrations_app.requests import many
from migrations_app.requests.many import MOST, Result
from migrations_app.wording import LONGEST_TEXT

GREATEST = 2**63 - 1


class ResultSerializer(serializers.Serializer[Any]):
    """Result of one of several: ``type`` and ``status`` as of a problem, or "" and 200.

    ``request`` is its number; null: none was made. ``name`` is the instance's; of a
    move that was asked for it is what was sent.
    """

    request = serializers.IntegerField(allow_null=True)
    name = serializers.CharField()
    done = serializers.BooleanField()
    status = serializers.IntegerField()
    type = serializers.CharField()
    detail = serializers.CharField()


class PlanRequest(Input):
    """Input of one of several approvals: its request, and the plan that was read."""

    id = serializers.IntegerField(min_value=1, max_value=GREATEST)
    plan_digest = Text(max_length=64)


class ApproveManyRequest(Input):
    """Input of several approvals: which plans, and one note for all."""

    requests = serializers.ListField(child=PlanRequest(), min_length=1, max_length=MOST)
    note = Text(max_length=LONGEST_TEXT)

    def validate_requests(self, given: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Return them if each is another one. Raises ValidationError."""
        _once_each([each["id"] for each in given])
        return given


class DecideManyRequest(Input):
    """Input of several rejections or withdrawals: which, and one note for all."""

    requests = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=GREATEST),
        min_length=1,
        max_length=MOST,
    )
    note = Text(max_length=LONGEST_TEXT)

    def validate_requests(self, given: list[int]) -> list[int]:
        """Return them if each is another one. Raises ValidationError."""
        _once_each(given)
        return given


class MoveRequest(Input):
    """Input of one of several moves; without a procedure: auto."""

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


class AskManyRequest(Input):
    """Input of several moves: which, and what is the same for all."""

    moves = serializers.ListField(child=MoveRequest(), min_length=1, max_length=MOST)
    reason = Text(max_length=LONGEST_TEXT)
    ticket = Text(required=False, allow_blank=True, max_length=100)
    window_start = serializers.DateTimeField(required=False, allow_null=True)
    window_end = serializers.DateTimeField(required=False, allow_null=True)
    options = serializers.DictField(required=False)


@extend_schema(tags=["requests"])
class ApproveMany(Checked, APIView):
    """Approve several plans."""

    verb = Verb.APPROVE

    @extend_schema(
        operation_id="requests_approve_many",
        request=ApproveManyRequest,
        responses=ResultSerializer(many=True),
    )
    def post(self, request: Request) -> Response:
        """Approve each plan by itself; up to three pre-flights run at a time."""
        sent = taken(request, ApproveManyRequest)
        digests = {each["id"]: each["plan_digest"] for each in sent["requests"]}
        by = user_of(request)
        return _shown(many.decide(Verb.APPROVE, digests, by=by, note=sent["note"]))


@extend_schema(tags=["requests"])
class _DecideMany(Checked, APIView):
    """Base of what takes numbers and a note."""

    @extend_schema(request=DecideManyRequest, responses=ResultSerializer(many=True))
    def post(self, request: Request) -> Response:
        # no docstring: it would stand in the schema in place of the verb's
        sent = taken(request, DecideManyRequest)
        digests = dict.fromkeys(sent["requests"], "")
        by = user_of(request)
        return _shown(many.decide(self.verb, digests, by=by, note=sent["note"]))


@extend_schema_view(post=extend_schema(operation_id="requests_reject_many"))
class RejectMany(_DecideMany):
    """Reject each of several requests, finally."""

    verb = Verb.REJECT


@extend_schema_view(post=extend_schema(operation_id="requests_withdraw_many"))
class WithdrawMany(_DecideMany):
    """Withdraw each of several requests before its start."""

    verb = Verb.WITHDRAW


@extend_schema(tags=["requests"])
class AskMany(Checked, APIView):
    """Request several moves."""

    verb = Verb.ASK

    @extend_schema(
        operation_id="requests_ask_many",
        request=AskManyRequest,
        responses=ResultSerializer(many=True),
    )
    def post(self, request: Request) -> Response:
        """Request each move by itself, in order: each is a request of its own."""
        sent: dict[str, Any] = taken(request, AskManyRequest)
        moves = [
            {"procedure": "auto", "target": None, **each} for each in sent.pop("moves")
        ]
        return _shown(many.ask(moves, by=user_of(request), **sent))


def _once_each(numbers: Sequence[int]) -> None:
    twice = sorted({each for each in numbers if numbers.count(each) > 1})
    if twice:
        told = ", ".join(map(str, twice))
        raise ValidationError(f"Name each request once: {told} is there twice.")


def _shown(results: Sequence[Result]) -> Response:
    return Response(ResultSerializer([_told(it) for it in results], many=True).data)


def _told(result: Result) -> dict[str, Any]:
    status, kind = 200, ""
    if result.error is not None:
        status, word = problem_details.kind_of(result.error)
        kind = f"urn:novaweb:{word}"
    return {
        "request": result.number,
        "name": result.name,
        "done": result.done,
        "status": status,
        "type": kind,
        "detail": result.sentence,
    }
