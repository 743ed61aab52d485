"""States of requests, runs and drains, and the allowed transitions.

Every transition is one conditional UPDATE whose row count is checked (in requests/,
runs/ and drains/), so that of two concurrent transitions only one succeeds.
"""

from __future__ import annotations

from django.db.models import TextChoices


class RequestState(TextChoices):
    """State of a migration request."""

    REQUESTED = "requested", "requested"
    APPROVED = "approved", "approved"
    RUNNING = "running", "running"
    HELD = "held", "held"
    COMPLETED = "completed", "completed"
    ROLLED_BACK = "rolled_back", "rolled back"
    CLOSED = "closed", "closed"
    REJECTED = "rejected", "rejected"
    WITHDRAWN = "withdrawn", "withdrawn"
    EXPIRED = "expired", "expired"
    # a move of a drain that the drain could not start
    LEFT = "left", "not moved"


class RunState(TextChoices):
    """State of a run."""

    RUNNING = "running", "running"
    GOING_BACK = "going_back", "rolling back"
    HELD = "held", "held"
    COMPLETED = "completed", "completed"
    ROLLED_BACK = "rolled_back", "rolled back"
    CLOSED = "closed", "closed"


class StepState(TextChoices):
    """State of one step of a run."""

    TODO = "todo", "to do"
    UNDER_WAY = "under_way", "running"
    DONE = "done", "done"
    GOING_BACK = "going_back", "rolling back"
    UNDONE = "undone", "undone"


class DrainState(TextChoices):
    """State of a drain."""

    PLANNING = "planning", "planning"
    REQUESTED = "requested", "requested"
    APPROVED = "approved", "approved"
    RUNNING = "running", "running"
    PAUSED = "paused", "paused"
    # nothing new is started; what is under way ends as it does
    CANCELLING = "cancelling", "cancelling"
    COMPLETED = "completed", "completed"
    # over, and not all that was to be moved was moved
    INCOMPLETE = "incomplete", "incomplete"
    CANCELLED = "cancelled", "cancelled"
    REJECTED = "rejected", "rejected"
    WITHDRAWN = "withdrawn", "withdrawn"
    EXPIRED = "expired", "expired"
    # nothing could be planned
    FAILED = "failed", "failed"


class Afterwards(TextChoices):
    """Final state of an emptied host's nova-compute."""

    KEEP = "keep", "keep"  # it stays disabled
    ENABLE = "enable", "enable"


_R, _N, _D = RequestState, RunState, DrainState

REQUEST_MOVES: dict[RequestState, frozenset[RequestState]] = {
    _R.REQUESTED: frozenset({_R.APPROVED, _R.REJECTED, _R.WITHDRAWN, _R.EXPIRED}),
    # back to REQUESTED: the plan changed under the approvals, which are void
    _R.APPROVED: frozenset(
        {_R.RUNNING, _R.REQUESTED, _R.REJECTED, _R.WITHDRAWN, _R.EXPIRED, _R.LEFT}
    ),
    _R.RUNNING: frozenset({_R.COMPLETED, _R.ROLLED_BACK, _R.HELD}),
    _R.HELD: frozenset({_R.RUNNING, _R.COMPLETED, _R.ROLLED_BACK, _R.CLOSED}),
    _R.COMPLETED: frozenset(),
    _R.ROLLED_BACK: frozenset(),
    _R.CLOSED: frozenset(),
    _R.REJECTED: frozenset(),
    _R.WITHDRAWN: frozenset(),
    _R.EXPIRED: frozenset(),
    _R.LEFT: frozenset(),
}

RUN_MOVES: dict[RunState, frozenset[RunState]] = {
    _N.RUNNING: frozenset({_N.GOING_BACK, _N.HELD, _N.COMPLETED}),
    # back to RUNNING: what was to be undone turned out to be done for good
    _N.GOING_BACK: frozenset({_N.RUNNING, _N.HELD, _N.ROLLED_BACK}),
    _N.HELD: frozenset({_N.RUNNING, _N.GOING_BACK, _N.CLOSED}),
    _N.COMPLETED: frozenset(),
    _N.ROLLED_BACK: frozenset(),
    _N.CLOSED: frozenset(),
}

DRAIN_MOVES: dict[DrainState, frozenset[DrainState]] = {
    _D.PLANNING: frozenset({_D.REQUESTED, _D.FAILED, _D.WITHDRAWN, _D.EXPIRED}),
    _D.REQUESTED: frozenset({_D.APPROVED, _D.REJECTED, _D.WITHDRAWN, _D.EXPIRED}),
    # back to REQUESTED: its approvals turned out to be too few to start
    _D.APPROVED: frozenset(
        {_D.RUNNING, _D.REQUESTED, _D.REJECTED, _D.WITHDRAWN, _D.EXPIRED}
    ),
    _D.RUNNING: frozenset({_D.PAUSED, _D.CANCELLING, _D.COMPLETED, _D.INCOMPLETE}),
    _D.PAUSED: frozenset({_D.RUNNING, _D.CANCELLING}),
    _D.CANCELLING: frozenset({_D.CANCELLED}),
    _D.COMPLETED: frozenset(),
    _D.INCOMPLETE: frozenset(),
    _D.CANCELLED: frozenset(),
    _D.REJECTED: frozenset(),
    _D.WITHDRAWN: frozenset(),
    _D.EXPIRED: frozenset(),
    _D.FAILED: frozenset(),
}

OPEN_REQUESTS = frozenset(s for s, moves in REQUEST_MOVES.items() if moves)
# Nothing of them has begun: they can be changed, withdrawn, and expire.
BEFORE_START = frozenset({_R.REQUESTED, _R.APPROVED})
# Moves of a drain that came to nothing before they began.
DROPPED = frozenset({_R.WITHDRAWN, _R.LEFT})

OPEN_RUNS = frozenset(s for s, moves in RUN_MOVES.items() if moves)
WALKING_RUNS = frozenset({_N.RUNNING, _N.GOING_BACK})

OPEN_DRAINS = frozenset(s for s, moves in DRAIN_MOVES.items() if moves)
# Those that may have hosts disabled and moves under way.
STARTED_DRAINS = frozenset({_D.RUNNING, _D.PAUSED, _D.CANCELLING})
# Those that somebody has to look at; a paused one waits for a person.
WALKING_DRAINS = frozenset({_D.PLANNING, _D.APPROVED, _D.RUNNING, _D.CANCELLING})

# How a run's end shows in its request.
REQUEST_STATE_OF_RUN: dict[RunState, RequestState] = {
    _N.RUNNING: _R.RUNNING,
    _N.GOING_BACK: _R.RUNNING,
    _N.HELD: _R.HELD,
    _N.COMPLETED: _R.COMPLETED,
    _N.ROLLED_BACK: _R.ROLLED_BACK,
    _N.CLOSED: _R.CLOSED,
}


def request_sources(target: RequestState) -> list[RequestState]:
    """Return the states from which a request may move to ``target``."""
    return [s for s, moves in REQUEST_MOVES.items() if target in moves]


def drain_sources(target: DrainState) -> list[DrainState]:
    """Return the states from which a drain may move to ``target``."""
    return [s for s, moves in DRAIN_MOVES.items() if target in moves]
