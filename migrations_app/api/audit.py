"""Read access to the audit trail."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param
from rest_framework.views import APIView

from migrations_app.access.permissions import Verb
from migrations_app.api.base import Checked, Pages, cursor
from migrations_app.api.filters import AuditFilter
from migrations_app.audit import queries as audit_queries
from migrations_app.audit import recorder, search
from migrations_app.models import AuditEntry


class EntrySerializer(serializers.ModelSerializer[AuditEntry]):
    """Audit entry: actor, time, action and object; ``sentence`` has it in words."""

    actor = serializers.CharField(source="actor_name")
    request = serializers.IntegerField(source="request_number", allow_null=True)
    run = serializers.IntegerField(source="run_number", allow_null=True)
    sentence = serializers.SerializerMethodField()
    before = serializers.DictField()
    after = serializers.DictField()

    class Meta:
        model = AuditEntry
        fields = (
            "id",
            "at",
            "actor",
            "verb",
            "sentence",
            "cloud",
            "request",
            "run",
            "instance",
            "instance_name",
            "source",
            "target",
            "ticket",
            "note",
            "before",
            "after",
            "act",
            "previous",
            "digest",
        )

    def get_sentence(self, row: AuditEntry) -> str:
        """Return the entry as a sentence."""
        return recorder.sentence(row)


class AuditPages(Pages):
    """Page numbers, or cursors for long trails.

    With ``before`` or ``after`` (entry numbers) nothing is counted or skipped:
    ``count`` is null, and ``next`` leads to older entries. ``after=0`` starts with the
    oldest entries.
    """

    def paginate_queryset(
        self, queryset: Any, request: Request, view: Any = None
    ) -> list[Any]:
        """Return the requested page, newest first. Raises ValidationError."""
        given = request.query_params
        self.address = request.build_absolute_uri()
        self.found: search.Page | None = None
        if "before" not in given and "after" not in given:
            return super().paginate_queryset(queryset, request, view) or []
        if "page" in given or ("before" in given and "after" in given):
            raise ValidationError("Give one of page, before and after.")
        self.found = search.found(
            AuditFilter(given).wanted,
            before=cursor(request, "before", most=2**63 - 1)
            if "before" in given
            else None,
            after=cursor(request, "after", most=2**63 - 1)
            if "after" in given
            else None,
            most=self.get_page_size(request),
        )
        return self.found.entries

    def get_paginated_response(self, data: Any) -> Response:
        """Return the page with the addresses of its neighbours."""
        if self.found is None:
            return super().get_paginated_response(data)
        found = self.found
        answer = {
            "count": None,
            "next": self._beside("before", found.last if found.older else 0),
            "previous": self._beside("after", found.first if found.newer else 0),
            "results": data,
        }
        return Response(answer)

    def _beside(self, name: str, number: int) -> str | None:
        if not number:
            return None
        bare = remove_query_param(self.address, "before")
        bare = remove_query_param(bare, "after")
        return replace_query_param(bare, name, str(number))

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Document in the schema that ``count`` may be null."""
        found: dict[str, Any] = super().get_paginated_response_schema(schema)
        found["properties"]["count"]["nullable"] = True
        return found

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """Document the cursor parameters in the schema."""
        found = super().get_schema_operation_parameters(view)
        for name, what in (("before", "Older"), ("after", "Newer")):
            about = {
                "name": name,
                "required": False,
                "in": "query",
                "description": f"{what} than the entry of this number; uncounted.",
                "schema": {"type": "integer", "minimum": 0, "maximum": 2**63 - 1},
            }
            found.append(about)
        return found


@extend_schema(tags=["audit"])
class Entries(Checked, ListAPIView[AuditEntry]):
    """All audit entries, newest first."""

    verb = Verb.SEE_AUDIT
    parameters = frozenset({"before", "after"})
    pagination_class = AuditPages
    serializer_class = EntrySerializer
    filterset_class = AuditFilter

    def get_queryset(self) -> QuerySet[AuditEntry]:
        """Return all entries, newest first."""
        return audit_queries.audit_entries().order_by("-pk")


@extend_schema(tags=["audit"])
class OneEntry(Checked, APIView):
    """One audit entry."""

    verb = Verb.SEE_AUDIT

    @extend_schema(responses=EntrySerializer)
    def get(self, request: Request, pk: int) -> Response:
        """Return the entry with this number."""
        return Response(EntrySerializer(audit_queries.audit_entry(pk)).data)
