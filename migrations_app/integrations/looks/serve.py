"""A worker answers what web processes ask: a few at once, each in a thread.

Not as a job: while a worker walks runs or reads an inventory, no page waits for that.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import structlog
from django.core.signing import BadSignature
from django.db import connections
from redis.exceptions import RedisError

from migrations_app.errors import NovawebError, own_fault
from migrations_app.integrations.looks import wire
from migrations_app.integrations.looks.values import to_json

log = structlog.get_logger(__name__)
AT_ONCE = 8  # looks; more questions wait, also for other workers
Look = Callable[[str, Any], object]  # of a cloud's name and of the question, as JSON


class Looks:
    """What this worker may be asked, by name, and what it is looking at now.

    Who asks for what is being looked at already gets that answer, too: a page that is
    loaded a hundred times has the hosts entered once.
    """

    def __init__(self, table: Mapping[str, Look]) -> None:
        self._table = table
        self._free = threading.Semaphore(AT_ONCE)
        self._lock = threading.Lock()
        self._under_way: dict[str, list[str]] = {}  # question -> numbers
        self._beaten = 0.0

    def serve(self, stop: threading.Event) -> None:
        """Answer until ``stop``, through failures of Redis."""
        while not stop.is_set():
            try:
                self._turn(stop)
            except RedisError as error:
                log.warning("no questions through Redis", reason=str(error))
                stop.wait(wire.BEAT_EVERY)

    def _turn(self, stop: threading.Event) -> None:
        """Say that we are alive; take the next question, if a look is free."""
        self._beat()
        if not self._free.acquire(blocking=False):
            stop.wait(wire.BEAT_EVERY / 4)
            return
        taken = False
        try:
            got: Any = wire.client().blpop([wire.QUESTIONS], timeout=wire.BEAT_EVERY)
            taken = got is not None and self._take(bytes(got[1]))
        finally:
            if not taken:
                self._free.release()

    def _beat(self) -> None:
        now = time.monotonic()
        if now - self._beaten < wire.BEAT_EVERY / 2:
            return
        self._beaten = now
        with self._lock:
            numbers = [each for many in self._under_way.values() for each in many]
        if numbers:
            self._send(dict.fromkeys(numbers, wire.BEAT))

    def _send(self, texts: Mapping[str, bytes]) -> None:
        with wire.client().pipeline(transaction=False) as pipe:
            for number, text in texts.items():
                pipe.rpush(wire.answer_key(number), text)
                pipe.expire(wire.answer_key(number), wire.KEPT)
            pipe.execute()

    def _take(self, text: bytes) -> bool:
        """Begin to look, or join who does; True when a thread has begun."""
        try:
            if len(text) > wire.LARGEST_QUESTION:
                raise BadSignature("too long")
            asked = wire.unseal(text, wire.QUESTION)
            number, until = str(asked["id"]), float(asked["until"])
            question = json.dumps([asked[it] for it in ("name", "cloud", "of")])
        except (BadSignature, KeyError, TypeError, ValueError) as error:
            log.error("question refused: no web process seals so", reason=repr(error))
            return False
        if until < wire.now(wire.client()):
            return False  # nobody waits for it any more
        self._send({number: wire.BEAT})
        with self._lock:
            if question in self._under_way:
                self._under_way[question].append(number)
                return False
            self._under_way[question] = [number]
        threading.Thread(
            target=self._answer, args=(question, asked), name="look", daemon=True
        ).start()
        return True

    def _answer(self, question: str, asked: Mapping[str, Any]) -> None:
        try:
            try:
                answer = self._found(asked)
            finally:
                with self._lock:
                    numbers = self._under_way.pop(question)
            self._send({each: _sealed(each, answer) for each in numbers})
        except RedisError as error:
            # who asked is told that nobody is heard any more
            log.warning("answer not sent", reason=str(error))
        finally:
            self._free.release()
            connections.close_all()

    def _found(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        name = asked["name"]
        look = self._table.get(name)
        if look is None:
            return {
                "error": f"The worker (novaweb-worker) does not know the question"
                f" “{name}”: it is of another version than the web process. Restart it."
            }
        try:
            return {"answer": to_json(look(asked["cloud"], asked["of"]))}
        except NovawebError as error:
            return {"error": error.sentence}
        except Exception as error:
            log.exception("look stumbled", question=name)
            return {"error": own_fault(error)}


def _sealed(number: str, answer: Mapping[str, Any]) -> bytes:
    text = wire.seal({"id": number, **answer}, wire.ANSWER)
    if len(text) <= wire.LARGEST_ANSWER:
        return text
    log.error("answer too large", bytes=len(text))
    why = "What the worker (novaweb-worker) found is too large to be sent."
    return wire.seal({"id": number, "error": why}, wire.ANSWER)
