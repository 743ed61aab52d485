"""Endpoints for maintenance windows, freezes and calendar files."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from migrations_app.access.permissions import Verb
from migrations_app.access.require import require
from migrations_app.api import runs
from migrations_app.api.base import Checked, Input, Text, taken, user_of
from migrations_app.api.filters import WindowFilter
from migrations_app.models import Window
from migrations_app.requests.windows import actions as window_actions
from migrations_app.requests.windows import calendar_files, schedule
from migrations_app.requests.windows.actions import Wish
from migrations_app.requests.windows.calendar.ics import LARGEST
from migrations_app.requests.windows.calendar.window import read_clock
from migrations_app.requests.windows.calendar_files import EventDefaults, Planned
from migrations_app.wording import LONGEST_TEXT

KINDS = Window.Kind.choices


class SpanSerializer(serializers.Serializer[Any]):
    """One occurrence."""

    begins = serializers.DateTimeField()
    ends = serializers.DateTimeField()


class WindowInListSerializer(serializers.ModelSerializer[Window]):
    """Window or freeze.

    ``starts`` and ``ends`` are the first occurrence in local time of ``time_zone``;
    ``begins_at`` and ``over_at`` are the UTC limits of all occurrences.
    """

    clouds = serializers.ListField(child=serializers.CharField())
    zones = serializers.ListField(child=serializers.CharField())
    hosts = serializers.ListField(child=serializers.CharField())
    exceptions = serializers.ListField(child=serializers.CharField())
    changed_by = serializers.CharField(source="changed_by_name")

    class Meta:
        model = Window
        fields: tuple[str, ...] = (
            "id",
            "name",
            "kind",
            "clouds",
            "zones",
            "hosts",
            "time_zone",
            "starts",
            "ends",
            "recurrence",
            "exceptions",
            "reason",
            "uid",
            "active",
            "version",
            "begins_at",
            "over_at",
            "changed_by",
            "changed_at",
        )


class WindowSerializer(WindowInListSerializer):
    """Window with its next ten occurrences."""

    next = serializers.SerializerMethodField()

    class Meta(WindowInListSerializer.Meta):
        fields = (*WindowInListSerializer.Meta.fields, "next")

    def get_next(self, row: Window) -> list[dict[str, Any]]:
        """Return the next occurrences; none if retired."""
        found = schedule.next_of(schedule.rule_of(row)) if row.active else []
        shown = ({"begins": it.begins, "ends": it.ends} for it in found)
        return [dict(SpanSerializer(each).data) for each in shown]


def _names() -> serializers.ListField:
    return serializers.ListField(
        child=Text(max_length=255), required=False, max_length=window_actions.MOST_NAMES
    )


class ScopeRequest(Input):
    """Input: kind, scope and time zone; empty names mean everywhere."""

    kind = serializers.ChoiceField(KINDS)
    time_zone = Text(required=False, max_length=64, help_text="IANA; else the site's.")
    clouds = _names()
    zones = _names()
    hosts = _names()


class WindowRequest(ScopeRequest):
    """Input of a window."""

    name = Text(max_length=100)
    starts = Text(max_length=19, help_text="Local time in time_zone: 2026-12-24T22:00")
    ends = Text(max_length=19)
    recurrence = Text(
        required=False,
        allow_blank=True,
        max_length=400,
        help_text="RRULE of RFC 5545: FREQ=WEEKLY;BYDAY=SA",
    )
    exceptions = serializers.ListField(
        child=Text(max_length=19), required=False, max_length=500
    )
    reason = Text(max_length=LONGEST_TEXT)


class ChangeRequest(WindowRequest):
    """Input of a changed window, with the version that was read."""

    version = serializers.IntegerField(min_value=1, max_value=2**31 - 1)


class FileRequest(ScopeRequest):
    """Input of a calendar file; the scope applies to events without one."""

    text = Text(max_length=LARGEST, trim_whitespace=False)
    confirm = serializers.BooleanField(
        required=False, help_text="true: import; otherwise only return a preview"
    )


class TakenInSerializer(serializers.Serializer[Any]):
    """Result of one event: new, changed, same, merged, retired or left-out (``why``).

    Merged: a time of a series in the file, which it has changed. ``remarks`` say what
    people should know of how it was read.
    """

    what = serializers.CharField()
    name = serializers.CharField()
    why = serializers.CharField()
    remarks = serializers.ListField(child=serializers.CharField())
    window = serializers.SerializerMethodField()

    def get_window(self, planned: Planned) -> int | None:
        """Return the number of the window; null if there is none."""
        return planned.row.pk if planned.row else None


class OccurrenceSerializer(SpanSerializer):
    """One occurrence of a window."""

    window = serializers.IntegerField(source="rule.id")
    name = serializers.CharField(source="rule.name")
    kind = serializers.CharField(source="rule.kind")


@extend_schema(tags=["windows"])
class Windows(Checked, ListAPIView[Window]):
    """Maintenance windows and freezes."""

    serializer_class = WindowInListSerializer
    filterset_class = WindowFilter

    def get_queryset(self) -> QuerySet[Window]:
        """Return all, newest first."""
        return Window.objects.order_by("-pk")

    @extend_schema(request=WindowRequest, responses={201: WindowSerializer})
    def post(self, request: Request) -> Response:
        """Create a window, which takes effect at once."""
        require(request.user, Verb.CALENDAR)
        row = window_actions.create(
            _wish(taken(request, WindowRequest)), by=user_of(request)
        )
        return Response(WindowSerializer(row).data, status=201)


@extend_schema(tags=["windows"])
class OneWindow(Checked, APIView):
    """One window or freeze."""

    @extend_schema(responses=WindowSerializer)
    def get(self, request: Request, pk: int) -> Response:
        """Return the window with its next occurrences."""
        return Response(WindowSerializer(window_actions.window(pk)).data)


@extend_schema(tags=["windows"])
class Change(Checked, APIView):
    """Change a window."""

    verb = Verb.CALENDAR

    @extend_schema(request=ChangeRequest, responses=WindowSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """Replace all fields; ``version`` is the version that was read."""
        sent = taken(request, ChangeRequest)
        version = sent.pop("version")
        row = window_actions.change(
            pk, _wish(sent), by=user_of(request), version=version
        )
        return Response(WindowSerializer(row).data)


@extend_schema(tags=["windows"])
class RetireWindow(Checked, APIView):
    """Take it out of force."""

    verb = Verb.CALENDAR

    @extend_schema(request=runs.NoteRequest, responses=WindowSerializer)
    def post(self, request: Request, pk: int) -> Response:
        """Retire it, for good; it stays to be read."""
        sent = taken(request, runs.NoteRequest)
        return Response(
            WindowSerializer(
                window_actions.retire(pk, by=user_of(request), **sent)
            ).data
        )


@extend_schema(tags=["windows"])
class TakeIn(Checked, APIView):
    """Import of calendar files."""

    verb = Verb.CALENDAR

    @extend_schema(request=FileRequest, responses=TakenInSerializer(many=True))
    def post(self, request: Request) -> Response:
        """Return a preview of the import or, with ``confirm``, carry it out."""
        sent = taken(request, FileRequest)
        text, sure = sent.pop("text").encode(), sent.pop("confirm", False)
        scope = EventDefaults(
            kind=sent["kind"],
            time_zone=sent.get("time_zone") or window_actions.home(),
            clouds=tuple(sent.get("clouds", ())),
            zones=tuple(sent.get("zones", ())),
            hosts=tuple(sent.get("hosts", ())),
        )
        act = calendar_files.take_in if sure else calendar_files.preview
        return Response(
            TakenInSerializer(act(text, scope, by=user_of(request)), many=True).data
        )


@extend_schema(tags=["windows"])
class GiveOut(Checked, APIView):
    """Export of a calendar file."""

    @extend_schema(responses={(200, "text/calendar"): OpenApiTypes.STR})
    def get(self, request: Request) -> HttpResponse:
        """Return all active windows as an iCalendar file."""
        data = calendar_files.give_out(Window.objects.filter(active=True))
        return HttpResponse(data, content_type="text/calendar; charset=utf-8")


@extend_schema(tags=["windows"])
class Occurrences(Checked, APIView):
    """Next occurrences of all windows."""

    parameters = frozenset({"kind", "cloud", "zone", "host"})

    @extend_schema(responses=OccurrenceSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Return the occurrences of the next 30 days, at most 1000."""
        narrow = request.query_params.dict()
        found = schedule.calendar(days=30, most=1000, **narrow)
        return Response(OccurrenceSerializer(found, many=True).data)


def _wish(sent: dict[str, Any]) -> Wish:
    left_out: Iterable[str] = sent.get("exceptions", ())
    return Wish(
        name=sent["name"],
        kind=sent["kind"],
        starts=read_clock(sent["starts"]),
        ends=read_clock(sent["ends"]),
        reason=sent["reason"],
        time_zone=sent.get("time_zone", ""),
        recurrence=sent.get("recurrence", ""),
        exceptions=tuple(map(read_clock, left_out)),
        clouds=tuple(sent.get("clouds", ())),
        zones=tuple(sent.get("zones", ())),
        hosts=tuple(sent.get("hosts", ())),
    )
