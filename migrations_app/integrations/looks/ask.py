"""A web process asks the workers, and waits for as long as they are heard."""

from __future__ import annotations

import secrets
import time
from typing import Any, TypeVar

import structlog
from django.conf import settings
from django.core.signing import BadSignature
from redis import Redis
from redis.exceptions import RedisError

from migrations_app.errors import Unreachable
from migrations_app.integrations.looks import wire
from migrations_app.integrations.looks.values import from_json, to_json

log = structlog.get_logger(__name__)
T = TypeVar("T")


class AskedWorkers:
    """``interfaces.Workers`` of one cloud, through Redis."""

    def __init__(self, cloud: str) -> None:
        self._cloud = cloud

    def ask(
        self, name: str, question: object, kind: type[T], *, within: float | None = None
    ) -> T:
        """Return a worker's answer; see ``interfaces.Workers``."""
        number, patience = secrets.token_hex(16), settings.NOVAWEB_LOOK_TIMEOUT
        longest = within or patience + wire.LONGEST
        patience = min(patience, longest)
        asked = {
            "id": number,
            "name": name,
            "cloud": self._cloud,
            "of": to_json(question),
        }
        key = wire.answer_key(number)
        try:
            connection = wire.client()
            asked["until"] = wire.now(connection) + patience
            text = wire.seal(asked, wire.QUESTION)
            _enqueue(connection, text, patience)
            try:
                sealed = _wait(connection, text, key, patience, longest)
            finally:
                connection.delete(key)
        except RedisError as error:
            log.warning("workers cannot be asked through Redis", reason=str(error))
            raise Unreachable(
                "Redis cannot be reached, so no worker (novaweb-worker) could be asked."
            ) from error
        return _read(sealed, number, kind)


def _enqueue(connection: Redis, text: bytes, patience: float) -> None:
    with connection.pipeline(transaction=False) as pipe:
        pipe.rpush(wire.QUESTIONS, text)
        # of those that asked last, too, nobody waits any more
        pipe.expire(wire.QUESTIONS, int(patience) + 1)
        waiting, _ = pipe.execute()
    if waiting > wire.MOST_WAITING:
        connection.lrem(wire.QUESTIONS, -1, text)  # type: ignore[arg-type]
        raise Unreachable(
            f"{wire.MOST_WAITING} questions wait for a worker already: is"
            " novaweb-worker running? Try again in a moment."
        )


def _wait(
    connection: Redis, text: bytes, key: str, patience: float, longest: float
) -> bytes:
    """Return the sealed answer. Raises Unreachable, whose sentence names the worker."""
    began, heard = time.monotonic(), 0.0
    while True:
        # short, so that no socket waits for longer than its own time limit
        got: Any = connection.blpop([key], timeout=wire.BEAT_EVERY)
        now = time.monotonic()
        if got is not None and got[1] != wire.BEAT:
            return bytes(got[1])
        if got is not None:
            heard = now
        if not heard and now - began > patience:
            connection.lrem(wire.QUESTIONS, 1, text)  # type: ignore[arg-type]
            raise Unreachable(
                f"No worker answered in {patience:g} s: is novaweb-worker running?"
            )
        if heard and now - heard > wire.SILENCE:
            raise Unreachable(
                "The worker that looked (novaweb-worker) has ended before it answered:"
                " try again."
            )
        if now - began > longest:
            raise Unreachable(
                f"The worker (novaweb-worker) could not find it out in {longest:g} s:"
                " hosts or Nova's database are slow."
            )


def _read(sealed: bytes, number: str, kind: type[T]) -> T:
    try:
        answer = wire.unseal(sealed, wire.ANSWER)
    except BadSignature as error:
        log.exception("answer of nobody", id=number)
        raise Unreachable(
            "An answer was thrown away that no worker with this secret key gave: have"
            " web and workers the same NOVAWEB_SECRET_KEY? Else find out who can write"
            " to Redis."
        ) from error
    try:
        if answer["id"] != number:
            raise ValueError(number)
        if error_sentence := answer.get("error"):
            raise Unreachable(str(error_sentence))
        return from_json(kind, answer["answer"])
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        log.exception("answer not understood", id=number)
        raise Unreachable(
            "The worker (novaweb-worker) and this web process do not understand each"
            " other: restart both, so that they are of one version."
        ) from error
