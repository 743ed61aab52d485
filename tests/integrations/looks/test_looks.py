"""Web asks, a worker looks: what each does when the other is late, gone or strange."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace
from typing import Any

import pytest
import redis

from migrations_app.errors import Blocked, Unreachable
from migrations_app.integrations.interfaces import MoveQuestion, Place
from migrations_app.integrations.looks import serve as looks_serve
from migrations_app.integrations.looks import wire
from migrations_app.integrations.looks.serve import AT_ONCE, Looks
from tests.integrations.looks.asking import (
    PATIENCE,
    PLACE,
    QUESTION,
    Serve,
    ask,
    patient,
    serve,
    several,
    until,
)

__all__ = ["patient", "serve"]


def test_a_worker_is_told_the_question_and_its_answer_is_returned(
    serve: Serve,
) -> None:
    asked: list[Any] = []

    def look(*told: Any) -> object:
        asked.append(told)
        return PLACE

    serve({"move": look})
    assert ask() == PLACE
    question = {"server_id": "id", "source": "a", "target": "b", "recorded": ""}
    assert asked == [("lab", question)]
    assert wire.client().keys("novaweb:*") == []


def test_what_the_worker_could_not_find_out_is_its_sentence(serve: Serve) -> None:
    def refuse(cloud: str, asked: Any) -> object:
        raise Blocked("The host is on fire.")

    serve({"move": refuse})
    with pytest.raises(Unreachable, match="The host is on fire"):
        ask()


def test_a_fault_of_the_worker_is_no_traceback(serve: Serve) -> None:
    serve({"move": lambda cloud, asked: 1 / 0})
    with pytest.raises(Unreachable, match="ZeroDivisionError"):
        ask()


def test_where_no_worker_is_it_says_so_and_leaves_no_question(
    redis_url: str, settings: Any
) -> None:
    settings.NOVAWEB_LOOK_TIMEOUT = 1.0
    with pytest.raises(Unreachable, match="in 1 s: is novaweb-worker running"):
        ask()
    assert wire.client().keys("novaweb:*") == []


def test_where_redis_is_away_it_says_so(settings: Any) -> None:
    settings.NOVAWEB_REDIS_URL = "redis://127.0.0.1:1/0"
    with pytest.raises(Unreachable, match=r"Redis cannot be reached.*novaweb-worker"):
        ask()


def test_a_worker_of_another_version_is_named(serve: Serve) -> None:
    serve({})
    with pytest.raises(Unreachable, match=r"novaweb-worker.*another version"):
        ask()


def test_an_answer_of_another_form_is_not_taken(serve: Serve) -> None:
    serve({"move": lambda cloud, asked: QUESTION})
    with pytest.raises(Unreachable, match="restart both"):
        ask()


def test_an_answer_that_is_too_large_is_not_sent(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "LARGEST_ANSWER", 10)
    serve({"move": lambda cloud, asked: PLACE})
    with pytest.raises(Unreachable, match="too large"):
        ask()


def test_a_slow_look_is_waited_for_longer_than_a_worker_is(
    serve: Serve, settings: Any
) -> None:
    go = threading.Event()
    serve({"move": lambda cloud, asked: go.wait(PATIENCE) and PLACE})
    answers, threads = several(1)
    with pytest.raises(Unreachable, match="in 1 s"):
        ask(within=1.0)
    settings.NOVAWEB_LOOK_TIMEOUT = 0.1
    go.set()
    threads[0].join(PATIENCE)
    assert answers == [PLACE]


def test_a_worker_that_ends_while_it_looks_is_missed(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "SILENCE", 2.0)
    go, looking = threading.Event(), threading.Event()

    def hang(cloud: str, asked: Any) -> object:
        looking.set()
        go.wait(PATIENCE)
        return PLACE

    stop = serve({"move": hang})
    answers, threads = several(1)
    assert looking.wait(PATIENCE)
    stop.set()  # it is heard no more
    threads[0].join(PATIENCE)
    assert "has ended before it answered" in str(answers[0])
    monkeypatch.setattr(wire, "SILENCE", PATIENCE)
    go.set()  # too late: nobody takes this answer for one of another question
    serve({"move": lambda cloud, asked: Place("b", "b")})
    assert ask() == Place("b", "b")


def test_the_same_question_of_many_is_looked_at_once(serve: Serve) -> None:
    looks: list[Any] = []

    def look(cloud: str, asked: Any) -> object:
        looks.append(asked)
        # nobody is answered before all have asked
        until(lambda: len(joined) == 30)
        return PLACE

    joined: list[str] = []
    real = Looks._take

    def taking(self: Looks, text: bytes) -> bool:
        began = real(self, text)
        joined.append("")
        return began

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Looks, "_take", taking)
        serve({"move": look})
        answers, threads = several(30)
        for each in threads:
            each.join(PATIENCE)
    assert answers == [PLACE] * 30
    assert len(looks) == 1


def test_a_worker_looks_at_few_things_at_once(serve: Serve) -> None:
    go, looks = threading.Event(), []

    def look(cloud: str, asked: Any) -> object:
        looks.append(asked)
        go.wait(PATIENCE)
        return PLACE

    serve({"move": look})
    threads = [
        threading.Thread(target=ask, args=(MoveQuestion(f"id-{number}", "a", "b"),))
        for number in range(AT_ONCE + 3)
    ]
    for each in threads:
        each.start()
    until(lambda: len(looks) == AT_ONCE and wire.client().llen(wire.QUESTIONS) == 3)
    go.set()
    for each in threads:
        each.join(PATIENCE)
    assert len(looks) == AT_ONCE + 3


def test_more_questions_than_workers_can_answer_are_turned_away(
    redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wire, "MOST_WAITING", 2)
    with redis.Redis.from_url(redis_url) as connection:
        connection.rpush(wire.QUESTIONS, "one", "two")
        with pytest.raises(Unreachable, match=r"2 questions wait.*novaweb-worker"):
            ask()
        assert connection.llen(wire.QUESTIONS) == 2


def test_a_question_that_nobody_waits_for_any_more_is_not_looked_at(
    serve: Serve,
) -> None:
    looks: list[Any] = []

    def look(cloud: str, asked: Any) -> object:
        looks.append(asked["server_id"])
        return PLACE

    old = {
        "id": "1",
        "name": "move",
        "cloud": "lab",
        "until": wire.now(wire.client()) - 1,
    }
    late = wire.seal({**old, "of": {"server_id": "old"}}, wire.QUESTION)
    wire.client().rpush(wire.QUESTIONS, late)
    serve({"move": look})
    assert ask() == PLACE
    assert looks == ["id"]


@pytest.mark.parametrize("hours", [-1, 1])
def test_it_does_not_matter_that_the_clock_of_the_worker_is_wrong(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    """Neither is a question late then, nor one answered that nobody waits for."""
    wrong = SimpleNamespace(
        time=lambda: time.time() + hours * 3600, monotonic=time.monotonic
    )
    monkeypatch.setattr(looks_serve, "time", wrong)
    looks: list[Any] = []

    def look(cloud: str, asked: Any) -> object:
        looks.append(asked["server_id"])
        return PLACE

    of = {"server_id": "old"}
    old: dict[str, Any] = {"id": "1", "name": "move", "cloud": "lab", "of": of}
    old["until"] = wire.now(wire.client()) - 1
    wire.client().rpush(wire.QUESTIONS, wire.seal(old, wire.QUESTION))
    serve({"move": look})

    assert ask() == PLACE
    assert looks == ["id"]
