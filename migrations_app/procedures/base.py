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
    InsideFacts,
    Move,
    NovaDb,
    Server,
    Survey,
    World,
)
from migrations_app.procedures.expected_state import Expected, before_move


class StepStatus(StrEnum):
    """What ``check`` may answer; anything else is ``Blocked``."""

    READY = "ready"  # not done, may be done now
    WAITING = "waiting"  # on its way
    DONE = "done"


@dataclass(frozen=True, slots=True)
class StepContext:
    """What a step is given: the inputs, the neighbours, the log and its progress.

    ``request_marker`` identifies what the cloud showed just before the current request
    was made (see ``Act.request_marker``); empty when nothing was asked yet. On the way
    back that is the request to undo; ``first_request_marker`` is always that of the
    step's own request. ``log`` adds a line to the run's log; ``set_progress`` replaces
    the figures that the page draws, which ``progress`` holds.
    """

    move: Move
    world: World
    request_marker: str
    now: datetime
    log: Callable[[str], None]
    set_progress: Callable[[dict[str, Any]], None]
    progress: dict[str, Any]
    first_request_marker: str = ""

    @property
    def cloud(self) -> Cloud:
        """Nova and its neighbours."""
        return self.world.cloud

    @property
    def hosts(self) -> Hosts:
        """The compute hosts, over SSH. Raises Blocked where there is no way to them."""
        if self.world.hosts is None:
            raise Blocked(
                "novaweb may not enter the hosts of this cloud: set NOVAWEB_SSH,"
                " then use “Look again”."
            )
        return self.world.hosts

    @property
    def nova_db(self) -> NovaDb:
        """Nova's database. Raises Blocked where there is no way to it."""
        if self.world.nova_db is None:
            raise Blocked(
                "novaweb may not enter Nova's database of this cloud: set"
                " NOVAWEB_NOVA_DB, then use “Look again”."
            )
        return self.world.nova_db


class Step(ABC):
    """One step that only looks. Its docstring is the sentence people approve.

    ``{name}``, ``{source}`` and ``{target}`` in it are filled in from the move.
    ``title`` names the step in lists and logs, in at most five words. It is no part of
    what is approved or stored. ``holds`` is empty, unless it is a person's to decide
    what follows when the step takes too long: then the run is held there, and not
    rolled back, and these words say what to do.
    """

    title: ClassVar[str] = ""
    holds: ClassVar[str] = ""
    final: ClassVar[bool] = False
    key: ClassVar[str]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Give the class its key: MigrateLive becomes migrate_live."""
        super().__init_subclass__(**kwargs)
        cls.key = re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()

    @abstractmethod
    def check(self, ctx: StepContext) -> StepStatus:
        """Look at the world; change nothing. Raises Blocked with a sentence."""

    def looks_at(self, move: Move) -> tuple[str, ...]:
        """Return what ``check`` asks the cloud about the instance, by method's name.

        An act also names what its ``request_marker`` asks. Steps that follow one
        another then share one look, in which all of that is asked side by side; other
        questions are put where they are needed. Empty: it looks for itself, as a step
        that enters hosts should.
        """
        return ()

    def commands(self, move: Move) -> list[str]:
        """Return the very commands and SQL that it will run, for the approver."""
        return []

    def expects(self, move: Move, before: Expected) -> Expected:
        """Return what people are told to expect of the world once this step is done.

        ``before`` is what was to be expected until then; a step that only looks
        changes none of it.
        """
        return before

    def timeout(self, move: Move) -> timedelta:
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
    otherwise the way back begins when it has come to rest. ``undo_first`` says that its
    undo does not wait for that of the steps after it.
    """

    interruptible: ClassVar[bool] = False
    undo_first: ClassVar[bool] = False
    reversible: ClassVar[bool] = True
    # what it asks for is complete when ``do`` and ``undo`` return
    synchronous: ClassVar[bool] = False

    @abstractmethod
    def do(self, ctx: StepContext) -> None:
        """Ask once; return within seconds, never wait."""

    def undo(self, ctx: StepContext) -> None:
        """Ask for the way back; ``undone`` tells when it has been gone."""
        raise NotImplementedError(f"{self.key} has no way back")

    def check_undo(self, ctx: StepContext) -> StepStatus:
        """Check it on the way back: DONE when ``undo`` may be asked, READY: undone.

        Apart from ``check`` only where the way there ends before all has come to rest.
        """
        return self.check(ctx)

    def undone(self, ctx: StepContext) -> bool:
        """Tell whether the world is as it was before this step."""
        return self.check_undo(ctx) is StepStatus.READY

    def request_marker(self, ctx: StepContext) -> str:
        """Return what later tells a request made now from all that came before it."""
        return ""

    @abstractmethod
    def request_seen(self, ctx: StepContext) -> bool:
        """Tell whether the world shows our request, made after
        ``ctx.request_marker``.

        Called while ``check`` still says READY. False: there is no trace of it, so it
        may be asked again. Raises Blocked with the reason if the request was accepted
        and failed.
        """

    def undo_request_seen(self, ctx: StepContext) -> bool:
        """Tell whether the world shows our request for the way back."""
        return False

    def undo_timeout(self, move: Move) -> timedelta:
        """Return how long the way back may take."""
        return timedelta(hours=1)


class ForceCompletable(Act):
    """An act that a person may have completed by force while it is under way."""

    @abstractmethod
    def force_complete(self, ctx: StepContext) -> None:
        """Ask the world to finish now, at a price that the page has explained."""


class Procedure:
    """One way to move an instance: a name, words for people, and a plan."""

    name: ClassVar[str]
    title: ClassVar[str]
    steps: ClassVar[tuple[Step, ...]]
    # May the guest go on running while it moves?
    keeps_running: ClassVar[bool]

    @classmethod
    def cloud_facts(
        cls, cloud: Cloud, move: Move, *, server: Server, inside: InsideFacts
    ) -> dict[str, Any]:
        """Return what of the world the plan needs to know, as JSON can hold it.

        It is part of what is approved, so nothing in it moves by itself. ``server`` is
        the instance as the pre-flight read it, ``inside`` has what hosts and Nova's
        database say of the move.
        """
        return {}

    @classmethod
    def expects(cls, key: str, move: Move, *, back: bool = False) -> Expected:
        """Return what the world shows once the step of that key is done, or undone."""
        expected = before_move(move)
        for step in cls.steps:
            if back and step.key == key:
                break
            expected = step.expects(move, expected)
            if step.key == key:
                break
        return expected

    @classmethod
    def survey_facts(cls, survey: Survey) -> dict[str, Any]:
        """Return what the plan needs to know of the hosts; frozen like the rest."""
        return {}
