"""Endpoints for delegations of the right to approve."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from migrations_app.access.permissions import Verb
from migrations_app.api.base import (
    Checked,
    Empty,
    Input,
    Text,
    require_confirmed,
    taken,
    user_of,
)
from migrations_app.models import Delegation
from migrations_app.requests.approvals import delegations as approval_delegations
from migrations_app.wording import LONGEST_TEXT


class DelegationSerializer(serializers.ModelSerializer[Delegation]):
    """Delegation of an approval right, past or current."""

    giver = serializers.CharField(source="giver_name")
    taker = serializers.CharField(source="taker_name")

    class Meta:
        model = Delegation
        fields = (
            "id",
            "giver",
            "taker",
            "reason",
            "starts_at",
            "ends_at",
            "made_at",
            "revoked_at",
            "revoked_by_name",
        )


class DelegationRequest(Input):
    """Input of a delegation: delegate, period and reason."""

    to = Text(max_length=150)
    starts_at = serializers.DateTimeField()
    ends_at = serializers.DateTimeField()
    reason = Text(max_length=LONGEST_TEXT)


@extend_schema(tags=["approvals"])
class Delegations(Checked, ListAPIView[Delegation]):
    """All delegations, newest first."""

    verb = Verb.SEE_DELEGATIONS
    serializer_class = DelegationSerializer
    parameters = frozenset({"page", "page_size"})
    queryset = Delegation.objects.order_by("-pk")

    @extend_schema(request=DelegationRequest, responses={201: DelegationSerializer})
    def post(self, request: Request) -> Response:
        """Delegate the caller's own approval right for a limited time."""
        require_confirmed(request, Verb.DELEGATE)
        sent = taken(request, DelegationRequest)
        row = approval_delegations.delegate(by=user_of(request), **sent)
        return Response(DelegationSerializer(row).data, status=201)


@extend_schema(tags=["approvals"])
class Revoke(Checked, APIView):
    """End a delegation before its time."""

    verb = Verb.SEE_DELEGATIONS

    @extend_schema(request=Empty, responses=DelegationSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """End the delegation; decisions made under it stay valid."""
        taken(request, Empty)
        row = approval_delegations.revoke(pk, by=user_of(request))
        return Response(DelegationSerializer(row).data)
