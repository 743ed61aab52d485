"""Forms of windows, freezes and calendar files."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings

from migrations_app.models import Window
from migrations_app.requests.unmatched import AGREED
from migrations_app.requests.windows.actions import Wish
from migrations_app.requests.windows.calendar.window import read_clock
from migrations_app.widgets import Form, LongText

_NAMES = "Names, separated by commas. Empty: all."


def split(text: str) -> tuple[str, ...]:
    """Return the names separated by commas."""
    return tuple(each.strip() for each in text.split(",") if each.strip())


def _names(label: str) -> forms.CharField:
    return forms.CharField(
        required=False,
        max_length=20_000,
        label=label,
        help_text=_NAMES,
    )


def _clock(label: str) -> forms.CharField:
    widget = forms.TextInput(attrs={"type": "datetime-local"})
    return forms.CharField(max_length=19, label=label, widget=widget)


class ScopeForm(Form):
    """Fields for kind, scope and time zone."""

    kind = forms.ChoiceField(
        choices=Window.Kind.choices,
        label="Kind",
        help_text="No move starts during a freeze. A maintenance window is a time"
        " for work: policies can require fewer approvals in it.",
    )
    clouds = _names("Clouds")
    zones = _names("Zones")
    hosts = _names("Hosts")
    time_zone = forms.CharField(
        max_length=64,
        label="Time zone",
        help_text="An IANA name, such as Europe/Berlin.",
        widget=forms.TextInput(attrs={"list": "time-zones"}),
    )

    unmatched = forms.BooleanField(required=False, label=AGREED)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["time_zone"].initial = settings.TIME_ZONE

    @property
    def asked(self) -> list[forms.BoundField]:
        """The fields that are always shown."""
        return [it for it in self if it.name not in ("unmatched", "text")]


class WindowForm(ScopeForm):
    """Form of a window; the action validates the content."""

    name = forms.CharField(max_length=100, label="Name")
    starts = _clock("First start (local time in the time zone)")
    ends = _clock("First end (local time in the time zone)")
    recurrence = forms.CharField(
        required=False,
        max_length=400,
        label="Recurs",
        help_text="Empty: once. Otherwise a recurrence rule (RFC 5545):"
        " FREQ=WEEKLY;BYDAY=SA, FREQ=MONTHLY;BYDAY=2SU,"
        " FREQ=DAILY;UNTIL=20271231.",
        widget=forms.TextInput(attrs={"list": "recurrences"}),
    )
    exceptions = forms.CharField(
        required=False,
        max_length=20_000,
        label="Except on",
        help_text="Starts to skip, separated by commas, for example 2026-12-26T22:00.",
    )
    reason = LongText(
        rows=2,
        label="Why",
        help_text="People whose moves have to wait read this.",
    )
    field_order = (
        "name",
        "kind",
        "starts",
        "ends",
        "time_zone",
        "recurrence",
        "exceptions",
        "clouds",
        "zones",
        "hosts",
        "reason",
    )

    @property
    def wish(self) -> Wish:
        """The input as a Wish. Raises Unfit for an invalid time."""
        given = self.cleaned_data
        return Wish(
            name=given["name"],
            kind=given["kind"],
            starts=read_clock(given["starts"]),
            ends=read_clock(given["ends"]),
            reason=given["reason"],
            time_zone=given["time_zone"],
            recurrence=given["recurrence"],
            exceptions=tuple(map(read_clock, split(given["exceptions"]))),
            clouds=split(given["clouds"]),
            zones=split(given["zones"]),
            hosts=split(given["hosts"]),
        )


class FileForm(ScopeForm):
    """Form of a calendar file; its scope applies to events without one."""

    file = forms.FileField(
        required=False,
        label="Calendar file (.ics)",
        widget=forms.ClearableFileInput(attrs={"accept": ".ics,text/calendar"}),
    )
    text = forms.CharField(required=False, widget=forms.Textarea, strip=False)
    field_order = ("file", "kind", "time_zone", "clouds", "zones", "hosts")


class CalendarForm(Form):
    """Filter of the calendar."""

    kind = forms.ChoiceField(
        required=False,
        choices=[("", "any"), *Window.Kind.choices],
        label="Kind",
    )
    zone = forms.CharField(
        required=False,
        max_length=255,
        label="Zone",
    )
    host = forms.CharField(
        required=False,
        max_length=255,
        label="Host",
    )
    cloud = forms.ChoiceField(
        required=False,
        label="Cloud",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        clouds = [(name, name) for name in settings.NOVAWEB_CLOUDS]
        self.fields["cloud"].choices = [("", "any"), *clouds]  # type: ignore[attr-defined]


def initial(row: Window) -> dict[str, Any]:
    """Return the window as initial data of the form."""
    return {
        "name": row.name,
        "kind": row.kind,
        "starts": row.starts[:16],
        "ends": row.ends[:16],
        "time_zone": row.time_zone,
        "recurrence": row.recurrence,
        "exceptions": ", ".join(each[:16] for each in row.exceptions),
        "clouds": ", ".join(row.clouds),
        "zones": ", ".join(row.zones),
        "hosts": ", ".join(row.hosts),
        "reason": row.reason,
    }
