"""History of the capacity of hosts."""

from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView

from migrations_app.api.base import Checked
from migrations_app.api.filters import SnapshotFilter
from migrations_app.models import Snapshot


class SnapshotSerializer(serializers.ModelSerializer[Snapshot]):
    """Capacity and usage of a host at one time. Memory in MiB, disk in GiB."""

    cloud = serializers.CharField(source="cloud.name")

    class Meta:
        model = Snapshot
        fields = (
            "cloud",
            "host",
            "grain",
            "at",
            "instances",
            "vcpus_capacity",
            "vcpus_used",
            "pcpus_capacity",
            "pcpus_used",
            "memory_capacity",
            "memory_used",
            "disk_capacity",
            "disk_used",
        )


@extend_schema(tags=["inventory"])
class Snapshots(Checked, ListAPIView[Snapshot]):
    """History of the capacity, newest first; ``grain`` is in minutes."""

    serializer_class = SnapshotSerializer
    filterset_class = SnapshotFilter

    def get_queryset(self) -> QuerySet[Snapshot]:
        """Return all, newest first."""
        return Snapshot.objects.select_related("cloud").order_by("-at", "-pk")
