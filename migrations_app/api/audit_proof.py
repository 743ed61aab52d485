"""Endpoints to verify, sign and export the audit trail."""

from __future__ import annotations

from typing import Any

from django.http.response import HttpResponseBase
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from migrations_app.access.permissions import Verb
from migrations_app.api.base import Checked, Empty, cursor, taken, user_of
from migrations_app.api.filters import AuditFilter
from migrations_app.audit import actions as audit_actions
from migrations_app.audit import download, signing
from migrations_app.models import AuditEntry, AuditHead

_GREATEST = 2**63 - 1
_NUMBER = {"type": "integer", "minimum": 1, "maximum": _GREATEST}


class Head(serializers.Serializer[Any]):
    """Head of the chain: its last entry."""

    count = serializers.IntegerField()
    entry = serializers.IntegerField()
    digest = serializers.CharField()


class SignedSerializer(Head):
    """Signature: the signed entry and the time."""

    at = serializers.DateTimeField()


class SignaturesSerializer(serializers.Serializer[Any]):
    """Status of the signatures: ok, off, missing, old or bad."""

    state = serializers.CharField()
    sentence = serializers.CharField()
    last = SignedSerializer(allow_null=True)


class BadSerializer(serializers.Serializer[Any]):
    """First bad entry and its fault."""

    entry = serializers.IntegerField()
    kind = serializers.CharField()
    sentence = serializers.CharField()


class VerdictSerializer(serializers.Serializer[Any]):
    """Whether the entries are unchanged and linked to their neighbours."""

    verified = serializers.BooleanField()
    since_entry = serializers.IntegerField()
    until_entry = serializers.IntegerField()
    count = serializers.IntegerField()
    bad = BadSerializer(allow_null=True)
    head = Head()
    signatures = SignaturesSerializer()


def _parameter(name: str, what: str) -> OpenApiParameter:
    return OpenApiParameter(name, _NUMBER, description=what)


@extend_schema(tags=["audit"])
class Verify(Checked, APIView):
    """Verification of a part of the trail.

    ``manage.py verify_audit`` verifies the whole trail.
    """

    verb = Verb.SEE_AUDIT
    parameters = frozenset({"since_entry", "until_entry"})

    @extend_schema(
        responses=VerdictSerializer,
        parameters=[
            _parameter(
                "since_entry", "The first entry; default: 1000 before the last."
            ),
            _parameter("until_entry", "The last entry; default: the newest."),
        ],
    )
    def get(self, request: Request) -> Response:
        """Verify the entries from one number to another, at most 1000."""
        since, until, verdict = audit_actions.segment(
            by=user_of(request),
            since=_number(request, "since_entry"),
            until=_number(request, "until_entry"),
        )
        answer = {
            "verified": verdict.good,
            "since_entry": since,
            "until_entry": until,
            "count": verdict.count,
            "bad": verdict.bad,
            "head": AuditHead.objects.get(pk=1),
            "signatures": signing.standing(timezone.now()),
        }
        return Response(VerdictSerializer(answer).data)


@extend_schema(tags=["audit"])
class Sign(Checked, APIView):
    """Signature of the head of the chain."""

    verb = Verb.SIGN

    @extend_schema(request=Empty, responses={202: SignaturesSerializer})
    def post(self, request: Request) -> Response:
        """Have a worker sign the head of the chain, which it does within a minute."""
        taken(request, Empty)
        found = audit_actions.ask_to_sign(by=user_of(request))
        return Response(SignaturesSerializer(found).data, status=202)


@extend_schema(tags=["audit"])
class Export(Checked, APIView):
    """Export of the trail as a self-verifying file."""

    verb = Verb.SEE_AUDIT
    dear = "export"
    once = False  # a second file is no harm, and is recorded as one
    parameters = frozenset({"format", "until_entry", *AuditFilter.base_filters})

    @extend_schema(
        request=Empty,
        responses={
            (200, "application/x-ndjson"): OpenApiTypes.BINARY,
            (200, "text/csv"): OpenApiTypes.BINARY,
        },
        parameters=[
            OpenApiParameter(
                "format",
                enum=list(download.FORMATS),
                default="jsonl",
                description="JSON Lines, with its proof in it, or CSV.",
            ),
            _parameter("until_entry", "The greatest value allowed."),
            *(
                OpenApiParameter(name, description=str(each.label))
                for name, each in AuditFilter.base_filters.items()
            ),
        ],
    )
    def post(self, request: Request) -> HttpResponseBase:
        """Return the filtered entries; ``proof`` is the proof of the CSV export.

        An export is recorded in the audit trail, so it is asked for by POST.
        """
        taken(request, Empty)
        given = request.query_params
        how = given.get("format", "jsonl")
        if how not in download.FORMATS:
            there_are = ", ".join(download.FORMATS)
            raise ValidationError({"format": [f"There are {there_are}."]})
        wanted = AuditFilter(given, queryset=AuditEntry.objects.all())
        if not wanted.form.is_valid():
            raise ValidationError(wanted.form.errors)
        made = audit_actions.export(
            by=user_of(request),
            narrow=lambda rows: wanted.filter_queryset(rows),
            filters={n: given[n] for n in AuditFilter.base_filters if n in given},
            until=_number(request, "until_entry"),
        )
        return download.answer(request._request, made, how)


def _number(request: Request, name: str) -> int | None:
    if name not in request.query_params:
        return None
    found = cursor(request, name, most=_GREATEST)
    if found < 1:
        raise ValidationError({name: ["Give the number of an entry."]})
    return found
