"""The fields of every form: how they look, and the kinds of them that come often.

The style sheet's class hangs on the kind of widget alone, so no form names it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.widgets import Input
from django.utils import timezone

from migrations_app.wording import LONGEST_TEXT

# the first that fits; radio buttons and what is hidden have none
_CLASSES: tuple[tuple[tuple[type[forms.Widget], ...], str], ...] = (
    ((forms.HiddenInput,), ""),
    ((forms.CheckboxInput, forms.CheckboxSelectMultiple), "form-check-input"),
    ((forms.RadioSelect,), ""),
    ((forms.Select,), "form-select"),
    ((Input, forms.Textarea), "form-control"),
)


class StyledField(forms.BoundField):
    """A field whose widget has the class of its kind."""

    def build_widget_attrs(
        self, attrs: dict[str, Any], widget: forms.Widget | None = None
    ) -> dict[str, Any]:
        """Return the attributes, with its kind's class unless it has one."""
        shown = widget or self.field.widget
        found = (name for kinds, name in _CLASSES if isinstance(shown, kinds))
        built = super().build_widget_attrs(attrs, widget)
        if (name := next(found, "")) and "class" not in shown.attrs:
            built.setdefault("class", name)
        return built


class Form(forms.Form):
    """A form as every page shows one; filters have it too."""

    bound_field_class = StyledField


class MomentInput(forms.DateTimeInput):
    """A date and a time, to the minute, as browsers let people choose them.

    It names the zone; static/clock.js shows beside it what that is in UTC or, where it
    is UTC, in the local time of the browser.
    """

    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%dT%H:%M")

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        """Return it with the name of its zone."""
        named = {"data-zone": timezone.get_current_timezone_name(), **(attrs or {})}
        return super().get_context(name, value, named)


def possible(value: datetime) -> None:
    """Raise ValidationError for a time that no database could hold."""
    try:
        year = value.astimezone(UTC).year
    except OverflowError:
        year = 0
    if not 1900 <= year <= 9000:
        raise ValidationError("Give a time between the years 1900 and 9000.")


class MomentField(forms.DateTimeField):
    """A moment, typed in the zone in which the page shows times; its label names it."""

    widget = MomentInput
    default_validators = [possible]

    def get_bound_field(
        self, form: forms.BaseForm, field_name: str
    ) -> forms.BoundField:
        """Return it with the zone, which is the reader's own, in the label."""
        bound = super().get_bound_field(form, field_name)
        bound.label = f"{bound.label} ({timezone.get_current_timezone_name()})"
        return bound


class UtcMomentInput(MomentInput):
    """The same in UTC."""

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        """Return it with UTC as its zone."""
        return super().get_context(name, value, {"data-zone": "UTC", **(attrs or {})})


class UtcMomentField(forms.DateTimeField):
    """A moment in UTC to everybody: it stands in addresses that people share."""

    widget = UtcMomentInput
    default_validators = [possible]

    def prepare_value(self, value: Any) -> Any:
        """Return what the input shows."""
        with timezone.override(UTC):
            return super().prepare_value(value)

    def to_python(self, value: Any) -> Any:
        """Return the moment. Raises ValidationError."""
        with timezone.override(UTC):
            return super().to_python(value)


class LongText(forms.CharField):
    """A reason or a note. The end of a line is one character, as a browser counts."""

    def __init__(self, *, rows: int = 3, **kwargs: Any) -> None:
        widget = forms.Textarea(attrs={"rows": rows})
        super().__init__(max_length=LONGEST_TEXT, widget=widget, **kwargs)

    def to_python(self, value: Any) -> str:
        """Return the text."""
        return (super().to_python(value) or "").replace("\r\n", "\n")


def hint(text: str) -> forms.TextInput:
    """Return a text input that shows what goes in while it is empty."""
    return forms.TextInput(attrs={"placeholder": text})
