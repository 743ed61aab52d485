"""The endpoint to edit a request."""

from __future__ import annotations

from functools import partial
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from migrations_app.access.permissions import Verb
from migrations_app.api import etags
from migrations_app.api.base import Checked, Input, Text, taken, user_of
from migrations_app.api.request_serializers import RequestSerializer
from migrations_app.api.requests import answer, edition
from migrations_app.requests import amend as request_amend
from migrations_app.wording import LONGEST_TEXT


class AmendRequest(Input):
    """Input of an edit: plan digest, reason and changed fields; others stay."""

    plan_digest = Text(max_length=64)
    note = Text(max_length=LONGEST_TEXT)
    target = Text(required=False, allow_null=True, max_length=255)
    options = serializers.DictField(required=False)
    reason = Text(required=False, max_length=LONGEST_TEXT)
    ticket = Text(required=False, allow_blank=True, max_length=100)
    window_start = serializers.DateTimeField(required=False, allow_null=True)
    window_end = serializers.DateTimeField(required=False, allow_null=True)


@extend_schema(tags=["requests"])
class Amend(Checked, APIView):
    """Edit a request."""

    verb = Verb.AMEND

    @extend_schema(
        request=AmendRequest, responses=RequestSerializer, parameters=[etags.IF_MATCH]
    )
    def post(self, request: Request, pk: int) -> Response:
        """Edit the request: it gets a new plan, and its approvals become invalid."""
        sent: dict[str, Any] = taken(request, AmendRequest)
        digest, note = sent.pop("plan_digest"), sent.pop("note")
        with etags.unchanged(request, partial(edition, pk)):
            request_amend.amend(
                pk, by=user_of(request), plan_digest=digest, note=note, changes=sent
            )
        return answer(pk)
