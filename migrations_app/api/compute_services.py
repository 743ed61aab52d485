"""Nova services, read live; nova-compute can be disabled and enabled."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from migrations_app.access.permissions import Verb
from migrations_app.api.base import Checked, Input, Text, taken, user_of
from migrations_app.integrations.interfaces import Service
from migrations_app.inventory import compute_services
from migrations_app.wording import LONGEST_TEXT

CLOUD = OpenApiParameter("cloud", description="Which cloud; without it, the first.")


class ServiceSerializer(serializers.Serializer[Any]):
    """Service with the columns of ``openstack compute service list``."""

    id = serializers.CharField()
    binary = serializers.CharField()
    host = serializers.CharField()
    zone = serializers.CharField()
    status = serializers.SerializerMethodField()
    state = serializers.SerializerMethodField()
    forced_down = serializers.BooleanField()
    disabled_reason = serializers.CharField(allow_null=True)
    updated_at = serializers.DateTimeField(allow_null=True)

    @extend_schema_field(serializers.ChoiceField(["enabled", "disabled"]))
    def get_status(self, row: Service) -> str:
        """Return "enabled" or "disabled"."""
        return "enabled" if row.enabled else "disabled"

    @extend_schema_field(serializers.ChoiceField(["up", "down"]))
    def get_state(self, row: Service) -> str:
        """Return "up" or "down"."""
        return "up" if row.up else "down"


class DisableRequest(Input):
    """Input to disable a service; Nova shows the note with the person's name."""

    reason = Text(max_length=255)
    cloud = Text(required=False, max_length=100)


class EnableRequest(Input):
    """Input to enable a service; auditors read the note."""

    note = Text(max_length=LONGEST_TEXT)
    cloud = Text(required=False, max_length=100)


@extend_schema(tags=["inventory"])
class Services(Checked, APIView):
    """All Nova services."""

    parameters = frozenset({"cloud"})

    @extend_schema(responses=ServiceSerializer(many=True), parameters=[CLOUD])
    def get(self, request: Request) -> Response:
        """Return every service by binary and host, read live from Nova."""
        cloud = request.query_params.get("cloud")
        found = compute_services.services(by=user_of(request), cloud=cloud)
        return Response(ServiceSerializer(found, many=True).data)


@extend_schema(tags=["inventory"])
class Disable(Checked, APIView):
    """Disable a compute service."""

    verb = Verb.DISABLE

    @extend_schema(request=DisableRequest, responses=ServiceSerializer)
    def post(self, request: Request, uuid: UUID) -> Response:
        """Disable a nova-compute: its instances keep running, no new one arrives."""
        sent: dict[str, Any] = taken(request, DisableRequest)
        done = compute_services.disable(str(uuid), by=user_of(request), **sent)
        return Response(ServiceSerializer(done).data)


@extend_schema(tags=["inventory"])
class Enable(Checked, APIView):
    """Enable a compute service."""

    verb = Verb.ENABLE

    @extend_schema(request=EnableRequest, responses=ServiceSerializer)
    def post(self, request: Request, uuid: UUID) -> Response:
        """Enable a nova-compute."""
        sent: dict[str, Any] = taken(request, EnableRequest)
        done = compute_services.enable(str(uuid), by=user_of(request), **sent)
        return Response(ServiceSerializer(done).data)
