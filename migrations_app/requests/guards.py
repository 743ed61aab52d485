"""What actions on a request check first: that it exists, and its draft."""

from __future__ import annotations

from migrations_app.errors import Unfit, Unreachable
from migrations_app.models import MigrationRequest
from migrations_app.models.lookup import get_or_gone
from migrations_app.requests.plan import Draft


def load(request_id: int) -> MigrationRequest:
    """Return the request of that number. Raises Gone."""
    rows = MigrationRequest.objects.select_related("cloud")
    return get_or_gone(rows, request_id, "request")


def require_unblocked(drawn: Draft) -> None:
    """Raise Unfit where the pre-flight forbids the draft."""
    if drawn.blocking:
        first = drawn.blocking[0]
        raise Unfit(f"{first.sentence} {first.remedy}".strip(), drawn.findings)


def require_complete(drawn: Draft) -> None:
    """Raise Unreachable where the draft was made without knowing all."""
    for sentence in drawn.unread.values():
        raise Unreachable(f"Not everything could be checked, so wait: {sentence}")
