"""Webhooks and deliveries, for operators' programs."""

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
from migrations_app.notifications import webhooks as verbs
from migrations_app.notifications.events import OUTSIDE


class WebhookShape(serializers.ModelSerializer[Webhook]):
    """A webhook: everything but its secret. ``group`` is "" when it is everybody's."""

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
            "created_by",
            "created_at",
            "old_until",
        )


class MadeShape(WebhookShape):
    """The same with its new secret, which is shown this once."""

    secret = serializers.CharField()

    class Meta(WebhookShape.Meta):
        fields = (*WebhookShape.Meta.fields, "secret")


class WebhookInput(Input):
    """Where which events are posted to; a group's webhook gets what concerns it."""

    name = Text(max_length=100)
    url = Text(max_length=500)
    events = serializers.ListField(
        child=serializers.ChoiceField(choices=OUTSIDE), min_length=1, max_length=100
    )
    group = Text(required=False, default="", allow_blank=True, max_length=150)


class WebhookChange(Input):
    """What is to be different; what is left out stays as it is."""

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
    """Where events are posted to."""

    verb = Verb.WEBHOOKS
    serializer_class = WebhookShape
    parameters = frozenset({"page", "page_size"})

    def get_queryset(self) -> QuerySet[Webhook]:
        """Return all, by name."""
        return Webhook.objects.select_related("group").order_by("name", "pk")

    @extend_schema(request=WebhookInput, responses={201: MadeShape})
    def post(self, request: Request) -> Response:
        """Set one up. The answer has its secret, this once."""
        made = verbs.create(by=user_of(request), **taken(request, WebhookInput))
        return Response(_made(made), status=201)


@extend_schema(tags=["notices"])
class OneWebhook(Checked, APIView):
    """One webhook."""

    verb = Verb.WEBHOOKS

    @extend_schema(responses=WebhookShape)
    def get(self, request: Request, pk: int) -> Response:
        """Return it."""
        return Response(WebhookShape(verbs.webhook(pk)).data)

    @extend_schema(
        operation_id="webhooks_change", request=WebhookChange, responses=WebhookShape
    )
    def post(self, request: Request, pk: int) -> Response:
        """Change what is sent."""
        sent = taken(request, WebhookChange)
        return Response(
            WebhookShape(verbs.change(pk, by=user_of(request), **sent)).data
        )

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """Remove it; what waits for it is dropped."""
        verbs.remove(pk, by=user_of(request))
        return Response(status=204)


@extend_schema(tags=["notices"])
class Rotate(Checked, APIView):
    """A new secret."""

    verb = Verb.WEBHOOKS

    @extend_schema(request=Empty, responses=MadeShape)
    def post(self, request: Request, pk: int) -> Response:
        """Give it a new secret; the old one signs, too, until ``old_until``."""
        taken(request, Empty)
        return Response(_made(verbs.rotate(pk, by=user_of(request))))


class AttemptShape(serializers.ModelSerializer[Attempt]):
    """One try. ``status`` is that of HTTP; ``answer`` its beginning, or why not."""

    class Meta:
        model = Attempt
        fields = ("at", "took_ms", "good", "status", "answer")


class DeliveryShape(serializers.ModelSerializer[Delivery]):
    """One message; ``token`` is its webhook-id, ``next_at`` when it is tried next."""

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


class WholeDelivery(DeliveryShape):
    """The same with what is sent, and every try."""

    attempts = AttemptShape(many=True)

    class Meta(DeliveryShape.Meta):
        fields = (*DeliveryShape.Meta.fields, "subject", "body", "attempts")


class DeliveryFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Deliveries by what became of them, by channel, and to one webhook."""

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

    @extend_schema(request=Empty, responses={202: DeliveryShape})
    def post(self, request: Request, pk: int) -> Response:
        """Send one there; look at the delivery for what becomes of it."""
        taken(request, Empty)
        sent = verbs.test(pk, by=user_of(request))
        return Response(DeliveryShape(sent).data, status=202)


@extend_schema(tags=["notices"])
class Deliveries(Checked, ListAPIView[Delivery]):
    """What was sent and what waits, newest first."""

    verb = Verb.WEBHOOKS
    serializer_class = DeliveryShape
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
        """Return it with every try."""
        return Response(WholeDelivery(verbs.delivery(pk)).data)


@extend_schema(tags=["notices"])
class Again(Checked, APIView):
    """One message, sent once more."""

    verb = Verb.WEBHOOKS

    @extend_schema(request=Empty, responses=DeliveryShape)
    def post(self, request: Request, pk: int) -> Response:
        """Send it again, under the same name."""
        taken(request, Empty)
        return Response(DeliveryShape(verbs.send_again(pk, by=user_of(request))).data)


def _made(made: verbs.Made) -> dict[str, Any]:
    return {**WebhookShape(made.webhook).data, "secret": made.secret}
