"""Saved searches of the audit trail."""

from __future__ import annotations

from typing import Any

from django.http import QueryDict
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from migrations_app.access.permissions import Verb
from migrations_app.api.base import (
    Checked,
    Input,
    Text,
    person_of,
    refuse_unknown,
    taken,
    user_of,
)
from migrations_app.audit import saved_searches
from migrations_app.audit.filters import AuditFilter
from migrations_app.models import SavedSearch


class SearchSerializer(serializers.ModelSerializer[SavedSearch]):
    """Saved search; ``filters`` are parameters of ``/api/audit/``."""

    owner = serializers.CharField(source="owner_name")
    filters = serializers.DictField(child=serializers.CharField())

    class Meta:
        model = SavedSearch
        fields = ("id", "name", "filters", "shared", "owner", "made_at")


class SearchRequest(Input):
    """Input of a search; ``shared`` shows it to all readers of the trail."""

    name = Text(max_length=saved_searches.NAME_LENGTH)
    filters = serializers.DictField(child=Text(max_length=255), allow_empty=False)
    shared = serializers.BooleanField(required=False, default=False)

    def validate_filters(self, given: dict[str, str]) -> dict[str, str]:
        """Return the filters if they are valid for the audit trail."""
        refuse_unknown(given, AuditFilter.base_filters, "filter")
        sent = QueryDict(mutable=True)
        sent.update(given)
        form = AuditFilter(sent).form
        if not form.is_valid():
            raise ValidationError({n: list(e) for n, e in form.errors.items()})
        return given


@extend_schema(tags=["audit"])
class Searches(Checked, APIView):
    """The caller's saved searches, and shared ones."""

    verb = Verb.SEE_AUDIT

    @extend_schema(responses=SearchSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Return the searches by name."""
        rows = saved_searches.seen_by(person_of(request))
        return Response(SearchSerializer(rows, many=True).data)

    @extend_schema(request=SearchRequest, responses={201: SearchSerializer})
    def post(self, request: Request) -> Response:
        """Save a search under a name."""
        sent: dict[str, Any] = taken(request, SearchRequest)
        row = saved_searches.save(by=user_of(request), **sent)
        return Response(SearchSerializer(row).data, status=201)


@extend_schema(tags=["audit"])
class OneSearch(Checked, APIView):
    """One saved search."""

    verb = Verb.SEE_AUDIT

    @extend_schema(responses=SearchSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """Return the search."""
        return Response(
            SearchSerializer(saved_searches.seen(pk, by=person_of(request))).data
        )

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Remove the search; only its owner can."""
        saved_searches.remove(pk, by=user_of(request))
        return Response(status=204)
