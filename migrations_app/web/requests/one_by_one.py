"""One action on several objects: each by itself, with its own checks and result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from migrations_app.errors import NovawebError, Unfit

MOST = 25


@dataclass(frozen=True, slots=True)
class Result:
    """The result for one object: what was done, or why it was not."""

    name: str
    done: bool
    sentence: str
    number: int | None = None  # of its request


def few(keys: list[str], *, what: str) -> list[str]:
    """Return the keys without duplicates. Raises Unfit if there are none, or many."""
    chosen = list(dict.fromkeys(keys))
    if not chosen:
        raise Unfit(f"Select {what} first.")
    if len(chosen) > MOST:
        raise Unfit(
            f"Select at most {MOST} {what} at once; you selected {len(chosen)}."
        )
    return chosen


def carried_out(
    name: str, act: Callable[[], tuple[str, int]], *, about: int | None = None
) -> Result:
    """Return the result of the action, which returns a sentence and a request.

    ``about`` is the number of the request that there is before.
    """
    try:
        sentence, number = act()
    except NovawebError as error:
        return Result(name, done=False, sentence=error.sentence, number=about)
    return Result(name, done=True, sentence=sentence, number=number)
