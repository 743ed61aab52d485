"""Endpoints for drains, which empty hosts under one approval."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import ValidationError
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from migrations_app.access.permissions import Verb
from migrations_app.access.require import require
from migrations_app.api import etags, runs
from migrations_app.api.base import PAGING, Checked, taken, user_of
from migrations_app.api.drain_serializers import (
    STATES,
    BackRequest,
    DrainInListSerializer,
    DrainRequest,
    DrainSerializer,
)
from migrations_app.api.requests import ApproveRequest
from migrations_app.drains import actions as drain_actions
from migrations_app.models import Drain


@extend_schema(tags=["drains"])
class Drains(Checked, ListAPIView[Drain]):
    """All drains, newest first."""

    serializer_class = DrainInListSerializer
    parameters = PAGING | {"state"}

    def get_queryset(self) -> QuerySet[Drain]:
        """Return all drains, or those in one state."""
        rows = Drain.objects.select_related("cloud").order_by("-pk")
        state = self.request.query_params.get("state")
        if state is None:
            return rows
        if state not in STATES:
            raise ValidationError({"state": [f"One of {', '.join(STATES)}."]})
        return rows.filter(state=state)

    @extend_schema(
        parameters=[
            OpenApiParameter(
                "state", str, enum=STATES, description="Drains in this state only."
            )
        ]
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return a page of drains."""
        return super().get(request, *args, **kwargs)

    @extend_schema(request=DrainRequest, responses={202: DrainSerializer})
    def post(self, request: Request) -> Response:
        """Request a drain. It is planned automatically, then waits for approval."""
        require(request.user, Verb.DRAIN)
        return _begun(
            drain_actions.ask(by=user_of(request), **taken(request, DrainRequest)),
            request,
        )


@extend_schema(tags=["drains"])
class OneDrain(Checked, APIView):
    """One drain."""

    @extend_schema(responses=DrainSerializer, parameters=[etags.TAG])
    def get(self, request: Request, pk: int) -> Response:
        """Return the drain with moves, remaining instances and decisions."""
        return _answer(pk)


@extend_schema(tags=["drains"])
class ApproveDrain(Checked, APIView):
    """Approve a drain."""

    verb = Verb.APPROVE

    @extend_schema(
        request=ApproveRequest,
        responses=DrainSerializer,
        parameters=[etags.IF_MATCH],
    )
    def post(self, request: Request, pk: int) -> Response:
        """Approve the plan with this digest; with enough approvals it starts."""
        sent = taken(request, ApproveRequest)
        with etags.unchanged(request, lambda: _edition(drain_actions.load(pk))):
            drain_actions.approve(pk, by=user_of(request), **sent)
        return _answer(pk)


@extend_schema(tags=["drains"])
class MoveBack(Checked, APIView):
    """Move back the instances that a drain has moved."""

    verb = Verb.DRAIN

    @extend_schema(request=BackRequest, responses={202: DrainSerializer})
    def post(self, request: Request, pk: int) -> Response:
        """Request to move the instances back, under a separate approval."""
        row = drain_actions.move_back(
            pk, by=user_of(request), **taken(request, BackRequest)
        )
        return _begun(row, request)


class _Said(Checked, APIView):
    """Base of the actions that take only a note."""

    def act(self, pk: int, **said: Any) -> Drain:
        """Carry out the action."""
        raise NotImplementedError

    @extend_schema(request=runs.NoteRequest, responses=DrainSerializer, tags=["drains"])
    def post(self, request: Request, pk: int) -> Response:
        """Carry out the action; the note is its reason."""
        self.act(pk, by=user_of(request), **taken(request, runs.NoteRequest))
        return _answer(pk)


class RejectDrain(_Said):
    """Reject a drain and all of its moves, finally."""

    verb = Verb.REJECT
    act = staticmethod(drain_actions.reject)  # type: ignore[assignment]


class WithdrawDrain(_Said):
    """Withdraw a drain and all of its moves before the start."""

    verb = Verb.WITHDRAW
    act = staticmethod(drain_actions.withdraw)  # type: ignore[assignment]


class PauseDrain(_Said):
    """Pause a drain: no further move starts until it is resumed."""

    verb = Verb.PAUSE
    act = staticmethod(drain_actions.pause)  # type: ignore[assignment]


class ResumeDrain(_Said):
    """Resume a paused drain."""

    verb = Verb.RESUME
    act = staticmethod(drain_actions.resume)  # type: ignore[assignment]


class CancelDrain(_Said):
    """Cancel a drain: no further move starts; running moves finish."""

    verb = Verb.CANCEL
    act = staticmethod(drain_actions.cancel)  # type: ignore[assignment]


SAID = (RejectDrain, WithdrawDrain, PauseDrain, ResumeDrain, CancelDrain)


def _begun(row: Drain, request: Request) -> Response:
    address = reverse("api-drain", args=[row.pk], request=request)
    answer = Response(
        DrainSerializer(row).data, status=202, headers={"Location": address}
    )
    return etags.tagged(answer, _edition(row))


def _answer(pk: int) -> Response:
    row = drain_actions.load(pk)
    return etags.tagged(Response(DrainSerializer(row).data), _edition(row))


def _edition(row: Drain) -> etags.Edition:
    """Return which plan the drain has: novaweb makes it, as of that time."""
    name = row.plan_digest or "planning"
    return etags.Edition(f"Drain {row.pk}", name, at=row.planned_at)
