"""Endpoints for approval policies; how emergency starts are shown."""

from __future__ import annotations

from functools import partial
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from migrations_app.access.permissions import Verb
from migrations_app.api import etags
from migrations_app.api.base import (
    Checked,
    Input,
    Text,
    require_confirmed,
    taken,
    user_of,
)
from migrations_app.api.proposals import ProposalSerializer
from migrations_app.models import (
    ApprovalPolicy,
    BrokenGlass,
    PolicyProposal,
    PolicyVersion,
)
from migrations_app.requests.approvals import policies as approval_policies
from migrations_app.requests.approvals.rules import (
    MOST_APPROVERS,
    MOST_HOURS,
    MOST_WEIGHT,
    When,
)
from migrations_app.requests.unmatched import AGREED, require_matched, unmatched
from migrations_app.wording import LONGEST_TEXT


def _some() -> Any:
    """Return a serializer field for a condition that is a list of names."""
    return serializers.ListField(
        child=Text(max_length=255),
        required=False,
        help_text="Names; * and ? are wildcards. Empty: all.",
    )


class StageRequest(Input):
    """A number of approvers, each a member of one of these groups."""

    groups = serializers.ListField(child=Text(max_length=255), min_length=1)
    approvers = serializers.IntegerField(min_value=1, max_value=MOST_APPROVERS)


class RuleRequest(Input):
    """Input of a rule: the moves it applies to and the approval stages."""

    clouds = _some()
    projects = _some()
    zones = _some()
    aggregates = _some()
    hosts = _some()
    procedures = _some()
    instances_at_least = serializers.IntegerField(
        required=False, min_value=1, max_value=1_000_000
    )
    window = serializers.ChoiceField(list(map(str, When)), required=False)
    stages = StageRequest(many=True)
    approval_hours = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=MOST_HOURS
    )
    request_hours = serializers.IntegerField(
        required=False, allow_null=True, min_value=1, max_value=MOST_HOURS
    )
    break_glass = serializers.BooleanField(required=False)


class NewPolicyRequest(Input):
    """Input of a new policy, with the reason."""

    name = Text(max_length=100)
    weight = serializers.IntegerField(min_value=-MOST_WEIGHT, max_value=MOST_WEIGHT)
    rule = RuleRequest()
    note = Text(max_length=LONGEST_TEXT)
    unmatched = serializers.BooleanField(default=False, help_text=AGREED)


class PolicyRequest(NewPolicyRequest):
    """Input of a complete policy; ``version`` is the version that was read."""

    version = serializers.IntegerField(min_value=1, max_value=2**31 - 2)
    active = serializers.BooleanField()


class RetireRequest(Input):
    """Input to retire a policy: its version and the reason."""

    version = serializers.IntegerField(min_value=1, max_value=2**31 - 2)
    note = Text(max_length=LONGEST_TEXT)


class VersionSerializer(serializers.ModelSerializer[PolicyVersion]):
    """One version of a policy."""

    by = serializers.CharField(source="by_name")
    rule = serializers.DictField()

    class Meta:
        model = PolicyVersion
        fields = ("number", "by", "at", "note", "rule")


class PolicySerializer(serializers.ModelSerializer[ApprovalPolicy]):
    """Current version of a policy."""

    rule = serializers.DictField()

    class Meta:
        model = ApprovalPolicy
        fields: tuple[str, ...] = ("id", "name", "active", "weight", "version", "rule")


class OnePolicySerializer(PolicySerializer):
    """Policy with its versions, newest first."""

    versions = VersionSerializer(many=True)

    class Meta(PolicySerializer.Meta):
        fields = (*PolicySerializer.Meta.fields, "versions")


def _matched(sent: dict[str, Any]) -> dict[str, Any]:
    """Return the policy. Raises Unfit if a name matches nothing and should."""
    agreed = sent.pop("unmatched")
    if not agreed and sent.get("active", True):
        require_matched(unmatched(sent["rule"]), agreed=agreed)
    return sent


