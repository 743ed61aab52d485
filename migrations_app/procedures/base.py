"""What a procedure and its steps are.

A procedure is a class whose ``steps`` are the plan as data. A step *looks* (``check``)
and, when it is an ``Act``, *asks* (``do``, ``undo``). Only ``check`` decides: what a
step must know it reads from the world or from the frozen inputs, never from memory,
so that any process may go on where another one died.

Pure: no Django, no client of a neighbour.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, ClassVar

from migrations_app.errors import Blocked
from migrations_app.integrations.interfaces import (
    Cloud,
    Hosts,
    Move,
    NovaDb,
    Survey,
    World,
)
from migrations_app.procedures.expected_state import Expected, at_rest


class Is(StrEnum):
    """What ``check`` may answer; anything else is ``Blocked``."""

    READY = "ready"  # not done, may be done now
    WAITING = "waiting"  # on its way
    DONE = "done"


@dataclass(frozen=True, slots=True)
class It:
    """What a step is given: the inputs, the neighbours, and what was noted.

    ``mark`` is what the world showed just before the request at hand was made (see
    ``Act.mark``); empty when nothing was asked yet. On the way back that is the
    request to undo; ``first_mark`` is always that of the step's own. ``say`` adds a
    line to the log, ``show`` replaces the figures that the page draws.
    """

    move: Move
    world: World
    mark: str
    now: datetime
    say: Callable[[str], None]
    show: Callable[[dict[str, Any]], None]
    shown: dict[str, Any]
    first_mark: str = ""

    @property
    def cloud(self) -> Cloud:
        """Nova and its neighbours."""
        return self.world.cloud

    @property
    def hosts(self) -> Hosts:
        """The compute hosts, over SSH. Raises Blocked where there is no way to them."""
        if self.world.hosts is None:
            raise Blocked(
                "novaweb may not enter the hosts of this cloud: set NOVAWEB_SSH, then"
                " have the run looked at again."
            )
        return self.world.hosts

    @property
    def nova_db(self) -> NovaDb:
        """Nova's database. Raises Blocked where there is no way to it."""
        if self.world.nova_db is None:
            raise Blocked(
                "novaweb may not enter Nova's database of this cloud: set"
                " NOVAWEB_NOVA_DB, then have the run looked at again."
            )
        return self.world.nova_db


class Step(ABC):
    """One step that only looks. Its docstring is the sentence people approve.

    ``{name}``, ``{source}`` and ``{target}`` in it are filled in from the move.
    """

    final: ClassVar[bool] = False
    key: ClassVar[str]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Give the class its key: MigrateLive becomes migrate_live."""
        super().__init_subclass__(**kwargs)
        cls.key = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()

    @abstractmethod
    def check(self, it: It) -> Is:
        """Look at the world; change nothing. Raises Blocked with a sentence."""

    def commands(self, move: Move) -> list[str]:
        """Return the very commands and SQL that it will run, for the approver."""
        return []

    def expects(self, move: Move, before: Expected) -> Expected:
        """Return what people are told to expect of the world once this step is done.

        ``before`` is what was to be expected until then; a step that only looks
        changes none of it.
        """
        return before

    def patience(self, move: Move) -> timedelta:
        """Return how long it may take, from when it was first looked at."""
        return timedelta(minutes=10)

    def sentence(self, move: Move) -> str:
        """Return the sentence of the plan, with the names of this move."""
        words = " ".join((self.__doc__ or "").split())
        return words.format(
            name=move.server_name,
            source=move.source,
            target=move.target or "the host that the scheduler chooses",
        )


class Act(Step):
    """A step that asks for something, and can ask for the way back.

    ``final`` marks the point of no return: once it is done there is no undo.
    ``interruptible`` says that ``undo`` may be asked while the step is under way;
    otherwise the way back begins when it has come to rest. ``urgent`` says that its
    undo does not wait for that of the steps after it.
    """

    interruptible: ClassVar[bool] = False
    urgent: ClassVar[bool] = False
    reversible: ClassVar[bool] = True
    # what it asks for is so when ``do`` and ``undo`` return: nobody need wait for it
    at_once: ClassVar[bool] = False

    @abstractmethod
    def do(self, it: It) -> None:
        """Ask once; return within seconds, never wait."""

    def undo(self, it: It) -> None:
        """Ask for the way back; ``undone`` tells when it has been gone."""
        raise NotImplementedError(f"{self.key} has no way back")

    def standing(self, it: It) -> Is:
        """Look at it on the way back: DONE when ``undo`` may be asked, READY: undone.

        Apart from ``check`` only where the way there ends before all has come to rest.
        """
        return self.check(it)

    def undone(self, it: It) -> bool:
        """Tell whether the world is as it was before this step."""
        return self.standing(it) is Is.READY

    def mark(self, it: It) -> str:
        """Return what tells, later, whether a request made now reached the world."""
        return ""

    @abstractmethod
    def heard(self, it: It) -> bool:
        """Tell whether the world shows our request, made after ``it.mark``.

        Called while ``check`` still says READY. False: there is no trace of it, so
        it may be asked again. Raises Blocked with the reason when the request was
        taken and came to nothing.
        """

    def undo_heard(self, it: It) -> bool:
        """Tell whether the world shows our request for the way back."""
        return False

    def undo_patience(self, move: Move) -> timedelta:
        """Return how long the way back may take."""
        return timedelta(hours=1)


class Hastened(Act):
    """An act that a person may ask to hurry while it is under way."""

    @abstractmethod
    def hasten(self, it: It) -> None:
        """Ask the world to finish now, at a price that the page has explained."""


class Procedure:
    """One way to move an instance: a name, words for people, and a plan."""

    name: ClassVar[str]
    title: ClassVar[str]
    steps: ClassVar[tuple[Step, ...]]
    # May the guest go on running while it moves?
    keeps_running: ClassVar[bool]

    @classmethod
    def freeze(cls, world: World, move: Move) -> dict[str, Any]:
        """Return what of the world the plan needs to know, as JSON can hold it.

        It is part of what is approved, so nothing in it moves by itself.
        """
        return {}

    @classmethod
    def expects(cls, key: str, move: Move, *, back: bool = False) -> Expected:
        """Return what the world shows once the step of that key is done, or undone."""
        shown = at_rest(move)
        for step in cls.steps:
            if back and step.key == key:
                break
            shown = step.expects(move, shown)
            if step.key == key:
                break
        return shown

    @classmethod
    def surveyed(cls, survey: Survey) -> dict[str, Any]:
        """Return what the plan needs to know of the hosts; frozen like the rest."""
        return {}
