"""The fields of every form: how they look, and the kinds of them that come often.

The style sheet's class hangs on the kind of widget alone, so no form names it.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.forms.widgets import Input

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
    """A date and a time in UTC, to the minute, as browsers let people choose them.

    static/clock.js shows beside it what that is in the local time of the browser.
    """

    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(attrs={"data-utc": True}, format="%Y-%m-%dT%H:%M")


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
