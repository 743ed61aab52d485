"""Figures of the home page: how many requests stand where, and what is late."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Q

from migrations_app.models import MigrationRequest, Run
from migrations_app.models.states import (
    OPEN_REQUESTS,
    WALKING_RUNS,
    RequestState,
)

DAYS = 7  # what counts as recent
NEWEST = 1000  # of so many requests, by number
GRACE = timedelta(minutes=10)
MOST = 20
# what ended otherwise than people wanted
FAILED = (RequestState.ROLLED_BACK, RequestState.CLOSED, RequestState.EXPIRED)


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Numbers of requests by state; ``moved`` and ``failed`` in the last DAYS."""

    waiting: int
    approved: int
    running: int
    held: int
    moved: int
    failed: int
    days: int = DAYS


@dataclass(frozen=True, slots=True)
class Late:
    """A request that is behind, and why one can say so."""

    move: MigrationRequest
    sentence: str


def figures(now: datetime) -> Figures:
    """Return the numbers; two queries."""
    rows = MigrationRequest.objects.filter(state__in=OPEN_REQUESTS).order_by()
    counted = rows.values("state").annotate(number=Count("pk"))
    open_ = {row["state"]: row["number"] for row in counted}
    newest = MigrationRequest.objects.order_by("-id").values_list("state", "ended_at")
    since = now - timedelta(days=DAYS)
    ended = Counter(state for state, at in newest[:NEWEST] if at and at >= since)
    return Figures(
        waiting=open_.get(RequestState.REQUESTED, 0),
        approved=open_.get(RequestState.APPROVED, 0),
        running=open_.get(RequestState.RUNNING, 0),
        held=open_.get(RequestState.HELD, 0),
        moved=ended[RequestState.COMPLETED],
        failed=sum(ended[state] for state in FAILED),
    )


def late(now: datetime) -> list[Late]:
    """Return approved requests that should have started, and moves that take long."""
    due = Q(window_start__lte=now - GRACE) | Q(
        window_start=None, asked_at__lte=now - GRACE
    )
    approved = MigrationRequest.objects.filter(
        due, state=RequestState.APPROVED, drain=None
    ).exclude(why="")
    found = [
        Late(row, f"Approved and not started: {row.why}")
        for row in approved.defer(
            "plan", "findings", "what_if", "differences", "checked"
        )[:MOST]
    ]
    runs = Run.objects.filter(state__in=WALKING_RUNS).select_related("request")
    for run in runs.order_by("started_at")[:MOST]:
        most = _longest(run.request.estimate)
        if most is not None and now - run.started_at > 2 * most + GRACE:
            found.append(Late(run.request, "Runs far longer than estimated."))
    return found


def _longest(estimate: dict[str, Any]) -> timedelta | None:
    """Return how long the move takes at most, as estimated; None: not known."""
    span = estimate.get("duration")
    if not isinstance(span, list) or len(span) != 2:
        return None
    return timedelta(seconds=span[1])
