"""Copy speeds between hosts: measurements, and requests for new ones."""

from __future__ import annotations

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from migrations_app.access.permissions import Verb
from migrations_app.access.require import require
from migrations_app.api.base import Checked, Input, Text, taken, user_of
from migrations_app.api.filters import SpeedFilter
from migrations_app.inventory.copy_speeds import actions as copy_speed_actions
from migrations_app.models import CopySpeed


class SpeedSerializer(serializers.ModelSerializer[CopySpeed]):
    """One measurement, in Mbit/s.

    ``at`` is null until the measurement has ended; then ``trouble`` has the error if it
    failed. ``latest``: estimates for this pair use it.
    """

    cloud = serializers.CharField(source="cloud.name")
    asked_by = serializers.CharField(source="asked_by_name")

    class Meta:
        model = CopySpeed
        fields = (
            "id",
            "cloud",
            "source",
            "target",
            "mbit",
            "at",
            "trouble",
            "latest",
            "asked_by",
            "asked_at",
            "begun_at",
        )


class SpeedRequest(Input):
    """Input: source and target host."""

    source = Text(max_length=255)  # type: ignore[assignment]
    target = Text(max_length=255)
    cloud = Text(required=False, max_length=100)


@extend_schema(tags=["inventory"])
class Speeds(Checked, ListAPIView[CopySpeed]):
    """Measurements of copy speeds between hosts, newest first."""

    serializer_class = SpeedSerializer
    filterset_class = SpeedFilter

    def get_queryset(self) -> QuerySet[CopySpeed]:
        """Return all, newest first."""
        return CopySpeed.objects.select_related("cloud").order_by("-pk")

    @extend_schema(request=SpeedRequest, responses={202: SpeedSerializer})
    def post(self, request: Request) -> Response:
        """Queue a measurement of one pair for a worker."""
        require(request.user, Verb.MEASURE)
        sent = taken(request, SpeedRequest)
        row = copy_speed_actions.ask(by=user_of(request), **sent)
        return Response(SpeedSerializer(row).data, status=202)
