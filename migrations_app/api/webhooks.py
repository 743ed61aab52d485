"""Endpoints for webhooks, for operators."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from migrations_app.access.permissions import Verb
from migrations_app.api import etags
from migrations_app.api.base import Checked, Empty, Input, Text, taken, user_of
from migrations_app.api.deliveries import DeliverySerializer
from migrations_app.models import Webhook
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
        return etags.tagged(Response(_made(made), status=201), _edition(made.webhook))


@extend_schema(tags=["notices"])
class OneWebhook(Checked, APIView):
    """One webhook."""

    verb = Verb.WEBHOOKS

    @extend_schema(
        responses={200: WebhookSerializer, 304: None},
        parameters=[etags.IF_NONE_MATCH, etags.TAG],
    )
    def get(self, request: Request, pk: int) -> Response:
        """Return the webhook."""
        row = notification_webhooks.webhook(pk)
        if etags.known(request, _edition(row)):
            return etags.tagged(Response(status=304), _edition(row))
        return _shown(row)

    @extend_schema(
        operation_id="webhooks_change",
        request=WebhookChange,
        responses=WebhookSerializer,
        parameters=[etags.IF_MATCH],
    )
    def post(self, request: Request, pk: int) -> Response:
        """Change what is sent."""
        sent = taken(request, WebhookChange)
        with etags.unchanged(request, partial(_edition_of, pk)) as seen:
            row = notification_webhooks.change(
                pk, by=user_of(request), seen=seen.name if seen else "", **sent
            )
        return _shown(row)

    @extend_schema(responses={204: None}, parameters=[etags.IF_MATCH])
    def delete(self, request: Request, pk: int) -> Response:
        """Remove the webhook; its waiting messages are dropped."""
        with etags.unchanged(request, partial(_edition_of, pk)) as seen:
            notification_webhooks.remove(
                pk, by=user_of(request), seen=seen.name if seen else ""
            )
        return Response(status=204)


@extend_schema(tags=["notices"])
class Rotate(Checked, APIView):
    """A new secret."""

    verb = Verb.WEBHOOKS
    secret = True

    @extend_schema(request=Empty, responses=MadeSerializer, parameters=[etags.IF_MATCH])
    def post(self, request: Request, pk: int) -> Response:
        """Create a new secret; the old one also signs until ``old_until``."""
        taken(request, Empty)
        with etags.unchanged(request, partial(_edition_of, pk)) as seen:
            made = notification_webhooks.rotate(
                pk, by=user_of(request), seen=seen.name if seen else ""
            )
        return etags.tagged(Response(_made(made)), _edition(made.webhook))


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


def _edition_of(pk: int) -> etags.Edition:
    """Return what the webhook is now, and who made it so. Raises Gone."""
    row = notification_webhooks.webhook(pk)
    found = _edition(row)
    if row.off_because:  # novaweb has switched it off since
        return found._replace(by="novaweb")
    last = notification_webhooks.last_change(row)
    return found._replace(by=last.actor_name, at=last.at) if last else found


def _edition(row: Webhook) -> etags.Edition:
    name = notification_webhooks.edition(row)
    return etags.Edition(f"The webhook “{row.name}”", name)


def _shown(row: Webhook) -> Response:
    return etags.tagged(Response(WebhookSerializer(row).data), _edition(row))


def _made(made: Made) -> dict[str, Any]:
    return {**WebhookSerializer(made.webhook).data, "secret": made.secret}
