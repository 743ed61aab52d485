"""How the inputs of filters look."""

from __future__ import annotations

from typing import Any

from django.forms import NumberInput, Select, TextInput


def text(hint: str) -> TextInput:
    """Return a text input with a hint of what goes in."""
    return TextInput(attrs={"class": "form-control", "placeholder": hint})


def choice() -> Select:
    """Return a select."""
    return Select(attrs={"class": "form-select"})


AT_LEAST: dict[str, Any] = {
    "min_value": 0,
    "max_value": 2**31 - 1,
    "widget": NumberInput(attrs={"class": "form-control", "placeholder": "at least"}),
}
