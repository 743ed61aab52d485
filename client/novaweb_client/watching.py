"""Follows a request or a drain until it is over or waits for a person.

The log goes by the numbers of its lines, which count from 1 without a gap: whatever
happens to the connection, none is lost and none comes twice.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic, sleep
from typing import Any

from novaweb_client.api import READ, Api, Unanswered
from novaweb_client.wording import Row, clean

Say = Callable[[str], None]

PAUSE = 1.0  # seconds between two looks
STILL_UNDER_WAY = 124  # as timeout(1) of the coreutils says it

# The exit status for each state in which there is nothing more to wait for.
OF_REQUESTS = {
    "completed": 0,
    "held": 3,
    "rolled_back": 4,
    "closed": 5,
    "rejected": 6,
    "withdrawn": 7,
    "expired": 8,
    "left": 9,
}
OF_DRAINS = {
    "completed": 0,
    "paused": 3,
    "incomplete": 4,
    "cancelled": 5,
    "rejected": 6,
    "withdrawn": 7,
    "expired": 8,
    "failed": 9,
}


class TimeUp(Exception):
    """What was waited for took longer than was allowed."""


class Patience:
    """Asks until there is an answer, or until ``timeout`` seconds (0: ever) are over.

    A connection that is lost is told once, and once that it is back.
    """

    def __init__(self, api: Api, *, say: Say, timeout: float = 0.0) -> None:
        self.api = api
        self.say = say
        self.end = monotonic() + timeout if timeout else None
        self.lost = False

    def get(self, path: str, **filters: Any) -> Any:
        """Return the answer. Raises TimeUp, Refused, ApiError."""
        while True:
            try:
                answer = self.api.get(path, within=min(READ, self._left()), **filters)
            except Unanswered as error:
                if not self.lost:
                    self.say(
                        f"novaweb does not answer ({clean(error.why)}); it is asked"
                        " again until it does."
                    )
                self.lost = True
                self.pause(error.wait or PAUSE)
                continue
            if self.lost:
                self.say("novaweb answers again.")
            self.lost = False
            return answer

    def pause(self, seconds: float = PAUSE) -> None:
        """Wait for so long. Raises TimeUp."""
        sleep(min(seconds, self._left()))

    def _left(self) -> float:
        if self.end is None:
            return READ
        left = self.end - monotonic()
        if left <= 0:
            raise TimeUp
        return left


def follow_request(found: Row, patience: Patience) -> tuple[Row, int]:
    """Tell the states and the log of a request until there is nothing to wait for.

    Return the request as it is then, and the exit status. Raises Refused, ApiError.
    """
    state, last = "", 0
    try:
        while True:
            if found["state"] != state:
                state = found["state"]
                patience.say(f"Request {found['id']} is {_state(found)}")
            # asked after the state: what was written before its end is there
            if found["run"]:
                last = _tell_lines(found["run"]["id"], last, patience)
            if state in OF_REQUESTS:
                return found, OF_REQUESTS[state]
            patience.pause()
            found = patience.get(f"requests/{found['id']}/")
    except TimeUp:
        return found, _still(found, patience.say)


def _tell_lines(run: int, last: int, patience: Patience) -> int:
    """Tell the lines after that one; return the number of the last that was told."""
    while lines := patience.get(f"runs/{run}/lines/", after=last):
        for line in lines:
            if line["number"] > last:
                last = line["number"]
                at = line["at"][11:19]  # of an ISO time, in UTC
                patience.say(f"{last:>4} {at} {clean(line['text'])}")
    return last


def follow_drain(found: Row, patience: Patience) -> tuple[Row, int]:
    """Tell the states of a drain and of its moves until there is nothing to wait for.

    Return the drain as it is then, and the exit status. Raises Refused, ApiError.
    """
    state, planned = "", 0
    moves: dict[int, str] = {}
    try:
        while True:
            if found["state"] != state:
                state = found["state"]
                patience.say(f"Drain {found['id']} is {_state(found)}")
            if state == "planning" and found["looked_at"] != planned:
                planned = found["looked_at"]
                patience.say(f"{planned} of {found['to_look_at']} moves are planned.")
            for move in found["moves"]:
                if moves.get(move["request"]) != move["state"]:
                    moves[move["request"]] = move["state"]
                    name = clean(move["instance_name"])
                    patience.say(f"Move {move['request']} of {name} is {_state(move)}")
            if state in OF_DRAINS:
                return found, OF_DRAINS[state]
            patience.pause()
            found = patience.get(f"drains/{found['id']}/")
    except TimeUp:
        return found, _still(found, patience.say)


def _state(found: Row) -> str:
    why = f": {clean(found['why'])}" if found["why"] else "."
    return f"{found['state'].replace('_', ' ')}{why}"


def _still(found: Row, say: Say) -> int:
    say(f"The time is over, and {found['id']} is still {_state(found)}")
    return STILL_UNDER_WAY
