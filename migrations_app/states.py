"""The states of a request and of a run, and which moves between them are allowed.

Two small tables, nothing else. Every move is one conditional UPDATE whose row count
is looked at (requests.py, runs.py, engine/), so that two who move at once cannot
both succeed.
"""

from __future__ import annotations

from enum import StrEnum


class RequestState(StrEnum):
    """Where a migration request stands."""

    REQUESTED = "requested"
    APPROVED = "approved"
    RUNNING = "running"
    HELD = "held"
    COMPLETED = "completed"
    ROLLED_BACK = "rolled_back"
    CLOSED = "closed"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class RunState(StrEnum):
    """Where a run stands."""

    RUNNING = "running"
    GOING_BACK = "going_back"
    HELD = "held"
    COMPLETED = "completed"
    ROLLED_BACK = "rolled_back"
    CLOSED = "closed"


class StepState(StrEnum):
    """Where one step of a run stands."""

    TODO = "todo"
    UNDER_WAY = "under_way"
    DONE = "done"
    GOING_BACK = "going_back"
    UNDONE = "undone"


_R, _N = RequestState, RunState

REQUEST_MOVES: dict[RequestState, frozenset[RequestState]] = {
    _R.REQUESTED: frozenset({_R.APPROVED, _R.REJECTED, _R.WITHDRAWN, _R.EXPIRED}),
    # back to REQUESTED: the plan changed under the approvals, which are void
    _R.APPROVED: frozenset(
        {_R.RUNNING, _R.REQUESTED, _R.REJECTED, _R.WITHDRAWN, _R.EXPIRED}
    ),
    _R.RUNNING: frozenset({_R.COMPLETED, _R.ROLLED_BACK, _R.HELD}),
    _R.HELD: frozenset({_R.RUNNING, _R.COMPLETED, _R.ROLLED_BACK, _R.CLOSED}),
    _R.COMPLETED: frozenset(),
    _R.ROLLED_BACK: frozenset(),
    _R.CLOSED: frozenset(),
    _R.REJECTED: frozenset(),
    _R.WITHDRAWN: frozenset(),
    _R.EXPIRED: frozenset(),
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

OPEN_REQUESTS = frozenset(s for s, moves in REQUEST_MOVES.items() if moves)
OPEN_RUNS = frozenset(s for s, moves in RUN_MOVES.items() if moves)
WALKING_RUNS = frozenset({_N.RUNNING, _N.GOING_BACK})

# How a run's end shows in its request.
REQUEST_STATE_OF_RUN: dict[RunState, RequestState] = {
    _N.RUNNING: _R.RUNNING,
    _N.GOING_BACK: _R.RUNNING,
    _N.HELD: _R.HELD,
    _N.COMPLETED: _R.COMPLETED,
    _N.ROLLED_BACK: _R.ROLLED_BACK,
    _N.CLOSED: _R.CLOSED,
}


def request_sources(target: RequestState) -> list[str]:
    """Return the states from which a request may move to ``target``."""
    return [str(s) for s, moves in REQUEST_MOVES.items() if target in moves]


def run_sources(target: RunState) -> list[str]:
    """Return the states from which a run may move to ``target``."""
    return [str(s) for s, moves in RUN_MOVES.items() if target in moves]
