"""Wakes a worker through Redis.

The job is named by its path, so nothing is imported. A lost message does no harm: the
pacer queues due work about once a second, and does it itself if no worker answers.
"""

from __future__ import annotations

import structlog
from django.db import transaction
from django_rq import get_queue
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)
# More rings than this in the queue would only say the same thing again.
ENOUGH = 4


def ring() -> None:
    """Have a worker check for due work when this transaction commits."""
    transaction.on_commit(_ring, robust=True)


def _ring() -> None:
    ring_now("migrations_app.jobs.walk_due", queue="runs")


def ring_now(job: str, *args: object, queue: str) -> bool:
    """Enqueue the job at once; False when Redis cannot be reached."""
    try:
        waiting = get_queue(queue)
        if waiting.count < ENOUGH:
            waiting.enqueue(job, *args, result_ttl=0, job_timeout=-1)
    except RedisError as error:
        log.warning(
            "workers cannot be woken through Redis", queue=queue, reason=str(error)
        )
        return False
    return True
