"""Endpoints for changes of policies that wait for a second person."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from migrations_app.access.permissions import Verb
from migrations_app.api.base import Checked, Input, Text, taken, user_of
from migrations_app.models import PolicyProposal
from migrations_app.requests.approvals import proposals as policy_proposals
from migrations_app.wording import LONGEST_TEXT


class ProposalSerializer(serializers.ModelSerializer[PolicyProposal]):
    """A change that lowers what moves take, and waits for a second person.

    ``policy`` null: a new one; ``version`` is the one that it is to follow.
    """

    by = serializers.CharField(source="by_name")
    rule = serializers.DictField()

    class Meta:
        model = PolicyProposal
        fields = (
            "id",
            "policy",
            "version",
            "name",
            "weight",
            "active",
            "rule",
            "note",
            "by",
            "at",
            "decided_at",
            "decided_by_name",
        )


class DecisionRequest(Input):
    """Input: why it is confirmed or discarded."""

    note = Text(max_length=LONGEST_TEXT)


@extend_schema(tags=["approvals"])
class Proposals(Checked, APIView):
    """Proposed changes of policies that wait."""

    verb = Verb.SEE_POLICIES

    @extend_schema(responses=ProposalSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Return those that can still be confirmed, newest first."""
        rows = policy_proposals.waiting()
        return Response(ProposalSerializer(rows, many=True).data)


@extend_schema(tags=["approvals"])
class Confirm(Checked, APIView):
    """Confirm a proposed change."""

    verb = Verb.SET_POLICY

    @extend_schema(request=DecisionRequest, responses=ProposalSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """Let the change count from now on; never by who proposed it."""
        sent = taken(request, DecisionRequest)
        policy_proposals.confirm(pk, by=user_of(request), **sent)
        return Response(ProposalSerializer(PolicyProposal.objects.get(pk=pk)).data)


@extend_schema(tags=["approvals"])
class Discard(Checked, APIView):
    """Discard a proposed change."""

    verb = Verb.SET_POLICY

    @extend_schema(request=DecisionRequest, responses=ProposalSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """End the proposal without any change."""
        sent = taken(request, DecisionRequest)
        row = policy_proposals.discard(pk, by=user_of(request), **sent)
        return Response(ProposalSerializer(row).data)
