"""Stale resources on hosts."""

from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView

from migrations_app.api.base import Checked
from migrations_app.inventory.leaks import queries as leak_queries
from migrations_app.inventory.leaks.filters import LeakFilter
from migrations_app.models import Leak


class LeakSerializer(serializers.ModelSerializer[Leak]):
    """Stale resource. ``subject`` is the UUID of the resource or of its holder."""

    cloud = serializers.CharField(source="cloud.name")

    class Meta:
        model = Leak
        fields = (
            *("id", "cloud", "host", "kind", "subject", "sentence", "remedy"),
            *("evidence", "first_seen", "last_seen"),
        )


@extend_schema(tags=["inventory"])
class Leaks(Checked, ListAPIView[Leak]):
    """All stale resources by host, with the fault and the remedy."""

    serializer_class = LeakSerializer
    filterset_class = LeakFilter

    def get_queryset(self) -> QuerySet[Leak]:
        """Return all, in a fixed order."""
        return leak_queries.leaks().order_by("host", "kind", "subject", "pk")
