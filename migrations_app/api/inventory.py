"""Hypervisors, instances and snapshots from novaweb's copy of the clouds."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from migrations_app.access.permissions import Verb
from migrations_app.api.base import Checked, Input, Text, taken, user_of
from migrations_app.api.filters import HypervisorFilter, InstanceFilter
from migrations_app.errors import Gone
from migrations_app.inventory import queries as inventory_queries
from migrations_app.inventory.actions import have_read_anew
from migrations_app.inventory.capacity import (
    NOTHING,
    RESOURCES,
    Most,
    usage_by_project,
    used_most,
)
from migrations_app.models import Hypervisor, Instance

CLOUD = OpenApiParameter("cloud", description="Needed if the name is ambiguous.")


class StockSerializer(serializers.Serializer[Any]):
    """One resource of a host; capacity is (total - reserved) x ratio."""

    total = serializers.IntegerField()
    reserved = serializers.IntegerField()
    ratio = serializers.FloatField()
    capacity = serializers.IntegerField()
    used = serializers.IntegerField()
    free = serializers.IntegerField()


class MostSerializer(serializers.Serializer[Any]):
    """Sum of the flavors of a host's instances: MiB of memory, GiB of disk."""

    vcpus = serializers.IntegerField()
    memory = serializers.IntegerField()
    disk = serializers.IntegerField()


class NovaSerializer(serializers.Serializer[Any]):
    """Nova's own figures of a host, without ratios; null where unavailable."""

    vcpus = serializers.IntegerField(allow_null=True)
    vcpus_used = serializers.IntegerField(allow_null=True)
    memory = serializers.IntegerField(allow_null=True)
    memory_used = serializers.IntegerField(allow_null=True)
    disk = serializers.IntegerField(allow_null=True)
    disk_used = serializers.IntegerField(allow_null=True)


class HypervisorSerializer(serializers.ModelSerializer[Hypervisor]):
    """Compute host. Memory in MiB, disk in GiB, figures from Placement."""

    id = serializers.CharField(source="uuid", help_text="Its UUID in Nova.")
    cloud = serializers.CharField(source="cloud.name")
    aggregates = serializers.ListField(child=serializers.CharField())
    vcpus = serializers.SerializerMethodField()
    pcpus = serializers.SerializerMethodField()
    memory = serializers.SerializerMethodField()
    disk = serializers.SerializerMethodField()
    used_max = serializers.SerializerMethodField()
    nova = serializers.SerializerMethodField()
    instances = serializers.SerializerMethodField()

    class Meta:
        model = Hypervisor
        fields: tuple[str, ...] = (
            "id",
            "cloud",
            "host",
            "node",
            "type",
            "version",
            "zone",
            "aggregates",
            "enabled",
            "up",
            "disabled_reason",
            "vcpus",
            "pcpus",
            "memory",
            "disk",
            "used_max",
            "nova",
            "instances",
            "seen_at",
        )

    @extend_schema_field(StockSerializer)
    def get_vcpus(self, row: Hypervisor) -> dict[str, Any]:
        """Return the stock of virtual processors."""
        return _stock(row, "vcpus")

    @extend_schema_field(StockSerializer)
    def get_pcpus(self, row: Hypervisor) -> dict[str, Any]:
        """Return the stock of dedicated CPUs."""
        return _stock(row, "pcpus")

    @extend_schema_field(StockSerializer)
    def get_memory(self, row: Hypervisor) -> dict[str, Any]:
        """Return the stock of memory, in MiB."""
        return _stock(row, "memory")

    @extend_schema_field(StockSerializer)
    def get_disk(self, row: Hypervisor) -> dict[str, Any]:
        """Return the stock of disk, in GiB."""
        return _stock(row, "disk")

    def get_instances(self, row: Hypervisor) -> int:
        """Return the number of instances, counted once for all rows."""
        return self._most(row).instances

    @extend_schema_field(MostSerializer)
    def get_used_max(self, row: Hypervisor) -> dict[str, int]:
        """Return the sum of the flavors of its instances."""
        there = self._most(row)
        return {name: getattr(there, name) for name in RESOURCES}

    @extend_schema_field(NovaSerializer)
    def get_nova(self, row: Hypervisor) -> dict[str, int | None]:
        """Return Nova's own figures; null where unavailable."""
        return {
            name: getattr(row, f"nova_{name}")
            for each in RESOURCES
            for name in (each, f"{each}_used")
        }

    def _most(self, row: Hypervisor) -> Most:
        counted: dict[tuple[int, str], Most] = self.context["most"]
        return counted.get((row.cloud_id, row.host), NOTHING)


