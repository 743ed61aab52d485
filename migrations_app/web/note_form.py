"""Form for the note of a decision."""

from __future__ import annotations

from django.http import QueryDict

from migrations_app.errors import Unfit
from migrations_app.widgets import Form, LongText
from migrations_app.wording import LONGEST_TEXT


class NoteForm(Form):
    """Form with a note; the action decides whether it may be empty."""

    note = LongText(
        required=False,
        error_messages={
            "max_length": f"The text is too long: at most {LONGEST_TEXT} characters."
        },
    )


def note_in(posted: QueryDict) -> str:
    """Return the note. Raises Unfit with the form's error."""
    form = NoteForm(posted)
    if not form.is_valid():
        raise Unfit(" ".join(map(str, form.errors["note"])))
    note: str = form.cleaned_data["note"]
    return note
