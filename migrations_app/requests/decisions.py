"""What decisions about a request and about a drain have in common.

Each function is one step of an action's transaction. The steps have an order: take the
row's lock by an UPDATE, judge the right, keep the decision, move the state, write the
audit entry, ring the workers on commit.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import User
from django.db.models import QuerySet

from migrations_app.errors import TooLate
from migrations_app.models import Decision, Drain, MigrationRequest
from migrations_app.models.states import (
    DrainState,
    RequestState,
    drain_sources,
    request_sources,
)

Subject = MigrationRequest | Drain


def lock(of: Subject, state: RequestState | DrainState, **expected: Any) -> None:
    """Lock the row until the end of the transaction, and clear its ``why``.

    So two people cannot both be the last approver needed. Raises TooLate if the row is
    no longer in the state, or a field not as expected.
    """
    if _row(of).filter(state=state, **expected).update(why="") != 1:
        raise overtaken(of)


def set_state(of: Subject, state: RequestState | DrainState, **fields: Any) -> None:
    """Move the row to the state and set the fields.

    Raises TooLate if the row is in a state from which that is not allowed.
    """
    sources: list[RequestState] | list[DrainState]
    if isinstance(state, DrainState):
        sources = drain_sources(state)
    else:
        sources = request_sources(state)
    changed = _row(of).filter(state__in=sources).update(state=state, **fields)
    if changed != 1:
        raise overtaken(of)


def record_decision(
    of: Subject,
    *,
    by: User,
    approves: bool,
    note: str,
    at: datetime,
    right: Mapping[str, Any],
) -> Decision:
    """Keep the decision about the plan as ``of`` has it, with the right it was made by.

    ``right`` is some fields of the Decision, as approvals/evaluate.py returns it.
    """
    return Decision.objects.create(
        **{_word(of): of},
        by=by,
        by_name=by.get_username(),
        approves=approves,
        note=note,
        plan_digest=of.plan_digest,
        at=at,
        **right,
    )


def delegated_by(right: Mapping[str, Any]) -> dict[str, Any]:
    """Return who delegated the right, as an audit entry has it; empty: nobody did."""
    giver = right.get("on_behalf_of_name")
    return {"on_behalf_of": giver} if giver else {}


def overtaken(of: Subject) -> TooLate:
    """Return the error for a row that somebody else changed first."""
    return TooLate(
        f"Changed by somebody else: the {_word(of)} has changed. Look again."
    )


def _word(of: Subject) -> str:
    return "drain" if isinstance(of, Drain) else "request"


def _row(of: Subject) -> QuerySet[Any]:
    return type(of).objects.filter(pk=of.pk)
