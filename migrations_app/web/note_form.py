"""The note that goes with what people decide."""

from __future__ import annotations

from django import forms
from django.http import QueryDict

from migrations_app.errors import Unfit


class NoteForm(forms.Form):
    """A note. The verb itself says when it must not be empty."""

    note = forms.CharField(
        required=False,
        max_length=2000,
        error_messages={"max_length": "The note is too long: 2000 letters at most."},
    )


def note_in(posted: QueryDict) -> str:
    """Return the note that was sent. Raises Unfit with the form's own sentence."""
    form = NoteForm(posted)
    if not form.is_valid():
        raise Unfit(" ".join(map(str, form.errors["note"])))
    note: str = form.cleaned_data["note"]
    return note
