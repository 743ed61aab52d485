"""Redis is no place to ask or answer from: what novaweb did not seal is thrown away."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import signing

from migrations_app.integrations.looks import wire
from tests.integrations.looks.asking import (
    PATIENCE,
    PLACE,
    Serve,
    ask,
    patient,
    serve,
    several,
    until,
)

__all__ = ["patient", "serve"]


def number_asked() -> str:
    """Return the number of the question that waits."""
    (asked,) = wire.client().lrange(wire.QUESTIONS, 0, 0)
    assert isinstance(asked, bytes)
    return str(wire.unseal(asked, wire.QUESTION)["id"])


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\xff\x00",
        signing.dumps({"id": "x"}).encode(),  # of something else that we sign
        b"x" * (wire.LARGEST_QUESTION + 1),
        wire.seal({"id": "x"}, wire.QUESTION),  # of another version of novaweb
        wire.seal([], wire.QUESTION),
    ],
    ids=["empty", "bytes", "other seal", "long", "other version", "other form"],
)
def test_who_can_write_to_redis_can_ask_nothing(serve: Serve, text: bytes) -> None:
    looks: list[Any] = []

    def look(cloud: str, asked: Any) -> object:
        looks.append(asked)
        return PLACE

    serve({"move": look})
    wire.client().rpush(wire.QUESTIONS, text)
    assert ask() == PLACE  # it was not stopped by that
    assert len(looks) == 1


def test_who_can_write_to_redis_can_answer_nothing(redis_url: str) -> None:
    answers, threads = several(1)
    connection = wire.client()
    until(lambda: connection.llen(wire.QUESTIONS))
    number = number_asked()
    forged = signing.dumps(
        {"id": number, "answer": {}}, key="another", salt=wire.ANSWER
    )
    connection.rpush(wire.answer_key(number), forged)
    threads[0].join(PATIENCE)
    assert "find out who can write to Redis" in str(answers[0])


def test_an_answer_to_another_question_is_not_taken(redis_url: str) -> None:
    answers, threads = several(1)
    connection = wire.client()
    until(lambda: connection.llen(wire.QUESTIONS))
    number = number_asked()
    other = wire.seal({"id": "other", "answer": {}}, wire.ANSWER)
    connection.rpush(wire.answer_key(number), other)
    threads[0].join(PATIENCE)
    assert "do not understand each other" in str(answers[0])
