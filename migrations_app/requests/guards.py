"""Checks at the beginning of an action: the request exists, its plan can run."""

from __future__ import annotations

from migrations_app.errors import Unfit, Unreachable
from migrations_app.models import MigrationRequest
from migrations_app.models.lookup import get_or_gone
from migrations_app.requests.plan import Draft


def load(request_id: int) -> MigrationRequest:
    """Return the request with that number. Raises Gone."""
    rows = MigrationRequest.objects.select_related("cloud")
    return get_or_gone(rows, request_id, "request")


def require_unblocked(drawn: Draft) -> None:
    """Raise Unfit if the pre-flight forbids the draft."""
    if drawn.blocking:
        first = drawn.blocking[0]
        raise Unfit(f"{first.sentence} {first.remedy}".strip(), drawn.findings)


def require_complete(drawn: Draft) -> None:
    """Raise Unreachable if some facts of the draft could not be read."""
    for sentence in drawn.unread.values():
        raise Unreachable(f"Not everything could be checked, so wait: {sentence}")
