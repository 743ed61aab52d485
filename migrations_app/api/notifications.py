"""What whoever asks was told, and what they want to hear of."""

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
from migrations_app.notifications import inbox
from migrations_app.notifications import preferences as choices
from migrations_app.notifications.events import EVENTS, Scope

MOST = 2**63 - 1


class NoticeSerializer(serializers.ModelSerializer[Notice]):
    """One thing that you were told. ``read_at`` is null until you have read it."""

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
    """Notices of an event, and those that are unread."""

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
        """True: what was not read yet; false: what was."""
        return rows.filter(read_at__isnull=value == "true")


@extend_schema(tags=["notices"])
class Notices(Checked, ListAPIView[Notice]):
    """What you were told, newest first."""

    serializer_class = NoticeSerializer
    filterset_class = NoticeFilter

    def get_queryset(self) -> QuerySet[Notice]:
        """Return what is this person's own."""
        if getattr(self, "swagger_fake_view", False):
            return Notice.objects.none()
        return inbox.of(person_of(self.request))


class UntilRequest(Input):
    """The number of the newest notice that you have seen."""

    until = serializers.IntegerField(min_value=1, max_value=MOST)


class ReadSerializer(serializers.Serializer[Any]):
    """How many of them were new."""

    read = serializers.IntegerField()


@extend_schema(tags=["notices"])
class ReadAll(Checked, APIView):
    """You have read all notices up to a number."""

    @extend_schema(
        operation_id="notices_read_all", request=UntilRequest, responses=ReadSerializer
    )
    def post(self, request: Request) -> Response:
        """Mark as read what is yours up to there."""
        until = taken(request, UntilRequest)["until"]
        return Response({"read": inbox.read_all(by=user_of(request), until=until)})


@extend_schema(tags=["notices"])
class Read(Checked, APIView):
    """You have read one notice."""

    @extend_schema(request=Empty, responses=NoticeSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """Mark it as read."""
        taken(request, Empty)
        return Response(NoticeSerializer(inbox.read(pk, by=user_of(request))).data)


class ScopeField(serializers.ChoiceField):
    """``mine``: what concerns you; ``all``; ``never``; "": as your groups have it."""

    def __init__(self) -> None:
        super().__init__(
            choices=[str(each) for each in Scope], allow_blank=True, default=""
        )


class ChoiceRequest(Input):
    """Of one event, by each channel."""

    app = ScopeField()
    mail = ScopeField()


class ChoicesRequest(Input):
    """By event. What is left out is as your groups and the defaults have it."""

    def get_fields(self) -> dict[str, Any]:
        """Return one field for each event."""
        return {key: ChoiceRequest(required=False) for key in EVENTS}


@extend_schema(tags=["notices"])
class Choices(Checked, APIView):
    """What you want to hear of, and by which way."""

    @extend_schema(responses=ChoicesRequest)
    def get(self, request: Request) -> Response:
        """Return what you have chosen yourself."""
        return Response(_shown(request))

    @extend_schema(request=ChoicesRequest, responses=ChoicesRequest)
    def post(self, request: Request) -> Response:
        """Choose anew: what was chosen before is forgotten."""
        choices.choose(by=user_of(request), wanted=taken(request, ChoicesRequest))
        return Response(_shown(request))


def _shown(request: Request) -> dict[str, dict[str, str]]:
    lines = choices.lines(person=user_of(request))
    return {line.event.key: {"app": line.app, "mail": line.mail} for line in lines}
