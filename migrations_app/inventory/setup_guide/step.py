"""One step of the set-up guide, and how an attempt becomes one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

from migrations_app.errors import NovawebError, Unreachable

T = TypeVar("T")


class State(StrEnum):
    """How a step stands. What could not be found out is UNKNOWN, never a yes or no."""

    OK = "ok"
    WARNS = "warns"  # it works, and something about it should be mended
    FAILS = "fails"  # it is set up and was tried, and does not work
    MISSING = "missing"  # novaweb cannot do its work without it
    UNUSED = "unused"  # it is not set up, and need not be
    UNKNOWN = "unknown"


WORDS = {
    State.OK: "OK",
    State.WARNS: "Warning",
    State.FAILS: "Fails",
    State.MISSING: "Missing",
    State.UNUSED: "Not set up",
    State.UNKNOWN: "Unknown",
}


@dataclass(frozen=True, slots=True)
class Step:
    """What was found out about one piece of a site.

    ``found`` says that in a sentence; ``remedy`` what to do, with the setting's name or
    the command, and ``cost`` what does not work without it. ``place`` names the page on
    which it is done or shown in full; ``details`` are further sentences.
    """

    name: str
    state: State
    found: str
    remedy: str = ""
    cost: str = ""
    place: str = ""
    details: tuple[str, ...] = ()

    @property
    def hinders(self) -> bool:
        """Whether novaweb cannot do what it is for until this is mended."""
        return self.state in (State.FAILS, State.MISSING)


def attempt(step: Step, ask: Callable[[], T]) -> tuple[Step, T | None]:
    """Return the step after asking, and the answer; ``step`` is how it is if all went.

    Who did not answer has said neither yes nor no; who refused has said no.
    """
    try:
        return replace(step, state=State.OK), ask()
    except Unreachable as error:
        return replace(step, state=State.UNKNOWN, found=error.sentence), None
    except NovawebError as error:
        return replace(step, state=State.FAILS, found=error.sentence), None


def not_asked(step: Step, why: str) -> Step:
    """Return the step as one about which nobody was asked."""
    return replace(step, state=State.UNKNOWN, found=why)
