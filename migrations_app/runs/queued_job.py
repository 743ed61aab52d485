"""A job as novaweb takes it out of Redis: a name and its arguments, no more.

Somebody who can write to Redis must not be able to run code here, since a worker holds
the keys to every hypervisor. RQ's own jobs are pickled, and name callbacks and
webhooks, which are called by its workers and by each process that reads its queues.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from rq import serializers
from rq.exceptions import DeserializationError
from rq.job import Job

_WAYS_OUT = (
    "success_callback_name",
    "failure_callback_name",
    "stopped_callback_name",
    "webhooks",
    "repeats_left",
)
_restore = Job.restore


def read_all_so() -> None:
    """Have whatever of RQ reads a job in this process read it so, and never pickled.

    RQ's registries and django-rq's pages name neither class nor serializer, and clean
    up after workers that are gone: to look at the queues called what a job named (rq
    3.0.0, registry.py, StartedJobRegistry.cleanup; django_rq 4.2, utils.py).
    """
    Job.restore = _restored  # type: ignore[method-assign, assignment]
    serializers.PickleSerializer = serializers.JSONSerializer  # type: ignore[assignment]


def _restored(job: Job, raw_data: Any) -> Any:
    left_out = {name.encode() for name in _WAYS_OUT} | set(_WAYS_OUT)
    return _restore(job, {k: raw_data[k] for k in raw_data if k not in left_out})


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
    if not isinstance(name, str) or name not in names:
        return f"“{name}” is no job of novaweb's: find out who can write to Redis."
    if instance or options or not all(isinstance(each, str) for each in arguments):
        return f"Its arguments are not as novaweb gives them to {name}."
    return ""
