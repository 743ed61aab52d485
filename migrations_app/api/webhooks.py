"""Endpoints for webhooks and deliveries, for operators."""

from __future__ import annotations

from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from migrations_app.access.permissions import Verb
from migrations_app.api.base import Checked, Empty, Input, Text, taken, user_of
from migrations_app.models import Attempt, Delivery, Webhook
from migrations_app.notifications import mail_test
from migrations_app.notifications import webhooks as notification_webhooks
from migrations_app.notifications.events import OUTSIDE
from migrations_app.notifications.webhooks import Made


class WebhookSerializer(serializers.ModelSerializer[Webhook]):
    """Webhook without its secret; ``group`` is "" for all groups.

    ``off_because``: why novaweb switched it off; "" if it did not.
    """

    group = serializers.CharField(source="group.name", default="")
    events = serializers.ListField(child=serializers.CharField())
    created_by = serializers.CharField(source="created_by_name")

    class Meta:
        model = Webhook
        fields: tuple[str, ...] = (
            "id",
            "name",
            "url",
            "group",
            "events",
            "active",
            "off_because",
            "created_by",
            "created_at",
            "old_until",
        )


class MadeSerializer(WebhookSerializer):
    """Webhook with its new secret, shown only this once."""

    secret = serializers.CharField()

    class Meta(WebhookSerializer.Meta):
        fields = (*WebhookSerializer.Meta.fields, "secret")


class WebhookRequest(Input):
    """Input of a webhook; with a group it gets only events for that group."""

    name = Text(max_length=100)
    url = Text(max_length=500)
    events = serializers.ListField(
        child=serializers.ChoiceField(choices=OUTSIDE), min_length=1, max_length=100
    )
    group = Text(required=False, default="", allow_blank=True, max_length=150)


class WebhookChange(Input):
    """Input of a change; missing fields stay."""

    name = Text(required=False, max_length=100)
    url = Text(required=False, max_length=500)
    events = serializers.ListField(
        child=serializers.ChoiceField(choices=OUTSIDE),
        min_length=1,
        max_length=100,
        required=False,
    )
    group = Text(required=False, allow_blank=True, max_length=150)
    active = serializers.BooleanField(required=False)


@extend_schema(tags=["notices"])
class Webhooks(Checked, ListAPIView[Webhook]):
    """All webhooks."""

    verb = Verb.WEBHOOKS
    secret = True  # of a new one
    serializer_class = WebhookSerializer
    parameters = frozenset({"page", "page_size"})

    def get_queryset(self) -> QuerySet[Webhook]:
        """Return all webhooks, by name."""
        return Webhook.objects.select_related("group").order_by("name", "pk")

    @extend_schema(request=WebhookRequest, responses={201: MadeSerializer})
    def post(self, request: Request) -> Response:
        """Create a webhook. The response contains its secret, only this once."""
        made = notification_webhooks.create(
            by=user_of(request), **taken(request, WebhookRequest)
        )
        return Response(_made(made), status=201)


@extend_schema(tags=["notices"])
class OneWebhook(Checked, APIView):
    """One webhook."""

    verb = Verb.WEBHOOKS

    @extend_schema(responses=WebhookSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """Return the webhook."""
        return Response(WebhookSerializer(notification_webhooks.webhook(pk)).data)

    @extend_schema(
        operation_id="webhooks_change",
        request=WebhookChange,
        responses=WebhookSerializer,
    )
    def post(self, request: Request, pk: int) -> Response:
        """Change what is sent."""
        sent = taken(request, WebhookChange)
        return Response(
            WebhookSerializer(
                notification_webhooks.change(pk, by=user_of(request), **sent)
            ).data
        )

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Remove the webhook; its waiting messages are dropped."""
        notification_webhooks.remove(pk, by=user_of(request))
        return Response(status=204)


@extend_schema(tags=["notices"])
class Rotate(Checked, APIView):
    """A new secret."""

    verb = Verb.WEBHOOKS
    secret = True

    @extend_schema(request=Empty, responses=MadeSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """Create a new secret; the old one also signs until ``old_until``."""
        taken(request, Empty)
        return Response(_made(notification_webhooks.rotate(pk, by=user_of(request))))


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
class TestWebhook(Checked, APIView):
    """A test message."""

    verb = Verb.WEBHOOKS

    @extend_schema(request=Empty, responses={202: DeliverySerializer})
    def post(self, request: Request, pk: int) -> Response:
        """Send a test message and return its delivery."""
        taken(request, Empty)
        sent = notification_webhooks.test(pk, by=user_of(request))
        return Response(DeliverySerializer(sent).data, status=202)


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


def _made(made: Made) -> dict[str, Any]:
    return {**WebhookSerializer(made.webhook).data, "secret": made.secret}
