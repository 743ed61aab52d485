"""Endpoints for deliveries of messages, for operators."""

from __future__ import annotations

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from migrations_app.access.permissions import Verb
from migrations_app.api.base import Checked, Empty, taken, user_of
from migrations_app.models import Attempt, Delivery
from migrations_app.notifications import mail_test
from migrations_app.notifications import webhooks as notification_webhooks


class AttemptSerializer(serializers.ModelSerializer[Attempt]):
    """Attempt; ``status`` is the HTTP status, ``answer`` the response or error."""

    class Meta:
        model = Attempt
        fields = ("at", "took_ms", "good", "status", "answer")


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    """Delivery; ``token`` is its webhook-id, ``next_at`` the next attempt."""

    webhook = serializers.IntegerField(source="webhook_id", allow_null=True)
    request = serializers.IntegerField(source="request_number", allow_null=True)

    class Meta:
        model = Delivery
        fields: tuple[str, ...] = (
            "id",
            "token",
            "channel",
            "webhook",
            "to",
            "event",
            "entry",
            "request",
            "state",
            "tries",
            "made_at",
            "next_at",
            "ended_at",
        )


class WholeDelivery(DeliverySerializer):
    """Delivery with its content and every attempt."""

    attempts = AttemptSerializer(many=True)

    class Meta(DeliverySerializer.Meta):
        fields = (*DeliverySerializer.Meta.fields, "subject", "body", "attempts")


class DeliveryFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Filter by state, channel and webhook."""

    state = django_filters.ChoiceFilter(
        choices=[(each, each) for each in Delivery.STATES], label="State"
    )
    channel = django_filters.ChoiceFilter(
        choices=[("mail", "mail"), ("webhook", "webhook")], label="Channel"
    )
    webhook = django_filters.NumberFilter(
        field_name="webhook_id",
        label="Id of the webhook",
        min_value=1,
        max_value=2**31 - 1,
        decimal_places=0,
    )

    class Meta:
        model = Delivery
        fields = ("state", "channel", "webhook")


@extend_schema(tags=["notices"])
class TestMail(Checked, APIView):
    """A test e-mail."""

    verb = Verb.WEBHOOKS

    @extend_schema(request=Empty, responses={202: DeliverySerializer})
    def post(self, request: Request) -> Response:
        """Send the caller a test e-mail and return its delivery."""
        taken(request, Empty)
        sent = mail_test.test(by=user_of(request))
        return Response(DeliverySerializer(sent).data, status=202)


@extend_schema(tags=["notices"])
class Deliveries(Checked, ListAPIView[Delivery]):
    """Deliveries, newest first."""

    verb = Verb.WEBHOOKS
    serializer_class = DeliverySerializer
    filterset_class = DeliveryFilter

    def get_queryset(self) -> QuerySet[Delivery]:
        """Return all, newest first."""
        return Delivery.objects.order_by("-pk").defer("body")


@extend_schema(tags=["notices"])
class OneDelivery(Checked, APIView):
    """One message."""

    verb = Verb.WEBHOOKS

    @extend_schema(responses=WholeDelivery)
    def get(self, request: Request, pk: int) -> Response:
        """Return the delivery with every attempt."""
        return Response(WholeDelivery(notification_webhooks.delivery(pk)).data)


@extend_schema(tags=["notices"])
class Again(Checked, APIView):
    """Repeat a delivery."""

    verb = Verb.WEBHOOKS

    @extend_schema(request=Empty, responses=DeliverySerializer)
    def post(self, request: Request, pk: int) -> Response:
        """Send the message again with the same id."""
        taken(request, Empty)
        return Response(
            DeliverySerializer(
                notification_webhooks.send_again(pk, by=user_of(request))
            ).data
        )
