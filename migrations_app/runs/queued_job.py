"""A job as this worker takes it out of Redis: a name and its arguments, no more.

Somebody who can write to Redis must not be able to run code here, since a worker holds
the keys to every hypervisor. RQ's own jobs are pickled, and name callbacks and
webhooks, which its workers call.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from rq.exceptions import DeserializationError
from rq.job import Job

_WAYS_OUT = (
    "success_callback_name",
    "failure_callback_name",
    "stopped_callback_name",
    "webhooks",
    "repeats_left",
)


class QueuedJob(Job):
    """A job without callbacks, webhooks and repetitions, written with them or not."""

    def restore(self, raw_data: Any) -> Any:
        """Take the job from Redis, without what would have more done than itself."""
        left_out = {name.encode() for name in _WAYS_OUT} | set(_WAYS_OUT)
        kept = {key: raw_data[key] for key in raw_data if key not in left_out}
        return super().restore(kept)


def why_refused(job: Job, names: Collection[str]) -> str:
    """Return why the job is not carried out; empty if it may be.

    It may be one of those functions, with texts as arguments, as wakeup.ring_now has
    written it.
    """
    try:
        name, instance = job.func_name, job.instance
        arguments, options = list(job.args or ()), job.kwargs
    except (DeserializationError, TypeError):
        return (
            "It cannot be read: an older version of novaweb queued it, or somebody"
            " else. Nothing is lost: due work is queued again."
        )
    if name not in names:
        return f"“{name}” is no job of novaweb's: find out who can write to Redis."
    if instance or options or not all(isinstance(each, str) for each in arguments):
        return f"Its arguments are not as novaweb gives them to {name}."
    return ""
