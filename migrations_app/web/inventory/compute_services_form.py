"""Filters of the list of Nova services."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.conf import settings

from migrations_app.integrations.interfaces import Service
from migrations_app.widgets import Form, hint

_ANY = ("", "any")


class ServicesForm(Form):
    """Filter by host, zone, binary, status, state and cloud."""

    q = forms.CharField(
        required=False,
        label="Search",
        widget=hint("host or zone"),
    )
    binary = forms.ChoiceField(required=False, label="Binary")
    status = forms.ChoiceField(
        required=False,
        label="Status",
        choices=[_ANY, ("enabled", "enabled"), ("disabled", "disabled")],
    )
    state = forms.ChoiceField(
        required=False,
        label="State",
        choices=[_ANY, ("up", "up"), ("down", "down")],
    )
    cloud = forms.ChoiceField(required=False, label="Cloud")

    def __init__(self, *args: Any, binaries: Iterable[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = [(name, name) for name in sorted(set(binaries))]
        self.fields["binary"].choices = [_ANY, *known]  # type: ignore[attr-defined]
        clouds = settings.NOVAWEB_CLOUDS
        if len(clouds) > 1:
            self.fields["cloud"].choices = [(it, it) for it in clouds]  # type: ignore[attr-defined]
        else:
            del self.fields["cloud"]

    def narrow(self, services: Iterable[Service]) -> list[Service]:
        """Return the matching services; all of them if the form is not valid."""
        if not self.is_valid():
            return list(services)
        wanted = self.cleaned_data
        text = wanted["q"].strip().lower()
        return [
            it
            for it in services
            if (text in it.host.lower() or text in it.zone.lower())
            and wanted["binary"] in {"", it.binary}
            and wanted["status"] in {"", "enabled" if it.enabled else "disabled"}
            and wanted["state"] in {"", "up" if it.up else "down"}
        ]