def _stock(row: Hypervisor, name: str) -> dict[str, Any]:
    capacity, used = getattr(row, f"{name}_capacity"), getattr(row, f"{name}_used")
    return {
        "total": getattr(row, f"{name}_total"),
        "reserved": getattr(row, f"{name}_reserved"),
        "ratio": getattr(row, f"{name}_ratio"),
        "capacity": capacity,
        "used": used,
        "free": max(0, capacity - used),
    }


class UsageSerializer(serializers.Serializer[Any]):
    """Resources that the instances of one project use on a host."""

    project_id = serializers.CharField()
    project_name = serializers.CharField()
    instances = serializers.IntegerField()
    vcpus = serializers.IntegerField()
    memory = serializers.IntegerField(help_text="MiB")
    disk = serializers.IntegerField(help_text="GiB")


class HypervisorAndUsersSerializer(HypervisorSerializer):
    """Compute host with its usage by project."""

    projects = UsageSerializer(many=True)

    class Meta(HypervisorSerializer.Meta):
        fields = (*HypervisorSerializer.Meta.fields, "projects")


class InstanceSerializer(serializers.ModelSerializer[Instance]):
    """A Nova server as of ``seen_at``. Memory in MiB, disk on its host in GiB."""

    id = serializers.CharField(source="uuid", help_text="Its UUID in Nova.")
    cloud = serializers.CharField(source="cloud.name")
    project = serializers.CharField(source="project_name")
    flavor = serializers.CharField(source="flavor_name")

    class Meta:
        model = Instance
        fields = (
            "id",
            "cloud",
            "name",
            "project",
            "project_id",
            "host",
            "zone",
            "status",
            "task_state",
            "power_state",
            "flavor",
            "vcpus",
            "memory",
            "disk",
            "config_drive",
            "volume_backed",
            "locked",
            "created_at",
            "seen_at",
        )


@extend_schema(tags=["inventory"])
class Hypervisors(Checked, ListAPIView[Hypervisor]):
    """Every compute host, with its capacity, by name."""

    serializer_class = HypervisorSerializer
    filterset_class = HypervisorFilter

    def get_queryset(self) -> QuerySet[Hypervisor]:
        """Return all, in a fixed order."""
        return inventory_queries.hypervisors().order_by("host", "pk")

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Return one page, with the instances of all its hosts counted at once."""
        rows = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        context = {"most": used_most(rows or [])}
        shown = HypervisorSerializer(rows, many=True, context=context)
        return self.get_paginated_response(shown.data)


@extend_schema(tags=["inventory"])
class OneHypervisor(Checked, APIView):
    """One compute host."""

    parameters = frozenset({"cloud"})

    @extend_schema(responses=HypervisorAndUsersSerializer, parameters=[CLOUD])
    def get(self, request: Request, host: str) -> Response:
        """Return the host with its capacity and its usage by project."""
        cloud = request.query_params.get("cloud", "")
        if "\x00" in host:
            raise Gone("No hypervisor has a name like that.")
        row = inventory_queries.hypervisor(host, cloud=cloud)
        row.projects = usage_by_project(row.cloud, row.host)  # type: ignore[attr-defined]
        context = {"most": used_most([row])}
        return Response(HypervisorAndUsersSerializer(row, context=context).data)


@extend_schema(tags=["inventory"])
class Instances(Checked, ListAPIView[Instance]):
    """Every instance, by name."""

    serializer_class = InstanceSerializer
    filterset_class = InstanceFilter

    def get_queryset(self) -> QuerySet[Instance]:
        """Return all, in a fixed order."""
        return inventory_queries.instances().order_by("name", "uuid", "pk")


@extend_schema(tags=["inventory"])
class OneInstance(Checked, APIView):
    """One instance."""

    @extend_schema(responses=InstanceSerializer)
    def get(self, request: Request, uuid: UUID) -> Response:
        """Return the instance of that UUID."""
        return Response(InstanceSerializer(inventory_queries.instance(str(uuid))).data)


class SyncRequest(Input):
    """Input to read the inventory: a cloud; all if missing."""

    cloud = Text(required=False, max_length=100)


class SyncSerializer(serializers.Serializer[Any]):
    """Clouds that a worker will read."""

    clouds = serializers.ListField(child=serializers.CharField())


@extend_schema(tags=["inventory"])
class Sync(Checked, APIView):
    """Reading of the inventory, which also runs automatically every minute."""

    verb = Verb.SYNC

    @extend_schema(request=SyncRequest, responses={202: SyncSerializer})
    def post(self, request: Request) -> Response:
        """Have a worker read the inventory within seconds."""
        sent = taken(request, SyncRequest)
        clouds = have_read_anew(by=user_of(request), cloud=sent.get("cloud"))
        return Response({"clouds": clouds}, status=202)