def _answer(row: ApprovalPolicy | PolicyProposal) -> Response:
    """Return the policy, or the proposal that waits for a second person (202)."""
    if isinstance(row, PolicyProposal):
        return Response(ProposalSerializer(row).data, status=202)
    return etags.tagged(Response(OnePolicySerializer(row).data), _edition(row))


def _edition_of(number: int) -> etags.Edition:
    """Return the newest version of the policy, and who made it. Raises Gone."""
    row = approval_policies.one(number)
    made = row.versions.filter(number=row.version).first()
    found = _edition(row)
    return found._replace(by=made.by_name, at=made.at) if made else found


def _edition(row: ApprovalPolicy) -> etags.Edition:
    return etags.Edition(f"Policy “{row.name}”", str(row.version), version=row.version)


@extend_schema(tags=["approvals"])
class Policies(Checked, APIView):
    """All approval policies: active ones first, highest priority first."""

    verb = Verb.SEE_POLICIES

    @extend_schema(responses=PolicySerializer(many=True))
    def get(self, request: Request) -> Response:
        """Return every policy."""
        return Response(
            PolicySerializer(approval_policies.all_policies(), many=True).data
        )

    @extend_schema(
        request=NewPolicyRequest,
        responses={201: OnePolicySerializer, 202: ProposalSerializer},
    )
    def post(self, request: Request) -> Response:
        """Create a policy; one that lowers anything another person must confirm."""
        require_confirmed(request, Verb.SET_POLICY)
        sent = _matched(taken(request, NewPolicyRequest))
        row = approval_policies.create(by=user_of(request), **sent)
        if isinstance(row, PolicyProposal):
            return _answer(row)
        address = reverse("api-policy", args=[row.pk], request=request)
        made = Response(
            OnePolicySerializer(row).data, status=201, headers={"Location": address}
        )
        return etags.tagged(made, _edition(row))


@extend_schema(tags=["approvals"])
class OnePolicy(Checked, APIView):
    """One approval policy."""

    verb = Verb.SEE_POLICIES

    @extend_schema(
        responses={200: OnePolicySerializer, 304: None},
        parameters=[etags.IF_NONE_MATCH, etags.TAG],
    )
    def get(self, request: Request, pk: int) -> Response:
        """Return the policy with all its versions."""
        row = approval_policies.one(pk)
        edition = _edition(row)
        if etags.known(request, edition):
            return etags.tagged(Response(status=304), edition)
        return etags.tagged(Response(OnePolicySerializer(row).data), edition)

    @extend_schema(
        parameters=[etags.IF_MATCH],
        request=PolicyRequest,
        responses={200: OnePolicySerializer, 202: ProposalSerializer},
    )
    def put(self, request: Request, pk: int) -> Response:
        """Create the next version; what lowers anything another person must confirm."""
        require_confirmed(request, Verb.SET_POLICY)
        sent = _matched(taken(request, PolicyRequest))
        with etags.unchanged(request, partial(_edition_of, pk)):
            return _answer(approval_policies.change(pk, by=user_of(request), **sent))


@extend_schema(tags=["approvals"])
class RetirePolicy(Checked, APIView):
    """Retire a policy."""

    verb = Verb.SET_POLICY

    @extend_schema(
        parameters=[etags.IF_MATCH],
        request=RetireRequest,
        responses={200: OnePolicySerializer, 202: ProposalSerializer},
    )
    def post(self, request: Request, pk: int) -> Response:
        """Retire the policy; what lowers anything another person must confirm."""
        sent = taken(request, RetireRequest)
        with etags.unchanged(request, partial(_edition_of, pk)):
            return _answer(approval_policies.retire(pk, by=user_of(request), **sent))


class GlassSerializer(serializers.ModelSerializer[BrokenGlass]):
    """Emergency start of a plan, with its review."""

    by = serializers.CharField(source="by_name")
    reviewed_by = serializers.CharField(source="reviewed_by_name")

    class Meta:
        model = BrokenGlass
        fields = (
            "plan_digest",
            "by",
            "reason",
            "at",
            "reviewed_by",
            "reviewed_at",
            "review",
        )
