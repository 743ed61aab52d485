"""One row by its number, or the sentence that there is none."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db.models import QuerySet

from migrations_app.errors import Gone

Row = TypeVar("Row")


def get_or_gone(rows: QuerySet[Any, Row], number: int, what: str) -> Row:
    """Return the row of that number among ``rows``; ``what`` is the word for it.

    Raises Gone. A number that no column could hold is one of no row.
    """
    row = rows.filter(pk=number).first()
    if row is None:
        raise Gone(f"There is no {what} {number}.")
    return row
