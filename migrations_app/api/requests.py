"""Endpoints for migration requests and decisions on them."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from migrations_app.access.permissions import Verb
from migrations_app.access.require import require
from migrations_app.api import etags, runs
from migrations_app.api.base import Checked, Text, taken, user_of
from migrations_app.api.filters import RequestFilter
from migrations_app.api.preflight import (
    A_PROCEDURE,
    PreflightRequest,
    about_what_was_sent,
)
from migrations_app.api.request_serializers import (
    RequestInListSerializer,
    RequestSerializer,
)
from migrations_app.models import MigrationRequest
from migrations_app.requests import actions as request_actions
from migrations_app.requests import queries as request_queries
from migrations_app.wording import LONGEST_TEXT


class AskRequest(PreflightRequest):
    """Input of a request: instance, procedure, target, window and reason."""

    procedure = Text(max_length=30, help_text=A_PROCEDURE)
    reason = Text(max_length=LONGEST_TEXT)
    ticket = Text(required=False, allow_blank=True, max_length=100)
    options = serializers.DictField(
        required=False,
        help_text="block_migration: auto, true or false; deadline: minutes; probe:"
        " icmp:ADDRESS or tcp:ADDRESS:PORT, of the instance.",
    )


class ApproveRequest(runs.NoteRequest):
    """Input of an approval: plan digest and note."""

    plan_digest = Text(max_length=64)


@extend_schema(tags=["requests"])
class Requests(Checked, ListAPIView[MigrationRequest]):
    """All migration requests, newest first."""

    serializer_class = RequestInListSerializer
    filterset_class = RequestFilter
    filters_by_person = True

    def get_queryset(self) -> QuerySet[MigrationRequest]:
        """Return all, newest first."""
        return request_queries.requests().order_by("-pk")

    @extend_schema(request=AskRequest, responses={201: RequestSerializer})
    def post(self, request: Request) -> Response:
        """Request a move. It waits for approval, then starts automatically."""
        require(request.user, Verb.ASK)
        sent = {"target": None, **taken(request, AskRequest)}
        row = about_what_was_sent(request_actions.ask, by=user_of(request), **sent)
        address = reverse("api-request", args=[row.pk], request=request)
        return answer(row.pk, status=201, headers={"Location": address})


@extend_schema(tags=["requests"])
class OneRequest(Checked, APIView):
    """One migration request."""

    @extend_schema(responses=RequestSerializer, parameters=[etags.TAG])
    def get(self, request: Request, pk: int) -> Response:
        """Return the request with its plan, findings, decisions and run."""
        return answer(pk)


@extend_schema(tags=["requests"])
class Approve(Checked, APIView):
    """Approve a plan."""

    verb = Verb.APPROVE

    @extend_schema(
        request=ApproveRequest,
        responses=RequestSerializer,
        parameters=[etags.IF_MATCH],
    )
    def post(self, request: Request, pk: int) -> Response:
        """Approve the plan with that digest; with enough approvals it starts."""
        sent = taken(request, ApproveRequest)
        with etags.unchanged(request, partial(edition, pk)):
            request_actions.approve(pk, by=user_of(request), **sent)
        return answer(pk)


@extend_schema(tags=["requests"])
class Reject(Checked, APIView):
    """Reject a request."""

    verb = Verb.REJECT

    @extend_schema(request=runs.NoteRequest, responses=RequestSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """Reject the request finally; the note is the reason."""
        request_actions.reject(
            pk, by=user_of(request), **taken(request, runs.NoteRequest)
        )
        return answer(pk)


@extend_schema(tags=["requests"])
class Withdraw(Checked, APIView):
    """Withdraw a request."""

    verb = Verb.WITHDRAW

    @extend_schema(request=runs.NoteRequest, responses=RequestSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """Withdraw the request before the start; the note is the reason."""
        request_actions.withdraw(
            pk, by=user_of(request), **taken(request, runs.NoteRequest)
        )
        return answer(pk)


def answer(pk: int, **more: Any) -> Response:
    """Return the current state of the request, with the tag of its plan."""
    row = request_queries.request(pk)
    answer = Response(RequestSerializer(row).data, **more)
    return etags.tagged(answer, etags.Edition(f"Request {pk}", row.plan_digest))


def edition(pk: int) -> etags.Edition:
    """Return which plan the request has, and who made it so. Raises Gone."""
    row = request_queries.request(pk)
    found = etags.Edition(f"Request {pk}", row.plan_digest)
    last = request_queries.last_plan(row)
    return found._replace(by=last.actor_name, at=last.at) if last else found
