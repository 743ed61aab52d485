"""The notes that people leave in the audit trail: what they must be."""

from __future__ import annotations

from migrations_app.errors import Unfit

LONGEST_TEXT = 4000


def note(text: str, hint: str) -> str:
    """Return the note, which must say something; ``hint`` asks for it."""
    return _said(text, hint)


def _said(text: str, hint: str) -> str:
    text = text.strip()
    if not text:
        raise Unfit(hint)
    if len(text) > LONGEST_TEXT:
        raise Unfit(f"That is longer than {LONGEST_TEXT} characters: be brief.")
    return text
