"""What the endpoints of windows and calendar files take and return."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from migrations_app.api.base import Input, Text
from migrations_app.models import Window
from migrations_app.requests.unmatched import AGREED
from migrations_app.requests.windows import actions as window_actions
from migrations_app.requests.windows import reach, schedule
from migrations_app.requests.windows.calendar.ics import LARGEST
from migrations_app.requests.windows.calendar_files import Planned
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


class MatchesSerializer(serializers.Serializer[Any]):
    """How many hosts and open requests a window is for, whatever the time."""

    hosts = serializers.IntegerField()
    open_requests = serializers.IntegerField()


class WindowSerializer(WindowInListSerializer):
    """Window with its next ten occurrences, and what it matches now."""

    next = serializers.SerializerMethodField()
    matches = serializers.SerializerMethodField()

    class Meta(WindowInListSerializer.Meta):
        fields = (*WindowInListSerializer.Meta.fields, "next", "matches")

    @extend_schema_field(MatchesSerializer)
    def get_matches(self, row: Window) -> dict[str, int]:
        """Return how many hosts and open requests it matches now."""
        return dict(MatchesSerializer(reach.matches(row)).data)

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
    unmatched = serializers.BooleanField(default=False, help_text=AGREED)


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
