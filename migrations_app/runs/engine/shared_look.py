"""One look at the cloud that several steps share: each question of it is put once.

Steps that only look follow one another without anything being asked of Nova between
them, so the same answers are theirs, and the questions of all of them can be put side
by side. What has been asked of Nova, or a host that was entered, ends the look.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from functools import partial
from typing import Any

from migrations_app.integrations.interfaces import (
    Action,
    Cloud,
    Migration,
    Port,
    Server,
    Service,
)
from migrations_app.preflight.questions import asking

# Seconds for which an answer is used; after that the question is put again.
GOOD = 1.0
Timed = tuple[Any, float]


class SharedLook:
    """The cloud of one run, with answers about its instance that were put together.

    ``covers`` are the keys of the steps that share it. Any other question goes to the
    cloud itself, as does a question about anything but the instance.
    """

    def __init__(
        self,
        cloud: Cloud,
        server_id: str,
        *,
        questions: Collection[str],
        covers: frozenset[str],
    ) -> None:
        """Put the questions, by the names of their methods, and wait for all."""
        self.covers = covers
        self._cloud = cloud
        self._server_id = server_id
        self._waits: dict[str, Callable[[], Timed]] = {}
        self._answers: dict[str, Timed] = {}
        with asking(cloud.at_once) as ask:
            for name in sorted(questions):
                self._waits[name] = ask(partial(_timed, self._question(name)))

    def __getattr__(self, name: str) -> Any:
        """Hand all else to the cloud."""
        return getattr(self._cloud, name)

    def server(self, server_id: str) -> Server:
        """Return the server."""
        found: Server = self._answer("server", server_id)
        return found

    def services(self) -> list[Service]:
        """Return every nova-compute service."""
        found: list[Service] = self._answer("services", self._server_id)
        return found

    def migrations(self, server_id: str) -> list[Migration]:
        """Return Nova's records of the server's moves, newest first."""
        found: list[Migration] = self._answer("migrations", server_id)
        return found

    def actions(self, server_id: str) -> list[Action]:
        """Return the server's actions, newest first."""
        found: list[Action] = self._answer("actions", server_id)
        return found

    def ports(self, server_id: str) -> list[Port]:
        """Return the network ports of the server."""
        found: list[Port] = self._answer("ports", server_id)
        return found

    def allocations(self, consumer_id: str) -> dict[str, dict[str, int]]:
        """Return what a consumer holds."""
        if consumer_id != self._server_id:
            return self._cloud.allocations(consumer_id)
        found: dict[str, dict[str, int]] = self._answer("allocations", consumer_id)
        return found

    def _question(self, name: str) -> Callable[[], Any]:
        ask: Callable[..., Any] = getattr(self._cloud, name)
        return ask if name == "services" else partial(ask, self._server_id)

    def _answer(self, name: str, about: str) -> Any:
        if about != self._server_id:
            return getattr(self._cloud, name)(about)
        if name in self._waits:
            self._answers[name] = self._waits.pop(name)()
        value, at = self._answers.get(name, (None, float("-inf")))
        if time.monotonic() - at > GOOD:
            return self._question(name)()
        return value


def _timed(question: Callable[[], Any]) -> Timed:
    """Return the answer, and when it came by the monotonic clock."""
    answer = question()
    return answer, time.monotonic()
