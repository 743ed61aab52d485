"""Several moves are requested, or requests decided, at once.

Each by itself: with its own checks, transaction and result; one that is refused keeps
none of the others from it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
from django.contrib.auth.models import User
from django.db import connection

from migrations_app.access import throttle
from migrations_app.access.permissions import Verb
from migrations_app.errors import NovawebError, Unfit, told
from migrations_app.integrations import connect
from migrations_app.models import MigrationRequest
from migrations_app.preflight.questions import asking
from migrations_app.requests import actions as request_actions
from migrations_app.requests import queries as request_queries

MOST = 25
# So many pre-flights of approvals at a time: each puts its questions side by side, too.
AT_ONCE = 3
DONE = {
    Verb.APPROVE: "Approved.",
    Verb.REJECT: "Rejected.",
    Verb.WITHDRAW: "Withdrawn.",
}
log = structlog.get_logger(__name__)
Act = Callable[[], tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Result:
    """The result for one object: what was done, or why it was not.

    ``error`` is why not; an error that is not of ours is a fault of ours.
    """

    name: str
    sentence: str
    number: int | None = None  # of its request
    error: Exception | None = None

    @property
    def done(self) -> bool:
        """Whether it was carried out."""
        return self.error is None


def few(keys: Sequence[str], *, what: str) -> list[str]:
    """Return the keys without duplicates. Raises Unfit if there are none, or many."""
    chosen = list(dict.fromkeys(keys))
    if not chosen:
        raise Unfit(f"Select {what} first.")
    if len(chosen) > MOST:
        raise Unfit(
            f"Select at most {MOST} {what} at once; you selected {len(chosen)}."
        )
    return chosen


def carried_out(name: str, act: Act, *, about: int | None = None) -> Result:
    """Return the result of the action, which returns a sentence and a request.

    ``about`` is the number of the request that there is before.
    """
    try:
        sentence, number = act()
    except Exception as error:
        if not isinstance(error, NovawebError):
            log.error("one of several failed", name=name, exc_info=error)
        return Result(name, told(error), about, error)
    return Result(name, sentence, number)


def decide(
    verb: Verb, digests: Mapping[int, str], *, by: User, note: str
) -> list[Result]:
    """Carry that out on each of the requests, by number; return the results in order.

    ``digests`` are those of the plans that were read: an approval is of exactly that.
    """
    rows = request_queries.requests().in_bulk(list(digests))
    # only an approval looks at the cloud
    at_once = _at_once(rows.values()) if verb is Verb.APPROVE else 1

    def decided(number: int) -> Result:
        row = rows.get(number)
        name = row.instance_name if row else ""
        try:
            return carried_out(name, partial(act, number), about=number)
        finally:
            if at_once > 1:
                connection.close()  # of this thread, which ends

    def act(number: int) -> tuple[str, int]:
        if verb is Verb.APPROVE:
            digest = digests[number]
            request_actions.approve(number, by=by, plan_digest=digest, note=note)
        elif verb is Verb.REJECT:
            request_actions.reject(number, by=by, note=note)
        else:
            request_actions.withdraw(number, by=by, note=note)
        return DONE[verb], number

    acts = [partial(decided, number) for number in digests]
    return side_by_side(acts, at_once=at_once)


def side_by_side(acts: Sequence[Callable[[], Result]], *, at_once: int) -> list[Result]:
    """Return the results, in order; with 1 in this thread, one after the other."""
    with asking(at_once) as ask:
        answers = [ask(act) for act in acts]
        return [answer() for answer in answers]


def _at_once(rows: Collection[MigrationRequest]) -> int:
    """Return how many of the requests' clouds' pre-flights there may be at a time."""
    names = {row.cloud.name for row in rows}
    try:
        most = min((connect.world_for(name).cloud.at_once for name in names), default=1)
    except NovawebError:
        return 1  # each is told so by its own approval
    return min(AT_ONCE, most, len(rows) or 1)


def ask(moves: Sequence[Mapping[str, Any]], *, by: User, **common: Any) -> list[Result]:
    """Request each of the moves, in order; return the results.

    Results have the instance for a name. One after the other: each pre-flight sees the
    requests before it. Hosts are looked at for each, which counts as a pre-flight does.
    """

    def act(move: Mapping[str, Any]) -> tuple[str, int]:
        throttle.admit(by.pk, "preflight")
        row: MigrationRequest = request_actions.ask(by=by, **common, **move)
        target = row.target or "a host chosen by the scheduler"
        return f"Requested, to {target}: it waits for approval.", row.pk

    return [carried_out(str(move["instance"]), partial(act, move)) for move in moves]
