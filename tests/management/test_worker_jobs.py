"""A worker carries out novaweb's own jobs, and nothing else that is in Redis."""

from __future__ import annotations

import json
import signal
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from rq import Callback, Queue
from rq.job import Job, JobStatus
from rq.registry import FailedJobRegistry, StartedJobRegistry
from rq.serializers import DefaultSerializer as PickleSerializer
from rq.serializers import JSONSerializer
from structlog.testing import capture_logs

from migrations_app import jobs
from migrations_app.management.commands import worker as command_worker
from migrations_app.runs import wakeup

SYNC = "migrations_app.jobs.sync"


@pytest.fixture
def connection(redis_url: str) -> Iterator[redis.Redis]:
    """RQ takes the signals of this process while it works."""
    kept = {s: signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)}
    with redis.Redis.from_url(redis_url) as client:
        yield client
    for number, handler in kept.items():
        signal.signal(number, handler)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The clouds that were read."""
    found: list[str] = []
    monkeypatch.setattr(jobs, "sync", found.append)
    return found


def queue(connection: redis.Redis, serializer: Any = JSONSerializer) -> Queue:
    return Queue("inventory", connection=connection, serializer=serializer)


def work(connection: redis.Redis) -> list[dict[str, Any]]:
    """Have a worker do all that is queued; return what it logged."""
    with capture_logs() as logs:
        made = command_worker.worker_of(["inventory"])
        made.work(burst=True, logging_level="CRITICAL")
    return [dict(each) for each in logs]


def failed(connection: redis.Redis) -> list[str]:
    registry = FailedJobRegistry(queue=queue(connection))
    found = []
    for number in registry.get_job_ids():
        result = Job.fetch(number, connection, JSONSerializer).latest_result()
        assert result is not None
        found.append(str(result.exc_string))
    return found


def test_what_novaweb_rings_for_is_done(
    connection: redis.Redis, read: list[str]
) -> None:
    assert wakeup.ring_now(SYNC, "lab", queue="inventory")
    (number,) = queue(connection).job_ids
    text = Job.fetch(number, connection, JSONSerializer).data
    assert text == b'["migrations_app.jobs.sync", null, ["lab"], {}]'
    assert work(connection) == []
    assert read == ["lab"]


@pytest.mark.parametrize("serializer", [JSONSerializer, PickleSerializer])
def test_a_function_of_somebody_else_is_refused(
    connection: redis.Redis, tmp_path: Path, serializer: Any
) -> None:
    queue(connection, serializer).enqueue("os.mkdir", str(tmp_path / "made"))
    (said,) = work(connection)
    assert said["event"] == "job refused"
    assert failed(connection) == [said["reason"]]
    assert not (tmp_path / "made").exists()


def test_what_an_older_version_queued_is_refused_with_a_sentence_and_rung_for_again(
    connection: redis.Redis, read: list[str]
) -> None:
    queue(connection, PickleSerializer).enqueue(SYNC, "lab")
    (said,) = work(connection)
    assert "an older version of novaweb queued it" in said["reason"]
    assert wakeup.ring_now(SYNC, "lab", queue="inventory")
    work(connection)
    assert read == ["lab"]


@pytest.mark.parametrize("name", [["os.mkdir"], {"os.mkdir": 1}, 7])
def test_whatever_stands_for_its_name_ends_no_worker(
    connection: redis.Redis, read: list[str], name: Any
) -> None:
    job = queue(connection).enqueue(SYNC, "lab")
    data = json.dumps([name, None, ["lab"], {}]).encode()
    connection.hset(job.key, "data", zlib.compress(data))
    (said,) = work(connection)
    assert "is no job of novaweb's" in said["reason"]
    assert read == []


@pytest.mark.parametrize(
    "arguments, options", [((1,), {}), ((["lab"],), {}), ((), {"cloud_name": "lab"})]
)
def test_other_arguments_than_texts_are_refused(
    connection: redis.Redis, read: list[str], arguments: Any, options: Any
) -> None:
    queue(connection).enqueue(SYNC, *arguments, **options)
    (said,) = work(connection)
    assert "are not as novaweb gives them" in said["reason"]
    assert read == []


def test_what_a_job_wants_called_afterwards_is_not_called(
    connection: redis.Redis, read: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[Any] = []
    monkeypatch.setattr(jobs, "called", lambda *given: called.append(given), False)
    after = Callback("migrations_app.jobs.called")
    for name in (SYNC, "os.getcwd"):
        queue(connection).enqueue(
            name, *(["lab"] if name == SYNC else []), on_success=after, on_failure=after
        )
    work(connection)
    assert (read, called) == (["lab"], [])


def test_nor_when_the_worker_cleans_up_after_another(
    connection: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[Any] = []
    monkeypatch.setattr(jobs, "called", lambda *given: called.append(given), False)
    after = Callback("migrations_app.jobs.called")
    job = queue(connection).enqueue(SYNC, "lab", on_failure=after)
    connection.delete(queue(connection).key)
    registry = StartedJobRegistry(queue=queue(connection))
    connection.zadd(registry.key, {f"{job.id}:gone": 1})
    made = command_worker.worker_of(["inventory"])
    made.clean_registries()  # type: ignore[no-untyped-call]
    assert called == []


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["", "queues/0/details/", "queues/0/started/"])
def test_nor_when_somebody_reads_the_pages_of_the_queues(
    connection: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
    admin_client: Any,
    page: str,
) -> None:
    called: list[Any] = []
    monkeypatch.setattr(jobs, "called", lambda *given: called.append(given), False)
    after = Callback("migrations_app.jobs.called")
    for serializer in (JSONSerializer, PickleSerializer):
        runs = Queue("runs", connection=connection, serializer=serializer)
        job = runs.enqueue(SYNC, "lab", on_failure=after)
        job.set_status(JobStatus.STARTED)
        connection.zadd(StartedJobRegistry(queue=runs).key, {f"{job.id}:gone": 1})
    assert admin_client.get(f"/django-rq/{page}").status_code == 200
    assert called == []


def test_nothing_that_is_pickled_is_read_by_whatever_of_rq_reads_it(
    connection: redis.Redis,
) -> None:
    written = queue(connection, PickleSerializer).enqueue(SYNC, meta={"a": {1, 2}})
    read = Job.fetch(written.id, connection)
    assert list(read.meta) == ["unserialized"]


def test_the_jobs_are_those_that_are_rung_for() -> None:
    assert {SYNC, "migrations_app.jobs.walk_due"} < jobs.NAMES
