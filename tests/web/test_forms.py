"""The fields of forms: how they look, and what they make of long texts."""

from __future__ import annotations

import pytest
from django import forms
from django.utils.datastructures import MultiValueDict

from migrations_app.widgets import Form, LongText, MomentInput, StyledField, hint
from migrations_app.wording import LONGEST_TEXT


class Each(Form):
    """A field of each kind."""

    text = forms.CharField(widget=hint("a name"))
    number = forms.IntegerField(min_value=0)
    at = forms.DateTimeField(widget=MomentInput)
    file = forms.FileField()
    why = LongText(rows=2)
    one = forms.ChoiceField(choices=[("a", "A")])
    either = forms.ChoiceField(choices=[("a", "A")], widget=forms.RadioSelect)
    many = forms.MultipleChoiceField(
        choices=[("a", "A")], widget=forms.CheckboxSelectMultiple
    )
    switch = forms.BooleanField()
    secret = forms.CharField(widget=forms.HiddenInput)
    odd = forms.CharField(widget=forms.TextInput(attrs={"class": "its-own"}))


@pytest.mark.parametrize(
    ("name", "looks"),
    [
        *((name, "form-control") for name in ("text", "number", "at", "file", "why")),
        ("one", "form-select"),
        ("switch", "form-check-input"),
        ("odd", "its-own"),
    ],
)
def test_a_field_has_the_class_of_its_kind(name: str, looks: str) -> None:
    assert f'class="{looks}"' in str(Each()[name])


@pytest.mark.parametrize("name", ["either", "secret"])
def test_what_is_hidden_and_radio_buttons_have_none(name: str) -> None:
    assert "class=" not in str(Each()[name])


def test_each_box_of_many_has_it_too() -> None:
    assert [box.data["attrs"]["class"] for box in Each()["many"]] == [
        "form-check-input"
    ]


def test_it_adds_to_what_a_field_says_of_itself() -> None:
    typed = Each({"number": "x"})["number"]

    shown = str(typed)

    assert isinstance(typed, StyledField)
    for part in ('min="0"', "required", 'aria-invalid="true"', "form-control"):
        assert part in shown


@pytest.mark.parametrize(("more", "fits"), [(0, True), (1, False)])
def test_the_end_of_a_line_counts_once_as_in_a_browser(more: int, fits: bool) -> None:
    class Note(Form):
        note = LongText()

    lines = ["x" * 39] * (LONGEST_TEXT // 40)
    text = "\r\n".join(lines) + "x" * (1 + more)

    form = Note(MultiValueDict({"note": [text]}))

    assert form.is_valid() == fits
    if fits:
        assert form.cleaned_data["note"] == text.replace("\r\n", "\n")
