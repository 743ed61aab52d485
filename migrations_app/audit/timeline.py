"""Subjects of timelines, and the grouping of entries by day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date

from migrations_app.audit.search_sql import Wanted
from migrations_app.models import AuditEntry

KINDS = ("instance", "host", "person", "ticket", "request")
# What is decided, and what comes of it, stands out in a timeline.
DECISIONS = {
    "request.approved": "thumb-up",
    "request.rejected": "thumb-down",
    "request.withdrawn": "circle-minus",
    "request.expired": "calendar-x",
    "request.voided": "alert-triangle",
    "request.glass_broken": "alert-triangle",
}
RESULTS = {
    "run.completed": "circle-check",
    "run.rolled_back": "arrow-back-up",
    "run.held": "hand-stop",
    "run.closed": "archive",
}


@dataclass(frozen=True, slots=True)
class Subject:
    """Subject of a timeline."""

    kind: str
    value: str
    wanted: Wanted

    @property
    def words(self) -> str:
        """The subject as text."""
        if self.kind == "request":
            return f"request #{self.value}"
        return f"{self.kind} {self.value}"


def subject(kind: str, value: str) -> Subject | None:
    """Return the subject in the address; None if it is not valid."""
    match kind:
        case "instance":
            return Subject(kind, value, Wanted(instance=value))
        case "host":
            return Subject(kind, value, Wanted(host=value))
        case "person":
            return Subject(kind, value, Wanted(actor=value))
        case "ticket":
            return Subject(kind, value, Wanted(ticket=value))
        case "request" if value.isascii() and value.isdecimal() and len(value) < 19:
            return Subject(kind, str(int(value)), Wanted(request=int(value)))
    return None


def day_of(entry: AuditEntry) -> date:
    """Return the day of the entry, in UTC."""
    return entry.at.astimezone(UTC).date()
