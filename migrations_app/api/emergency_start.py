"""Endpoints for emergency starts and their reviews."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from migrations_app.access.permissions import Verb
from migrations_app.api import runs
from migrations_app.api.base import Checked, Input, Text, taken, user_of
from migrations_app.api.request_serializers import RequestSerializer
from migrations_app.api.requests import answer
from migrations_app.requests import emergency_start
from migrations_app.wording import LONGEST_TEXT


class BreakRequest(Input):
    """Input of an emergency start: plan digest and reason."""

    plan_digest = Text(max_length=64)
    reason = Text(max_length=LONGEST_TEXT)


@extend_schema(tags=["requests"])
class EmergencyStart(Checked, APIView):
    """Start a plan at once, without approvals (emergency start)."""

    verb = Verb.EMERGENCY_START

    @extend_schema(request=BreakRequest, responses=RequestSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """Start the plan without approvals; another person must review it.

        The pre-flight checks still apply.
        """
        sent = taken(request, BreakRequest)
        emergency_start.start(pk, by=user_of(request), **sent)
        return answer(pk)


@extend_schema(tags=["requests"])
class Review(Checked, APIView):
    """Review an emergency start."""

    verb = Verb.REVIEW

    @extend_schema(request=runs.NoteRequest, responses=RequestSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """Record the result of the review."""
        emergency_start.review(
            pk, by=user_of(request), **taken(request, runs.NoteRequest)
        )
        return answer(pk)
