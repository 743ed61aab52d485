"""The note that goes with what people decide."""

from __future__ import annotations

from django.http import QueryDict

from migrations_app.errors import Unfit
from migrations_app.widgets import Form, LongText
from migrations_app.wording import LONGEST_TEXT


class NoteForm(Form):
    """A note. The verb itself says when it must not be empty."""

    note = LongText(
        required=False,
        error_messages={
            "max_length": f"The text is too long: at most {LONGEST_TEXT} characters."
        },
    )


def note_in(posted: QueryDict) -> str:
    """Return the note that was sent. Raises Unfit with the form's own sentence."""
    form = NoteForm(posted)
    if not form.is_valid():
        raise Unfit(" ".join(map(str, form.errors["note"])))
    note: str = form.cleaned_data["note"]
    return note
