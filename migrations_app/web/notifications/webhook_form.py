"""Form of a webhook; the action validates the content."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.models import Group

from migrations_app.notifications.events import EVENTS, OUTSIDE
from migrations_app.widgets import Form


class WebhookForm(Form):
    """Form of a webhook: name, address, events and group."""

    name = forms.CharField(max_length=100)
    url = forms.CharField(
        label="Address",
        max_length=500,
        help_text="It must begin with https://. Messages are signed; redirects are"
        " not followed.",
        widget=forms.TextInput(
            attrs={
                "inputmode": "url",
                "autocapitalize": "none",
                "spellcheck": "false",
            }
        ),
    )
    group = forms.ChoiceField(
        required=False,
        label="For",
        help_text=(
            "The webhook of a group gets the events that concern a member of the group."
        ),
    )
    events = forms.MultipleChoiceField(
        choices=[(key, EVENTS[key].title) for key in OUTSIDE],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one event."},
    )
    active = forms.BooleanField(
        required=False,
        label="Active",
    )

    def __init__(self, *args: Any, new: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = Group.objects.order_by("name").values_list("name", flat=True)
        choices = [("", "everybody"), *((name, name) for name in names)]
        self.fields["group"].choices = choices  # type: ignore[attr-defined]
        if new:
            del self.fields["active"]
