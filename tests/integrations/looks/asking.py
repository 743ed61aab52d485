"""Web and workers of one process of pytest, for tests of how they ask and look."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from migrations_app.errors import Unreachable
from migrations_app.integrations.interfaces import MoveQuestion, Place
from migrations_app.integrations.looks import wire
from migrations_app.integrations.looks.ask import AskedWorkers
from migrations_app.integrations.looks.serve import Look, Looks

QUESTION = MoveQuestion("id", "a", "b")
PATIENCE = 60.0  # seconds that anything here may take on a busy machine
PLACE = Place("a", "a.example.org", 7, "OS1")
Serve = Callable[[dict[str, Look]], threading.Event]


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """A busy machine is no dead worker, unless a test is about that."""
    monkeypatch.setattr(wire, "SILENCE", PATIENCE)
    settings.NOVAWEB_LOOK_TIMEOUT = PATIENCE


@pytest.fixture
def serve(redis_url: str) -> Iterator[Serve]:
    """Have workers of this process answer; the event that is returned ends one."""
    begun: list[tuple[threading.Event, threading.Thread]] = []

    def begin(table: dict[str, Look]) -> threading.Event:
        stop = threading.Event()
        thread = threading.Thread(target=Looks(table).serve, args=(stop,))
        thread.start()
        begun.append((stop, thread))
        return stop

    try:
        yield begin
    finally:
        for stop, thread in begun:
            stop.set()
            thread.join(PATIENCE)


def ask(question: MoveQuestion = QUESTION, **options: Any) -> Place:
    return AskedWorkers("lab").ask("move", question, Place, **options)


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def several(count: int) -> tuple[list[Place | str], list[threading.Thread]]:
    """Ask the same side by side; return where the answers come, and who asks."""
    answers: list[Place | str] = []

    def one() -> None:
        try:
            answers.append(ask())
        except Unreachable as error:
            answers.append(error.sentence)

    threads = [threading.Thread(target=one) for _ in range(count)]
    for each in threads:
        each.start()
    return answers, threads
