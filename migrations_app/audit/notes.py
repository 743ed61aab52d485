"""The notes that people leave in the audit trail: what they must be."""

from __future__ import annotations

from migrations_app.errors import Unfit
from migrations_app.wording import LONGEST_TEXT


def note(text: str, hint: str) -> str:
    """Return the note, which must not be empty; ``hint`` is the error sentence."""
    return _said(text, hint)


def remark(text: str) -> str:
    """Return a note that may say nothing."""
    return _brief(text.strip())


def _said(text: str, hint: str) -> str:
    text = text.strip()
    if not text:
        raise Unfit(hint)
    return _brief(text)


def _brief(text: str) -> str:
    if len(text) > LONGEST_TEXT:
        raise Unfit(f"The text is too long: at most {LONGEST_TEXT} characters.")
    return text
