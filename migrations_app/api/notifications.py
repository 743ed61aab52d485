"""Notifications of the caller, and their notification settings."""

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

from migrations_app.api.base import Checked, Empty, Input, person_of, taken, user_of
from migrations_app.models import Notice
from migrations_app.notifications import inbox, preferences
from migrations_app.notifications.events import EVENTS, Scope

MOST = 2**63 - 1


class NoticeSerializer(serializers.ModelSerializer[Notice]):
    """Notification; ``read_at`` is null while unread."""

    request = serializers.IntegerField(source="request_number", allow_null=True)
    run = serializers.IntegerField(source="run_number", allow_null=True)

    class Meta:
        model = Notice
        fields = (
            "id",
            "at",
            "event",
            "verb",
            "text",
            "note",
            "request",
            "run",
            "path",
            "read_at",
        )


class NoticeFilter(django_filters.FilterSet):  # type: ignore[misc]
    """Filter by event, and by unread."""

    event = django_filters.ChoiceFilter(
        choices=[(key, event.title) for key, event in EVENTS.items()], label="Event"
    )
    unread = django_filters.ChoiceFilter(
        method="not_read", choices=[("true", "true"), ("false", "false")], label="New"
    )

    class Meta:
        model = Notice
        fields = ("event", "unread")

    def not_read(
        self, rows: QuerySet[Notice], name: str, value: str
    ) -> QuerySet[Notice]:
        """True: unread notifications; false: read ones."""
        return rows.filter(read_at__isnull=value == "true")


@extend_schema(tags=["notices"])
class Notices(Checked, ListAPIView[Notice]):
    """Notifications of the caller, newest first."""

    serializer_class = NoticeSerializer
    filterset_class = NoticeFilter

    def get_queryset(self) -> QuerySet[Notice]:
        """Return the notifications of the caller."""
        if getattr(self, "swagger_fake_view", False):
            return Notice.objects.none()
        return inbox.of(person_of(self.request))


class UntilRequest(Input):
    """Input: the number of the newest notification seen."""

    until = serializers.IntegerField(min_value=1, max_value=MOST)


class ReadSerializer(serializers.Serializer[Any]):
    """Number of notifications that were unread before."""

    read = serializers.IntegerField()


@extend_schema(tags=["notices"])
class ReadAll(Checked, APIView):
    """Mark all notifications up to a number as read."""

    @extend_schema(
        operation_id="notices_read_all", request=UntilRequest, responses=ReadSerializer
    )
    def post(self, request: Request) -> Response:
        """Mark the caller's notifications up to this number as read."""
        until = taken(request, UntilRequest)["until"]
        return Response({"read": inbox.read_all(by=user_of(request), until=until)})


@extend_schema(tags=["notices"])
class Read(Checked, APIView):
    """Mark one notification as read."""

    @extend_schema(request=Empty, responses=NoticeSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """Mark it as read."""
        taken(request, Empty)
        return Response(NoticeSerializer(inbox.read(pk, by=user_of(request))).data)


class ScopeField(serializers.ChoiceField):
    """``mine``: events about you; ``all``; ``never``; "": use the groups' setting."""

    def __init__(self) -> None:
        super().__init__(
            choices=[str(each) for each in Scope], allow_blank=True, default=""
        )


class ChoiceRequest(Input):
    """Setting of one event, by channel."""

    app = ScopeField()
    mail = ScopeField()


class ChoicesRequest(Input):
    """Settings by event; missing events use the groups' settings and defaults."""

    def get_fields(self) -> dict[str, Any]:
        """Return one field for each event."""
        return {key: ChoiceRequest(required=False) for key in EVENTS}


@extend_schema(tags=["notices"])
class Choices(Checked, APIView):
    """Notification settings of the caller."""

    @extend_schema(responses=ChoicesRequest)
    def get(self, request: Request) -> Response:
        """Return the caller's own settings."""
        return Response(_shown(request))

    @extend_schema(request=ChoicesRequest, responses=ChoicesRequest)
    def post(self, request: Request) -> Response:
        """Replace all settings of the caller."""
        preferences.choose(by=user_of(request), wanted=taken(request, ChoicesRequest))
        return Response(_shown(request))


def _shown(request: Request) -> dict[str, dict[str, str]]:
    lines = preferences.lines(person=user_of(request))
    return {line.event.key: {"app": line.app, "mail": line.mail} for line in lines}
