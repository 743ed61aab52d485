"""Nova's services, as Nova tells them now; nova-compute can be disabled and enabled."""

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
from migrations_app.inventory import compute_services as verbs
from migrations_app.wording import LONGEST_TEXT

CLOUD = OpenApiParameter("cloud", description="Which cloud; without it, the first.")


class ServiceSerializer(serializers.Serializer[Any]):
    """A service, in the words of ``openstack compute service list``."""

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
        """Return whether the scheduler may choose it."""
        return "enabled" if row.enabled else "disabled"

    @extend_schema_field(serializers.ChoiceField(["up", "down"]))
    def get_state(self, row: Service) -> str:
        """Return whether it reports."""
        return "up" if row.up else "down"


class DisableRequest(Input):
    """Why; Nova shows it, with the person's name."""

    reason = Text(max_length=255)
    cloud = Text(required=False, max_length=100)


class EnableRequest(Input):
    """Why; an auditor will read it."""

    note = Text(max_length=LONGEST_TEXT)
    cloud = Text(required=False, max_length=100)


@extend_schema(tags=["inventory"])
class Services(Checked, APIView):
    """All of Nova's services."""

    parameters = frozenset({"cloud"})

    @extend_schema(responses=ServiceSerializer(many=True), parameters=[CLOUD])
    def get(self, request: Request) -> Response:
        """Return every service, by binary and host, as Nova tells it now."""
        cloud = request.query_params.get("cloud")
        found = verbs.services(by=user_of(request), cloud=cloud)
        return Response(ServiceSerializer(found, many=True).data)


@extend_schema(tags=["inventory"])
class Disable(Checked, APIView):
    """Take a host from the scheduler."""

    verb = Verb.DISABLE

    @extend_schema(request=DisableRequest, responses=ServiceSerializer)
    def post(self, request: Request, uuid: UUID) -> Response:
        """Disable a nova-compute: what runs there runs on, nothing new comes."""
        sent: dict[str, Any] = taken(request, DisableRequest)
        done = verbs.disable(str(uuid), by=user_of(request), **sent)
        return Response(ServiceSerializer(done).data)


@extend_schema(tags=["inventory"])
class Enable(Checked, APIView):
    """Give a host to the scheduler."""

    verb = Verb.ENABLE

    @extend_schema(request=EnableRequest, responses=ServiceSerializer)
    def post(self, request: Request, uuid: UUID) -> Response:
        """Enable a nova-compute."""
        sent: dict[str, Any] = taken(request, EnableRequest)
        done = verbs.enable(str(uuid), by=user_of(request), **sent)
        return Response(ServiceSerializer(done).data)
