"""How a question and its answer go through Redis: keys, seals, limits."""

from __future__ import annotations

from functools import cache
from typing import Any

import redis
from django.conf import settings
from django.core import signing
from redis.backoff import NoBackoff
from redis.retry import Retry

QUESTIONS = "novaweb:looks"  # a list: the oldest question is taken first
QUESTION, ANSWER = "novaweb.look.question", "novaweb.look.answer"
BEAT = b"."  # in the place of an answer: a worker is at it
BEAT_EVERY = 1.0  # seconds
# A worker that was not heard for so long has died.
SILENCE = 10.0  # seconds
# More is not waited for, however long hosts take: a survey's commands have 20 s each,
# two after one another. A reverse proxy waits for longer (deploy/nginx.conf).
LONGEST = 90.0  # seconds
KEPT = 30  # seconds that an answer is there for whoever asked
MOST_WAITING = 100  # questions
LARGEST_QUESTION = 8 * 1024  # bytes, sealed
LARGEST_ANSWER = 4 * 1024 * 1024  # bytes, sealed


def answer_key(number: str) -> str:
    """Return under which key the answer to that question is expected."""
    return f"novaweb:look:{number}"


def client() -> redis.Redis:
    """Return this process's client; no call of it lasts longer than some seconds."""
    return _client(settings.NOVAWEB_REDIS_URL)


@cache
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(
        url,
        socket_timeout=BEAT_EVERY + 9,
        socket_connect_timeout=5,
        # once more: a connection that was kept may have been cut meanwhile
        retry=Retry(NoBackoff(), 1),
    )


def now(connection: redis.Redis) -> float:
    """Return the time by Redis's clock, which web and workers share, in seconds.

    Their own may differ by more than a question waits.
    """
    seconds, micros = connection.time()
    return seconds + micros / 1_000_000


def seal(value: Any, salt: str) -> bytes:
    """Return the value, signed: nobody without the secret key can write one."""
    return signing.dumps(value, salt=salt, compress=True).encode("ascii")


def unseal(text: bytes, salt: str) -> Any:
    """Return what was sealed so. Raises signing.BadSignature."""
    return signing.loads(text.decode("ascii", "replace"), salt=salt)
