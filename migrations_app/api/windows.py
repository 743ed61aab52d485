"""Endpoints for maintenance windows, freezes and calendar files."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from migrations_app.access.permissions import Verb
from migrations_app.access.require import require
from migrations_app.api import etags, runs
from migrations_app.api.base import Checked, taken, user_of
from migrations_app.api.filters import WindowFilter
from migrations_app.api.window_serializers import (
    ChangeRequest,
    FileRequest,
    OccurrenceSerializer,
    TakenInSerializer,
    WindowInListSerializer,
    WindowRequest,
    WindowSerializer,
)
from migrations_app.models import Window
from migrations_app.requests.windows import actions as window_actions
from migrations_app.requests.windows import calendar_files, reach, schedule
from migrations_app.requests.windows.actions import Wish
from migrations_app.requests.windows.calendar.window import read_clock
from migrations_app.requests.windows.calendar_files import EventDefaults


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
        wish = _matched(taken(request, WindowRequest))
        return _shown(window_actions.create(wish, by=user_of(request)), status=201)


@extend_schema(tags=["windows"])
class OneWindow(Checked, APIView):
    """One window or freeze."""

    @extend_schema(responses=WindowSerializer, parameters=[etags.TAG])
    def get(self, request: Request, pk: int) -> Response:
        """Return the window with its next occurrences."""
        return _shown(window_actions.window(pk))


@extend_schema(tags=["windows"])
class Change(Checked, APIView):
    """Change a window."""

    verb = Verb.CALENDAR

    @extend_schema(
        request=ChangeRequest,
        responses=WindowSerializer,
        parameters=[etags.IF_MATCH],
    )
    def post(self, request: Request, pk: int) -> Response:
        """Replace all fields; ``version`` is the version that was read."""
        sent = taken(request, ChangeRequest)
        version = sent.pop("version")
        wish = _matched(sent)
        with etags.unchanged(request, partial(_edition_of, pk)):
            row = window_actions.change(pk, wish, by=user_of(request), version=version)
        return _shown(row)


@extend_schema(tags=["windows"])
class RetireWindow(Checked, APIView):
    """Take it out of force."""

    verb = Verb.CALENDAR

    @extend_schema(
        request=runs.NoteRequest,
        responses=WindowSerializer,
        parameters=[etags.IF_MATCH],
    )
    def post(self, request: Request, pk: int) -> Response:
        """Retire it, for good; it stays to be read."""
        sent = taken(request, runs.NoteRequest)
        look = partial(_edition_of, pk)
        with etags.unchanged(request, look) as seen:
            row = window_actions.retire(
                pk, by=user_of(request), version=seen and seen.version, **sent
            )
        return _shown(row)


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
            unmatched=sent["unmatched"],
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


def _edition_of(pk: int) -> etags.Edition:
    """Return the version of the window. Raises Gone."""
    return _edition(window_actions.window(pk))


def _edition(row: Window) -> etags.Edition:
    return etags.Edition(
        f"The window “{row.name}”",
        str(row.version),
        by=row.changed_by_name,
        at=row.changed_at,
        version=row.version,
    )


def _shown(row: Window, *, status: int = 200) -> Response:
    answer = Response(WindowSerializer(row).data, status=status)
    return etags.tagged(answer, _edition(row))


def _matched(sent: dict[str, Any]) -> Wish:
    """Return the wish. Raises Unfit if it matches nothing, unless that is agreed to."""
    return reach.require_reach(_wish(sent), agreed=sent.pop("unmatched"))


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
