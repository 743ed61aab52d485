"""The audit trail, to be read."""

from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from migrations_app import audit, queries
from migrations_app.api.base import Checked
from migrations_app.api.filters import AuditFilter
from migrations_app.models import AuditEntry
from migrations_app.policy import Verb


class EntryShape(serializers.ModelSerializer[AuditEntry]):
    """One act: who did what, when, to what. ``sentence`` says it in words."""

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
        )

    def get_sentence(self, row: AuditEntry) -> str:
        """Return the entry in words."""
        return audit.sentence(row)


@extend_schema(tags=["audit"])
class Entries(Checked, ListAPIView[AuditEntry]):
    """Every act, newest first."""

    verb = Verb.SEE_AUDIT
    serializer_class = EntryShape
    filterset_class = AuditFilter

    def get_queryset(self) -> QuerySet[AuditEntry]:
        """Return all, newest first."""
        return queries.audit_entries().order_by("-pk")


@extend_schema(tags=["audit"])
class OneEntry(Checked, APIView):
    """One act."""

    verb = Verb.SEE_AUDIT

    @extend_schema(responses=EntryShape)
    def get(self, request: Request, pk: int) -> Response:
        """Return the entry of that number."""
        return Response(EntryShape(queries.audit_entry(pk)).data)
