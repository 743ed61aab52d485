"""The log of a run: numbered lines without a gap.

The number is taken by an UPDATE of the run's own row in the transaction that inserts
the line: the row's lock makes the order of commits the order of numbers, so a reader
whose cursor is a line number can never miss a late commit.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from django.db import models, transaction

from migrations_app.models import Line, Run
from migrations_app.runs.engine.lease import RunLease

# All that moves a cursor or turns the direction of a text, and what no database has.
_UNSEEN = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
# No line of the file of the log begins so: it has its number and its time there.
_FURTHER = "\n      | "


def add_line(lease: RunLease, text: str, /, *, step: str = "", **fields: Any) -> None:
    """Add a line to the log of the run that the lease is for, and write ``fields``.

    Raises LostLease.
    """
    with transaction.atomic():
        lease.write(last_number=models.F("last_number") + 1, **fields)
        _insert(lease.run_id, text, step, lease.clock())


def add_note(run_id: int, text: str, *, at: datetime) -> None:
    """Add a line on behalf of a person, who holds no lease."""
    with transaction.atomic():
        Run.objects.filter(pk=run_id).update(last_number=models.F("last_number") + 1)
        _insert(run_id, text, "", at)


def _insert(run_id: int, text: str, step: str, at: datetime) -> None:
    number = Run.objects.values_list("last_number", flat=True).get(pk=run_id)
    Line.objects.create(
        run_id=run_id, number=number, step=step, at=at, text=_as_one(text)
    )


def _as_one(text: str) -> str:
    """Return the text so that nothing in it passes for a line of ours.

    A guest's console, an answer of a host and a note are among them: what they have
    behind the end of a line is set in, and characters that nobody sees are escaped.
    """
    plain = _UNSEEN.sub(lambda it: ascii(it[0])[1:-1], text.replace("\r\n", "\n"))
    return plain.replace("\n", _FURTHER)
