"""Wakes a worker through Redis, and tells what waits there.

The job is named by its path, so nothing is imported. A lost message does no harm: the
pacer queues due work about once a second, and does it itself if no worker answers.
"""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from dataclasses import dataclass
from datetime import datetime

import redis
import rq
import structlog
from django.conf import settings
from django.db import transaction
from django_rq import get_queue
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)
# More rings for the same than this in the queue would only say the same thing again.
ENOUGH = 4
# A queue that long is served by nobody, or filled by somebody else.
LONGEST = 500
# Seconds that Redis has to answer; redis-py 8.1 would give it 5 to connect and 5 for
# each answer (redis/_defaults.py), while a page or the pacer waits.
PATIENCE = 2.0
# Seconds for which a Redis that did not answer in time is asked no more: each ring
# would wait for it again.
REST = 5.0
# Seconds after which a ring that nobody heard, and a job that failed, are forgotten.
# Both are said with each job: django-rq 4.2 reads no FAILURE_TTL (settings.py), and RQ
# 3.0.0 keeps failed jobs for a year by itself (defaults.py).
UNHEARD, FAILED = 3600, 86400

# What redis-py raises over an address that is none, or options that it does not know.
NO_ADDRESS = (ValueError, TypeError)
# What RQ 3.0.0 raises over a job whose fields are none of its own (job.py, restore).
NO_JOB = (ValueError, TypeError, AttributeError, KeyError, AssertionError)

_rests_until = 0.0


def ring() -> None:
    """Have a worker check for due work when this transaction commits."""
    transaction.on_commit(_ring, robust=True)


def _ring() -> None:
    ring_now("migrations_app.jobs.walk_due", queue="runs")


def ring_now(job: str, *args: str, queue: str) -> bool:
    """Enqueue the job at once; False when Redis cannot be reached."""
    global _rests_until
    if time.monotonic() < _rests_until:
        return False
    try:
        with _redis() as connection:
            _enqueue(connection, job, args, queue)
    except redis.exceptions.TimeoutError as error:
        _rests_until = time.monotonic() + REST
        return _unreached(queue, error)
    except (RedisError, *NO_ADDRESS) as error:
        return _unreached(queue, error)
    return True


@dataclass(frozen=True, slots=True)
class Queue:
    """How many jobs wait in a queue, and since how many seconds the oldest does.

    That is None where somebody put a job there that RQ cannot read.
    """

    jobs: int
    oldest: float | None


def queues(now: datetime) -> dict[str, Queue] | None:
    """Return what waits in each queue; None when Redis cannot be reached."""
    try:
        with _redis() as connection:
            return {
                name: _waiting(get_queue(name, connection=connection), now)
                for name in settings.RQ_QUEUES
            }
    except (RedisError, *NO_ADDRESS):
        return None


def _waiting(queue: rq.Queue, now: datetime) -> Queue:
    first = queue.get_job_ids(0, 1)
    try:
        job = queue.fetch_job(first[0]) if first else None
    except NO_JOB:
        return Queue(queue.count, None)
    since = job.enqueued_at if job else None
    age = (now - since).total_seconds() if since else 0.0
    return Queue(queue.count, max(0.0, age))


def _redis() -> redis.Redis:
    return redis.Redis.from_url(
        settings.NOVAWEB_REDIS_URL,
        socket_timeout=PATIENCE,
        socket_connect_timeout=PATIENCE,
    )


def _enqueue(
    connection: redis.Redis, job: str, args: tuple[str, ...], queue: str
) -> None:
    """Put it into the queue, unless it is in there often enough already.

    Its id begins with what is rung for, so that the rings of one do not keep those of
    another out: ten clouds that are due at once are ten jobs.
    """
    waiting = get_queue(queue, connection=connection)
    called = json.dumps([job, *args]).encode()
    kind = hashlib.sha256(called).hexdigest()[:16]
    there = waiting.get_job_ids(0, LONGEST)
    same = sum(number.startswith(f"{kind}-") for number in there)
    if same < ENOUGH and len(there) < LONGEST:
        waiting.enqueue(
            job,
            *args,
            job_id=f"{kind}-{uuid.uuid4().hex}",
            result_ttl=0,
            ttl=UNHEARD,
            failure_ttl=FAILED,
            job_timeout=-1,
        )


def _unreached(queue: str, error: Exception) -> bool:
    log.warning("workers cannot be woken through Redis", queue=queue, reason=str(error))
    return False
